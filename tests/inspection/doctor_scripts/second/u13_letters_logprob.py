import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets
from torchvision.transforms import v2


def seed_everything(seed: int = 5):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class Letters(nn.Module):
    """Log-probabilities of the 26 letters."""

    def __init__(self):
        super().__init__()
        self.conv = nn.ModuleList([nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)])
        self.hidden = nn.Linear(64 * 25, 200)
        self.out = nn.Linear(200, 26)

    def forward(self, x):
        for layer in self.conv:
            x = F.max_pool2d(F.relu(layer(x)), 2)
        x = F.relu(self.hidden(x.flatten(1)))
        x = F.dropout(x, 0.4, training=self.training)
        return F.log_softmax(self.out(x), dim=1)


def loaders():
    base = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.172], [0.331])]
    shaky = v2.Compose([v2.RandomAffine(12, translate=(0.08, 0.08), scale=(0.9, 1.1)), *base])
    kw = dict(root="data", split="letters", download=True, target_transform=lambda c: c - 1)
    tr = datasets.EMNIST(train=True, transform=shaky, **kw)
    te = datasets.EMNIST(train=False, transform=v2.Compose(base), **kw)
    return DataLoader(tr, 100, shuffle=True), DataLoader(te, 1000)


def train_epoch(model, dl, optim):
    model.train()
    summed = 0.0
    for img, target in dl:
        optim.zero_grad()
        nll = F.nll_loss(model(img), target)
        nll.backward()
        optim.step()
        summed += nll.item()
    return summed / len(dl)


def evaluate(model, dl):
    model.eval()
    nll = hits = 0
    with torch.no_grad():
        for img, target in dl:
            out = model(img)
            nll += F.nll_loss(out, target, reduction="sum").item()
            hits += out.argmax(1).eq(target).sum().item()
    n = len(dl.dataset)
    return nll / n, hits / n


if __name__ == "__main__":
    seed_everything()
    train_dl, test_dl = loaders()
    model = Letters()
    optim = torch.optim.Adadelta(model.parameters(), lr=1.0)
    decay = torch.optim.lr_scheduler.StepLR(optim, 1, gamma=0.8)
    for ep in range(8):
        print(ep, round(train_epoch(model, train_dl, optim), 4))
        decay.step()
    print("test nll %.4f, accuracy %.4f" % evaluate(model, test_dl))
