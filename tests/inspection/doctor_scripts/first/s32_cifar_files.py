"""CIFAR-10 straight from the original python batches."""
import pickle
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

FOLDER = Path("cifar-10-batches-py")


def read_batch(name):
    with open(FOLDER / name, "rb") as f:
        entry = pickle.load(f, encoding="bytes")
    # each row: 1024 red, 1024 green, 1024 blue values
    images = entry[b"data"].reshape(-1, 3, 32, 32)
    return images, np.array(entry[b"labels"])


parts = [read_batch(f"data_batch_{i}") for i in range(1, 6)]
images = np.concatenate([p[0] for p in parts])
labels = np.concatenate([p[1] for p in parts])
test_images, test_labels = read_batch("test_batch")

# batch 5 is kept for validation
x_train, y_train = images[:40000], labels[:40000]
x_val, y_val = images[40000:], labels[40000:]

mean = x_train.mean(axis=(0, 2, 3), keepdims=True)
std = x_train.std(axis=(0, 2, 3), keepdims=True)


def dataset(x, y):
    x = ((x - mean) / std).astype(np.float32)
    return TensorDataset(torch.from_numpy(x), torch.from_numpy(y))


torch.manual_seed(8)
train_loader = DataLoader(dataset(x_train, y_train), batch_size=64, shuffle=True)
val_loader = DataLoader(dataset(x_val, y_val), batch_size=500)
test_loader = DataLoader(dataset(test_images, test_labels), batch_size=500)

net = nn.Sequential(
    nn.Conv2d(3, 48, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(48, 96, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(96, 192, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Dropout(0.5), nn.Linear(192 * 16, 10),
)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()


def score(loader):
    net.eval()
    with torch.no_grad():
        return sum((net(x).argmax(1) == y).sum().item() for x, y in loader) / len(loader.dataset)


for epoch in range(10):
    net.train()
    for x, y in train_loader:
        opt.zero_grad()
        loss_fn(net(x), y).backward()
        opt.step()
    print(epoch, "validation accuracy", score(val_loader))

print("test accuracy", score(test_loader))
