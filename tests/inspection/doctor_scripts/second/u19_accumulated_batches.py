"""CIFAR-100 with a large effective batch on a small card."""
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms as T


@dataclass
class Settings:
    micro_batch: int = 50
    accumulate: int = 10
    epochs: int = 40
    lr: float = 1e-3
    seed: int = 8


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.path = nn.Sequential(
            nn.GroupNorm(8, c), nn.SiLU(), nn.Conv2d(c, c, 3, padding=1),
            nn.GroupNorm(8, c), nn.SiLU(), nn.Conv2d(c, c, 3, padding=1),
        )

    def forward(self, x):
        return x + self.path(x)


def build():
    layers = [nn.Conv2d(3, 64, 3, padding=1)]
    for c in (64, 128, 256):
        layers += [Residual(c), Residual(c)]
        if c < 256:
            layers += [nn.Conv2d(c, 2 * c, 2, stride=2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2),
                         nn.Linear(256, 100))


def main(s: Settings):
    torch.manual_seed(s.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    norm = [T.ToTensor(), T.Normalize((0.507, 0.487, 0.441), (0.267, 0.256, 0.276))]
    train = datasets.CIFAR100(
        "data", True, T.Compose([T.RandomHorizontalFlip(), *norm]), download=True
    )
    test = datasets.CIFAR100("data", False, T.Compose(norm))
    dl = DataLoader(train, s.micro_batch, shuffle=True, num_workers=4)

    net = build().to(device)
    opt = torch.optim.AdamW(net.parameters(), lr=s.lr, weight_decay=0.05)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(s.epochs):
        net.train()
        opt.zero_grad()
        total = 0.0
        for step, (x, y) in enumerate(dl, start=1):
            loss = loss_fn(net(x.to(device)), y.to(device))
            (loss / s.accumulate).backward()
            total += loss.item()
            if step % s.accumulate == 0:
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                opt.step()
                opt.zero_grad()
        print(f"epoch {epoch:2d} | loss {total / len(dl):.4f}")

    net.eval()
    with torch.no_grad():
        good = sum(
            (net(x.to(device)).argmax(1) == y.to(device)).sum().item()
            for x, y in DataLoader(test, 500)
        )
    print(f"test accuracy {good / len(test):.4f}")


if __name__ == "__main__":
    main(Settings())
