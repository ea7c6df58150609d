import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


def get_args():
    p = argparse.ArgumentParser(description="CIFAR-100 with large effective batches")
    p.add_argument("--data", default="./data")
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--micro-batch", type=int, default=32)
    p.add_argument("--accumulate", type=int, default=8)
    p.add_argument("--lr", type=float, default=0.1)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(c, c, 3, padding=1, bias=False), nn.GroupNorm(8, c), nn.ReLU(),
            nn.Conv2d(c, c, 3, padding=1, bias=False), nn.GroupNorm(8, c),
        )

    def forward(self, x):
        return torch.relu(x + self.body(x))


def make_net():
    return nn.Sequential(
        nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), Residual(64), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), Residual(128), nn.MaxPool2d(2),
        Residual(128), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 100),
    )


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    normal = transforms.Normalize((0.5071, 0.4866, 0.4409), (0.2673, 0.2564, 0.2762))
    train_tf = transforms.Compose([
        transforms.RandomHorizontalFlip(), transforms.RandomCrop(32, 4),
        transforms.ToTensor(), normal,
    ])
    test_tf = transforms.Compose([transforms.ToTensor(), normal])
    train = datasets.CIFAR100(args.data, train=True, download=True, transform=train_tf)
    test = datasets.CIFAR100(args.data, train=False, download=True, transform=test_tf)
    loader = DataLoader(train, args.micro_batch, shuffle=True, drop_last=True)

    net = make_net()
    optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
    criterion = nn.CrossEntropyLoss()

    for epoch in range(args.epochs):
        net.train()
        optimizer.zero_grad()
        running = 0.0
        for step, (x, y) in enumerate(loader, 1):
            loss = criterion(net(x), y)
            (loss / args.accumulate).backward()
            running += loss.item()
            if step % args.accumulate == 0:
                optimizer.step()
                optimizer.zero_grad()
        print(f"epoch {epoch}: loss {running / len(loader):.3f}")

    net.eval()
    with torch.no_grad():
        right = sum((net(x).argmax(1) == y).sum().item() for x, y in DataLoader(test, 256))
    print(f"test accuracy {right / len(test):.4f}")


if __name__ == "__main__":
    main()
