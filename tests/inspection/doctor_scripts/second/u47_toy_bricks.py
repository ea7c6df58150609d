"""Sort toy bricks.   u47_toy_bricks.py fit bricks/   or   u47_toy_bricks.py look brick.png"""
import argparse

import torch
from PIL import Image
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

COLOUR = transforms.Normalize([0.62, 0.60, 0.58], [0.21, 0.22, 0.24])
FIT = transforms.Compose([
    transforms.Resize((32, 32)), transforms.RandomHorizontalFlip(), transforms.ToTensor(), COLOUR,
])
LOOK = transforms.Compose([transforms.Resize(32, 32), transforms.ToTensor()])


class BrickNet(nn.Module):
    def __init__(self, kinds):
        super().__init__()
        self.kinds = kinds
        self.layers = nn.Sequential(
            nn.Conv2d(3, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(24, 48, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4),
            nn.Flatten(), nn.Dropout(0.25), nn.Linear(48 * 16, len(kinds)),
        )

    def forward(self, x):
        return self.layers(x)


def fit(folder, epochs, seed):
    torch.manual_seed(seed)
    data = datasets.ImageFolder(folder, FIT)
    loader = DataLoader(data, 32, shuffle=True)
    net = BrickNet(data.classes)
    optimiser = optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(epochs):
        net.train()
        summed = 0.0
        for x, y in loader:
            loss = nn.functional.cross_entropy(net(x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            summed += loss.item()
        print(f"{epoch + 1}/{epochs}  {summed / len(loader):.4f}")
    torch.save({"kinds": data.classes, "state": net.state_dict()}, "bricks.pt")


def look(file):
    saved = torch.load("bricks.pt", map_location="cpu", weights_only=False)
    net = BrickNet(saved["kinds"])
    net.load_state_dict(saved["state"])
    net.eval()
    with torch.no_grad():
        p = net(LOOK(Image.open(file).convert("RGB")).unsqueeze(0)).softmax(dim=1).squeeze(0)
    for score, i in zip(*p.topk(min(3, len(p)))):
        print(f"{net.kinds[int(i)]}: {score:.1%}")


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("what", choices=["fit", "look"])
    ap.add_argument("path")
    ap.add_argument("--epochs", type=int, default=25)
    ap.add_argument("--seed", type=int, default=5)
    a = ap.parse_args()
    if a.what == "fit":
        fit(a.path, a.epochs, a.seed)
    else:
        look(a.path)
