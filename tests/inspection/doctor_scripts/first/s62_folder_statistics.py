"""Leaves in folders (leaves/train/<species>/*.jpg, leaves/test/<species>/*.jpg)."""
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

torch.manual_seed(3)
root = Path("leaves")


def channel_statistics(folder):
    raw = ImageFolder(
        folder, transforms.Compose([transforms.Resize((32, 32)), transforms.ToTensor()])
    )
    pixels = torch.stack([x for x, _ in raw])  # N x 3 x 32 x 32
    return pixels.mean(dim=(0, 2, 3)), pixels.std(dim=(0, 2, 3))


mean, std = channel_statistics(root / "train")
print("mean", mean.tolist(), "std", std.tolist())

train_tf = transforms.Compose([
    transforms.Resize((32, 32)),
    transforms.RandomHorizontalFlip(),
    transforms.RandomVerticalFlip(),
    transforms.ToTensor(),
    transforms.Normalize(mean.tolist(), std.tolist()),
])
test_tf = transforms.Compose([
    transforms.Resize((32, 32)),
    transforms.ToTensor(),
    transforms.Normalize(mean.tolist(), std.tolist()),
])
train_set = ImageFolder(root / "train", train_tf)
test_set = ImageFolder(root / "test", test_tf)
assert train_set.class_to_idx == test_set.class_to_idx

train_loader = DataLoader(train_set, batch_size=32, shuffle=True, num_workers=2)
test_loader = DataLoader(test_set, batch_size=128, num_workers=2)

model = nn.Sequential(
    nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(64, 128, 3, padding=1), nn.BatchNorm2d(128), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, len(train_set.classes)),
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(25):
    model.train()
    total = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    print(f"epoch {epoch + 1}: {total / len(train_set):.4f}")

model.eval()
with torch.no_grad():
    correct = sum((model(x).argmax(1) == y).sum().item() for x, y in test_loader)
print(f"{correct} of {len(test_set)} test leaves right")
