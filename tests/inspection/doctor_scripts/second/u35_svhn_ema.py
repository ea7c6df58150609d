"""SVHN with an exponential moving average of the weights."""
import copy
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader
from torchvision import datasets, transforms as T


class Ema:
    def __init__(self, model, decay=0.999):
        self.shadow = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model):
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.lerp_(p, 1 - self.decay)
        for s, b in zip(self.shadow.buffers(), model.buffers()):
            s.copy_(b)


def stage(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.SiLU(),
        nn.Conv2d(cout, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.SiLU(), nn.MaxPool2d(2),
    )


def train(epochs=12, batch=256, lr=2e-3, seed=50):
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    norm = T.Normalize((0.4377, 0.4438, 0.4728), (0.198, 0.201, 0.197))
    train_tf = T.Compose([T.RandomRotation(8), T.ColorJitter(0.3, 0.3), T.ToTensor(), norm])
    test_tf = T.Compose([T.ToTensor(), norm])
    pool = ConcatDataset([
        datasets.SVHN("data", split=part, transform=train_tf, download=True)
        for part in ("train", "extra")
    ])
    dl = DataLoader(pool, batch, shuffle=True, num_workers=8, drop_last=True)

    model = nn.Sequential(
        stage(3, 48), stage(48, 96), stage(96, 192),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(192, 10),
    ).to(device)
    ema = Ema(model)
    opt = torch.optim.AdamW(model.parameters(), lr=lr)
    total_steps = epochs * len(dl)
    sched = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda i: 0.5 * (1 + math.cos(math.pi * i / total_steps))
    )
    for epoch in range(epochs):
        model.train()
        seen, summed = 0, 0.0
        for x, y in dl:
            x, y = x.to(device), y.to(device)
            loss = F.cross_entropy(model(x), y)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            sched.step()
            ema.update(model)
            summed += loss.item() * y.shape[0]
            seen += y.shape[0]
        print(f"epoch {epoch}: {summed / seen:.4f}")

    test = datasets.SVHN("data", split="test", transform=test_tf, download=True)
    with torch.no_grad():
        hits = sum((ema.shadow(x.to(device)).argmax(1).cpu() == y).sum().item()
                   for x, y in DataLoader(test, 1000))
    print(f"test accuracy of the averaged weights: {hits / len(test):.4f}")
    torch.save(ema.shadow.state_dict(), "svhn_ema.pt")


if __name__ == "__main__":
    train()
