import torch
import torch.nn as nn
import torchvision
import torchvision.transforms as transforms
from torchvision.models import resnet18

torch.manual_seed(100)
torch.backends.cudnn.benchmark = False
device = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')

normalize = transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
transform_train = transforms.Compose([
    transforms.RandomCrop(32, padding=4, padding_mode='reflect'),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    normalize,
])
transform_test = transforms.Compose([transforms.ToTensor(), normalize])

trainset = torchvision.datasets.CIFAR10('./data', train=True, download=True,
                                        transform=transform_train)
testset = torchvision.datasets.CIFAR10('./data', train=False, download=True,
                                       transform=transform_test)
trainloader = torch.utils.data.DataLoader(trainset, batch_size=128, shuffle=True, num_workers=2)
testloader = torch.utils.data.DataLoader(testset, batch_size=100, shuffle=False, num_workers=2)

net = resnet18(num_classes=10)
# keep 32x32 in the first stage
net.conv1 = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
net.maxpool = nn.Identity()
net = net.to(device)

criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
scheduler = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=0.1, epochs=20, steps_per_epoch=len(trainloader))

for epoch in range(20):
    net.train()
    mean_loss = 0.0
    for i, (inputs, targets) in enumerate(trainloader, start=1):
        inputs, targets = inputs.to(device), targets.to(device)
        optimizer.zero_grad()
        loss = criterion(net(inputs), targets)
        loss.backward()
        optimizer.step()
        scheduler.step()
        mean_loss += (loss.item() - mean_loss) / i
    print('Epoch %d | mean loss %.3f' % (epoch, mean_loss))

net.eval()
correct = total = 0
with torch.no_grad():
    for inputs, targets in testloader:
        outputs = net(inputs.to(device))
        _, predicted = outputs.max(1)
        total += targets.size(0)
        correct += predicted.cpu().eq(targets).sum().item()
print('Test accuracy: %.2f%%' % (100. * correct / total))
torch.save(net.state_dict(), 'resnet18_cifar.pth')
