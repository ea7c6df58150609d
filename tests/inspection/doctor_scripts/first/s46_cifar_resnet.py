import torch
import torchvision
import torchvision.transforms as transforms
from torch import nn, optim
from torchvision.models import resnet18

torch.manual_seed(42)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

transform = transforms.Compose([
    transforms.RandomCrop(32, padding=4),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
])

trainset = torchvision.datasets.CIFAR10(root="./data", train=True, download=True,
                                        transform=transform)
testset = torchvision.datasets.CIFAR10(root="./data", train=False, download=True,
                                       transform=transform)
trainloader = torch.utils.data.DataLoader(trainset, batch_size=128, shuffle=True, num_workers=2)
testloader = torch.utils.data.DataLoader(testset, batch_size=128, shuffle=False, num_workers=2)

net = resnet18(weights=None, num_classes=10).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
scheduler = optim.lr_scheduler.MultiStepLR(optimizer, milestones=[15, 25], gamma=0.1)


def train_epoch():
    net.train()
    loss_sum, n = 0.0, 0
    for inputs, targets in trainloader:
        inputs, targets = inputs.to(device), targets.to(device)
        optimizer.zero_grad()
        loss = criterion(net(inputs), targets)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * targets.size(0)
        n += targets.size(0)
    return loss_sum / n


for epoch in range(30):
    print(f"epoch {epoch:2d}  loss {train_epoch():.4f}")
    scheduler.step()

net.eval()
correct = 0
with torch.no_grad():
    for inputs, targets in testloader:
        predicted = net(inputs.to(device)).argmax(dim=1).cpu()
        correct += (predicted == targets).sum().item()
print(f"test accuracy: {correct / len(testset):.2%}")
torch.save(net.state_dict(), "resnet18.pth")
