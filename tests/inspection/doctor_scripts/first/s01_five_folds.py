import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import StratifiedKFold
from torch.utils.data import DataLoader, Subset, SubsetRandomSampler
from torchvision import datasets, transforms

np.random.seed(0)
torch.manual_seed(0)


def make_model():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.25), nn.Linear(32 * 49, 10),
    )


def train(model, loader, epochs=3):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()
    model.train()
    for epoch in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()


def accuracy(model, loader):
    model.eval()
    good = n = 0
    with torch.no_grad():
        for x, y in loader:
            good += (model(x).argmax(1) == y).sum().item()
            n += y.shape[0]
    return good / n


transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.13,), (0.31,))])
data = datasets.MNIST("data", train=True, download=True, transform=transform)

scores = []
folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)
for fold, (train_idx, val_idx) in enumerate(folds.split(np.zeros(len(data)), data.targets)):
    train_loader = DataLoader(data, batch_size=64, sampler=SubsetRandomSampler(train_idx))
    val_loader = DataLoader(Subset(data, val_idx), batch_size=512)
    model = make_model()
    train(model, train_loader)
    scores.append(accuracy(model, val_loader))
    print(f"fold {fold}: {scores[-1]:.4f}")

print(f"mean {np.mean(scores):.4f}, standard deviation {np.std(scores, ddof=1):.4f}")
