"""MNIST in about fifty lines."""
import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms

torch.manual_seed(7)
tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
full = datasets.MNIST("data", train=True, download=True, transform=tf)
train_set, val_set = random_split(full, [55000, 5000])
test_set = datasets.MNIST("data", train=False, download=True, transform=tf)
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
val_loader = DataLoader(val_set, batch_size=500)
test_loader = DataLoader(test_set, batch_size=500)

net = nn.Sequential(
    nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Dropout(0.3),
    nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10),
    nn.LogSoftmax(dim=1),
)
criterion = nn.NLLLoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)


@torch.no_grad()
def accuracy(loader):
    net.eval()
    right = sum((net(x).argmax(1) == y).sum().item() for x, y in loader)
    return right / len(loader.dataset)


best, best_state = 0.0, None
for epoch in range(8):
    net.train()
    total = 0.0
    for x, y in train_loader:
        opt.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        opt.step()
        total += loss.item() * len(y)
    val = accuracy(val_loader)
    print(f"epoch {epoch}: loss {total / len(train_set):.4f}, validation {val:.4f}")
    if val > best:
        best, best_state = val, copy.deepcopy(net.state_dict())

net.load_state_dict(best_state)
print(f"test accuracy {accuracy(test_loader):.4f}")
torch.save(best_state, "mnist.pt")
