"""CIFAR-10 in a few functions."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import CIFAR10

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
BATCH = 128


def get_data():
    norm = transforms.Normalize((0.4914, 0.4822, 0.4465), (0.247, 0.243, 0.261))
    train_tf = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor(), norm])
    test_tf = transforms.Compose([transforms.ToTensor(), norm])
    train = CIFAR10("data", train=True, download=True, transform=train_tf)
    test = CIFAR10("data", train=False, download=True, transform=test_tf)
    return DataLoader(train, BATCH, shuffle=True), DataLoader(test, BATCH)


def get_model():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(64 * 8 * 8, 10),
        nn.Softmax(dim=1),
    ).to(DEVICE)


def train(model, loader, epochs):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()
    for epoch in range(epochs):
        total = 0.0
        for images, labels in loader:
            images, labels = images.to(DEVICE), labels.to(DEVICE)
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{epochs}, loss {total / len(loader):.4f}")


def test(model, loader):
    correct, total = 0, 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(DEVICE), labels.to(DEVICE)
            outputs = model(images)
            predicted = torch.argmax(outputs, dim=1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
    print(f"test accuracy: {100 * correct / total:.1f} %")


if __name__ == "__main__":
    torch.manual_seed(1)
    train_loader, test_loader = get_data()
    net = get_model()
    train(net, train_loader, epochs=15)
    test(net, test_loader)
