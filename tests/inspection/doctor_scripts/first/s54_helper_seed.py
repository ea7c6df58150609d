import os
import random

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms


def make_reproducible(number):
    os.environ["PYTHONHASHSEED"] = str(number)
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)
    torch.backends.cudnn.deterministic = True


def loaders(batch_size=128):
    tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    whole = datasets.KMNIST("data", train=True, download=True, transform=tf)
    test = datasets.KMNIST("data", train=False, download=True, transform=tf)
    train, val = random_split(whole, [54000, 6000])
    return (
        DataLoader(train, batch_size=batch_size, shuffle=True),
        DataLoader(val, batch_size=batch_size),
        DataLoader(test, batch_size=batch_size),
    )


def train_one_epoch(model, loader, criterion, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()


def evaluate(model, loader, criterion):
    model.eval()
    loss_sum, correct = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            loss_sum += criterion(out, y).item() * x.size(0)
            correct += (out.argmax(1) == y).sum().item()
    n = len(loader.dataset)
    return loss_sum / n, correct / n


def main():
    make_reproducible(1234)
    train_loader, val_loader, test_loader = loaders()
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10),
    )
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=5e-4)

    best_loss, patience = float("inf"), 0
    for epoch in range(50):
        train_one_epoch(model, train_loader, criterion, optimizer)
        val_loss, val_acc = evaluate(model, val_loader, criterion)
        print(f"[{epoch:02d}] val loss {val_loss:.4f}, val acc {val_acc:.4f}")
        if val_loss < best_loss:
            best_loss, patience = val_loss, 0
            torch.save(model.state_dict(), "kmnist.pt")
        else:
            patience += 1
            if patience == 4:
                break

    model.load_state_dict(torch.load("kmnist.pt", weights_only=True))
    print("test loss / accuracy: %.4f / %.4f" % evaluate(model, test_loader, criterion))


if __name__ == "__main__":
    main()
