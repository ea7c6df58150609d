"""Fruit recogniser.   python u25_fruit_app.py train   |   python u25_fruit_app.py ask pear.jpg"""
import json
import sys

import cv2
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

SIDE = 64


def network(n):
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1), nn.BatchNorm2d(128), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.4), nn.Linear(128 * 8 * 8, n),
    )


def train():
    torch.manual_seed(1)
    data = ImageFolder("fruit/train", transforms.Compose([
        transforms.Resize((SIDE, SIDE)),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize([0.68, 0.58, 0.50], [0.30, 0.36, 0.39]),
    ]))
    loader = DataLoader(data, batch_size=64, shuffle=True, num_workers=4)
    net = network(len(data.classes))
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(12):
        net.train()
        total = 0.0
        for images, labels in loader:
            optimiser.zero_grad()
            loss = criterion(net(images), labels)
            loss.backward()
            optimiser.step()
            total += loss.item() * len(labels)
        print(f"epoch {epoch + 1}: {total / len(data):.4f}")
    torch.save(net.state_dict(), "fruit.pt")
    with open("fruit.json", "w") as f:
        json.dump(data.classes, f)


def ask(path):
    with open("fruit.json") as f:
        names = json.load(f)
    net = network(len(names))
    net.load_state_dict(torch.load("fruit.pt", weights_only=True))
    net.eval()
    picture = cv2.imread(path)
    picture = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    x = torch.from_numpy(picture).permute(2, 0, 1).float().div(255).unsqueeze(0)
    with torch.no_grad():
        p = net(x).softmax(1)[0]
    i = int(p.argmax())
    print(f"{names[i]} ({p[i]:.0%})")


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train()
    else:
        ask(sys.argv[2])
