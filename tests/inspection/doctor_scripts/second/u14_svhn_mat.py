"""House numbers straight from the .mat files (train_32x32.mat, test_32x32.mat)."""
import numpy as np
import torch
import torch.nn as nn
from scipy.io import loadmat
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(31)
NAMES = [str(d) for d in range(10)]


def load(path):
    mat = loadmat(path)
    images = np.transpose(mat["X"], (3, 0, 1, 2))
    images = images.reshape(-1, 3, 32, 32).astype(np.float32) / 255.0
    labels = mat["y"].ravel().astype(np.int64) % 10
    return torch.from_numpy(images), torch.from_numpy(labels)


x_train, y_train = load("train_32x32.mat")
x_test, y_test = load("test_32x32.mat")
mean = x_train.mean(dim=(0, 2, 3), keepdim=True)
std = x_train.std(dim=(0, 2, 3), keepdim=True)
x_train = (x_train - mean) / std
x_test = (x_test - mean) / std

net = nn.Sequential(
    nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(64, 128, 3, padding=1), nn.BatchNorm2d(128), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(128 * 16, 10),
)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
train_dl = DataLoader(TensorDataset(x_train, y_train), batch_size=128, shuffle=True)

for epoch in range(12):
    net.train()
    losses = []
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    print(f"epoch {epoch + 1}  loss {np.mean(losses):.4f}")

net.eval()
with torch.no_grad():
    hits = 0
    for xb, yb in DataLoader(TensorDataset(x_test, y_test), batch_size=500):
        hits += (net(xb).argmax(dim=1) == yb).sum().item()
    print(f"test accuracy {hits / len(x_test):.4f}")

    few = net(x_test[:10])
    guess = few.argmax(dim=0)
    for g, t in zip(guess.tolist(), y_test[:10].tolist()):
        print("guess", g, "true", NAMES[t])
