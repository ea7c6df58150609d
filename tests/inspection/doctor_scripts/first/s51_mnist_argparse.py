import argparse

import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


class ConvNet(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.stack = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
        )
        self.head = nn.Linear(2 * width * 16, 10)

    def forward(self, x):
        return self.head(self.stack(x).flatten(1))


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def evaluate(model, loader):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in loader:
            right += model(x).argmax(1).eq(y).sum().item()
    return right / len(loader.dataset)


def main(args):
    torch.manual_seed(args.seed)
    norm = transforms.Normalize((0.1307,), (0.3081,))
    train_tf = transforms.Compose([
        transforms.RandomRotation(10),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        norm,
    ])
    test_tf = transforms.Compose([transforms.ToTensor(), norm])
    train_set = datasets.MNIST(args.data_dir, train=True, download=True, transform=train_tf)
    test_set = datasets.MNIST(args.data_dir, train=False, transform=test_tf)
    train_loader = DataLoader(train_set, batch_size=args.batch_size, num_workers=2)
    test_loader = DataLoader(test_set, batch_size=500, num_workers=2)

    model = ConvNet(args.width)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(args.epochs):
        model.train()
        total = 0.0
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        print(f"epoch {epoch}: {total / len(train_set):.4f}")

    print(f"test accuracy {evaluate(model, test_loader):.4f}")


if __name__ == "__main__":
    main(parse())
