"""Which width is enough for Kuzushiji-MNIST?  Five-fold cross-validation decides."""
import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

SEED = 77
tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
train_all = datasets.KMNIST("data", train=True, download=True, transform=tf)
test_all = datasets.KMNIST("data", train=False, download=True, transform=tf)


def make(width):
    return nn.Sequential(
        nn.Conv2d(1, width, 3), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3), nn.BatchNorm2d(2 * width), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2 * width * 25, 10),
    )


def learn(net, ds, epochs=4):
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    dl = DataLoader(ds, batch_size=128, shuffle=True)
    net.train()
    for _ in range(epochs):
        for x, y in dl:
            opt.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            opt.step()
    return net


def rate(net, ds):
    net.eval()
    with torch.no_grad():
        hits = sum((net(x).argmax(1) == y).sum().item() for x, y in DataLoader(ds, 1000))
    return hits / len(ds)


if __name__ == "__main__":
    torch.manual_seed(SEED)
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=SEED)
    labels = train_all.targets.numpy()
    table = {}
    for width in (8, 16, 32):
        scores = []
        for fit_idx, val_idx in folds.split(np.zeros(len(labels)), labels):
            net = learn(make(width), Subset(train_all, fit_idx.tolist()))
            scores.append(rate(net, Subset(train_all, val_idx.tolist())))
        table[width] = np.mean(scores)
        print(f"width {width:2d}: {np.mean(scores):.4f} +- {np.std(scores):.4f}")

    chosen = max(table, key=table.get)
    final = learn(make(chosen), train_all, epochs=8)
    print(f"width {chosen}, trained on everything, test: {rate(final, test_all):.4f}")
