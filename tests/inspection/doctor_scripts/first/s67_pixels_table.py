"""MNIST as plain tensors, and a prediction for a scanned digit (dark on white)."""
import numpy as np
import torch
import torch.nn as nn
from PIL import Image, ImageOps
from torch.utils.data import DataLoader, Subset, TensorDataset
from torchvision.datasets import MNIST

torch.manual_seed(55)

mnist = MNIST("data", train=True, download=True)
images = mnist.data.unsqueeze(1).float() / 255.0
full = TensorDataset(images, mnist.targets)

indices = torch.randperm(len(full)).tolist()
val_part = Subset(full, indices[:6000])
train_loader = DataLoader(full, batch_size=128, shuffle=True)
val_loader = DataLoader(val_part, batch_size=500)

model = nn.Sequential(
    nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(32 * 7 * 7, 10),
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()


def validate():
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in val_loader:
            right += (model(x).argmax(dim=1) == y).sum().item()
    return right / len(val_part)


for epoch in range(6):
    model.train()
    mean_loss = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        mean_loss += loss.item() * len(x) / len(full)
    print(f"epoch {epoch}: loss {mean_loss:.4f}, validation accuracy {validate():.4f}")


def read_digit(path):
    picture = ImageOps.invert(Image.open(path).convert("L")).resize((28, 28))
    x = torch.from_numpy(np.array(picture)).float()
    model.eval()
    with torch.no_grad():
        return model(x.view(1, 1, 28, 28)).argmax(dim=1).item()


print("the scan shows a", read_digit("scan.png"))
