import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import KFold
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms
from torchvision.models import resnet18

torch.manual_seed(0)
np.random.seed(0)
device = "cuda" if torch.cuda.is_available() else "cpu"


def build_model():
    net = resnet18(num_classes=10)
    # grey pictures have one channel
    net.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    return net.to(device)


def train_epoch(model, loader, optimizer, criterion):
    model.train()
    total = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * labels.size(0)
    return total / len(loader.dataset)


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    correct = 0
    for images, labels in loader:
        correct += (model(images.to(device)).argmax(1).cpu() == labels).sum().item()
    return correct / len(loader.dataset)


tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.2860,), (0.3530,))])
dataset = datasets.FashionMNIST("data", train=True, download=True, transform=tf)

model = build_model()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

scores = []
kfold = KFold(n_splits=5, shuffle=True, random_state=0)
for fold, (train_idx, val_idx) in enumerate(kfold.split(np.arange(len(dataset)))):
    model = build_model()  # start again in each fold
    train_loader = DataLoader(Subset(dataset, train_idx), batch_size=128, shuffle=True)
    val_loader = DataLoader(Subset(dataset, val_idx), batch_size=512)
    for epoch in range(4):
        loss = train_epoch(model, train_loader, optimizer, criterion)
        print(f"fold {fold} epoch {epoch}: loss {loss:.4f}")
    scores.append(accuracy(model, val_loader))
    print(f"fold {fold}: accuracy {scores[-1]:.4f}")

print("mean accuracy", np.mean(scores))
