import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler
from torchvision.datasets import FashionMNIST
from torchvision.transforms import v2

SEED = 11
torch.manual_seed(SEED)


def build_loaders(batch_size):
    tf = v2.Compose([
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.2860], [0.3530]),
    ])
    train = FashionMNIST("~/datasets", train=True, download=True, transform=tf)
    test = FashionMNIST("~/datasets", train=False, download=True, transform=tf)
    g = torch.Generator().manual_seed(SEED)
    sampler = RandomSampler(train, generator=g)
    train_loader = DataLoader(
        train, batch_sampler=BatchSampler(sampler, batch_size, drop_last=True), num_workers=2
    )
    return train_loader, DataLoader(test, batch_size=512, num_workers=2)


def build_model():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.4), nn.Linear(64 * 7 * 7, 10),
    )


def run_epoch(model, loader, optimizer):
    model.train()
    total, seen = 0.0, 0
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        seen += len(y)
    return total / seen


@torch.inference_mode()
def evaluate(model, loader):
    model.eval()
    hits = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    return hits / len(loader.dataset)


if __name__ == "__main__":
    train_loader, test_loader = build_loaders(batch_size=128)
    model = build_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    for epoch in range(8):
        print(epoch, f"{run_epoch(model, train_loader, optimizer):.4f}")
    print("test accuracy", evaluate(model, test_loader))
