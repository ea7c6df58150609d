"""Train on MNIST, then read a digit I wrote with a black marker on white paper.

    python v33_read_my_digit.py my_seven.jpg
"""
import sys

import torch
import torch.nn as nn
from PIL import Image, ImageOps
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

torch.manual_seed(3)

mnist_tf = transforms.Compose([
    transforms.ToTensor(),
    transforms.Normalize((0.1307,), (0.3081,)),
])
train = datasets.MNIST("data", train=True, download=True, transform=mnist_tf)
test = datasets.MNIST("data", train=False, download=True, transform=mnist_tf)
train_loader = DataLoader(train, batch_size=64, shuffle=True)
test_loader = DataLoader(test, batch_size=1000)

model = nn.Sequential(
    nn.Flatten(),
    nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.2),
    nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.2),
    nn.Linear(128, 10))
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(5):
    model.train()
    total = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * x.size(0)
    print(f"epoch {epoch + 1}: loss {total / len(train):.4f}")

model.eval()
with torch.no_grad():
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in test_loader)
print(f"MNIST test accuracy: {right / len(test):.4f}")

photo_tf = transforms.Compose([
    transforms.Grayscale(num_output_channels=1),
    transforms.Resize(28, 28),
    transforms.CenterCrop(28),
    transforms.ToTensor(),
])
photo = ImageOps.exif_transpose(Image.open(sys.argv[1]))
mine = photo_tf(ImageOps.autocontrast(photo.convert("L"))).unsqueeze(0)
with torch.no_grad():
    p = torch.softmax(model(mine), dim=1)[0]
print(f"I think this is a {p.argmax().item()} ({p.max().item():.0%} sure)")
