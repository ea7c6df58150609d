# CS-231 homework 2: convolutional network on FashionMNIST
# Student: M. Petrov
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision
import torchvision.transforms as T

BATCH = 100
EPOCHS = 5
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

transform = T.Compose([T.ToTensor(), T.Normalize((0.2860,), (0.3530,))])
trainset = torchvision.datasets.FashionMNIST("./data", train=True, download=True,
                                             transform=transform)
testset = torchvision.datasets.FashionMNIST("./data", train=False, download=True,
                                            transform=transform)
trainloader = torch.utils.data.DataLoader(trainset, batch_size=BATCH, shuffle=True)
testloader = torch.utils.data.DataLoader(testset, batch_size=BATCH, shuffle=False)


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, padding=2)
        self.conv2 = nn.Conv2d(16, 32, 5, padding=2)
        self.drop = nn.Dropout(0.25)
        self.fc = nn.Linear(32 * 7 * 7, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(self.drop(x.flatten(1)))


model = ConvNet().to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

# Part (a): training
model.train()
for epoch in range(EPOCHS):
    running = 0.0
    for images, labels in trainloader:
        images, labels = images.to(device), labels.to(device)
        outputs = model(images)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print("Epoch %d, average loss %.4f" % (epoch + 1, running / len(trainloader)))

# Part (b): evaluation
model.eval()
correct = 0
total = 0
with torch.no_grad():
    for images, labels in testloader:
        images, labels = images.to(device), labels.to(device)
        _, predicted = torch.max(model(images), 1)
        total += labels.size(0)
        correct += (predicted == labels).sum().item()
print("Accuracy on the 10000 test images: %.2f %%" % (100 * correct / total))
