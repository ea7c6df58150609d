"""Train a digit reader, then ask it about your own picture (pen on white paper)."""
import sys

import torch
import torch.nn as nn
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

MODEL_FILE = "reader.pth"

train_transform = transforms.Compose([
    transforms.RandomAffine(degrees=8, translate=(0.08, 0.08)),
    transforms.ToTensor(),
    transforms.Normalize((0.1307,), (0.3081,)),
])


def make_model():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.4), nn.Linear(64 * 7 * 7, 10),
    )


def train():
    torch.manual_seed(12)
    data = datasets.MNIST("data", train=True, download=True, transform=train_transform)
    loader = DataLoader(data, batch_size=64, shuffle=True)
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for epoch in range(5):
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: {total / len(loader):.4f}")
    torch.save(model.state_dict(), MODEL_FILE)


def ask(filename):
    model = make_model()
    model.load_state_dict(torch.load(MODEL_FILE, weights_only=True))
    model.eval()
    to_tensor = transforms.Compose([
        transforms.Grayscale(),
        transforms.Resize((28, 28)),
        transforms.ToTensor(),
    ])
    x = to_tensor(Image.open(filename)).unsqueeze(0)
    with torch.no_grad():
        print("this is a", model(x).argmax(dim=1).item())


if __name__ == "__main__":
    if sys.argv[1:] == ["train"]:
        train()
    else:
        ask(sys.argv[1])
