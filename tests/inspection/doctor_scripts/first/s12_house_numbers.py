import copy

import torch
import torch.nn as nn
import torchvision.transforms as T
from torch.utils.data import DataLoader, random_split
from torchvision.datasets import SVHN


def get_loaders(batch_size=128):
    stats = ((0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970))
    train_transform = T.Compose([
        T.RandomCrop(32, padding=3),
        T.RandomHorizontalFlip(p=0.5),
        T.ToTensor(),
        T.Normalize(*stats),
    ])
    test_transform = T.Compose([T.ToTensor(), T.Normalize(*stats)])

    full = SVHN("data", split="train", download=True, transform=train_transform)
    test = SVHN("data", split="test", download=True, transform=test_transform)
    n_val = len(full) // 10
    train, val = random_split(full, [len(full) - n_val, n_val])
    return (
        DataLoader(train, batch_size=batch_size, shuffle=True, num_workers=2),
        DataLoader(val, batch_size=batch_size, num_workers=2),
        DataLoader(test, batch_size=batch_size, num_workers=2),
    )


class HouseNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 3, padding=1), nn.BatchNorm2d(128), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.fc = nn.Linear(2048, 10)

    def forward(self, x):
        return self.fc(self.conv(x).reshape(len(x), -1))


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    return sum((model(x).argmax(1) == y).sum().item() for x, y in loader) / len(loader.dataset)


def main():
    torch.manual_seed(8)
    train_loader, val_loader, test_loader = get_loaders()
    model = HouseNet()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, best_state = -1.0, None
    for epoch in range(15):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
        acc = evaluate(model, val_loader)
        print(epoch, acc)
        if acc > best:
            best, best_state = acc, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    print("test:", evaluate(model, test_loader))


if __name__ == "__main__":
    main()
