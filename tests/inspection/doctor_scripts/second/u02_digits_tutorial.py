import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torchvision import datasets, transforms

torch.manual_seed(0)

transform = transforms.Compose([
    transforms.ToTensor(),
    transforms.Normalize((0.1307,), (0.3081,)),
])
trainset = datasets.MNIST("./data", train=True, download=True, transform=transform)
testset = datasets.MNIST("./data", train=False, download=True, transform=transform)
trainloader = torch.utils.data.DataLoader(trainset, batch_size=64, shuffle=True)
testloader = torch.utils.data.DataLoader(testset, batch_size=1000, shuffle=False)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5)
        self.conv2 = nn.Conv2d(16, 32, 5)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(32 * 4 * 4, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(self.drop(x.flatten(1)))


net = Net()
opt = optim.SGD(net.parameters(), lr=0.01, momentum=0.9)


def evaluate():
    net.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in testloader:
            correct += (net(images).argmax(dim=1) == labels).sum().item()
    return correct / len(testset)


best_acc = 0
for epoch in range(15):
    net.train()
    running_loss = 0.0
    for images, labels in trainloader:
        opt.zero_grad()
        loss = F.cross_entropy(net(images), labels)
        loss.backward()
        opt.step()
        running_loss += loss.item()
    print("Epoch", epoch, "training loss", running_loss / len(trainset))

    acc = evaluate()
    if acc > best_acc:
        best_acc = acc
        torch.save(net.state_dict(), "best.pth")

print("Final accuracy: %.2f%%" % (100 * best_acc))
