"""Siamese network on MNIST with a contrastive loss, then 1-nearest-prototype on the test set."""
import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

random.seed(6)
torch.manual_seed(6)
tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])


class Pairs(Dataset):
    """Every picture with a partner: of the same digit half of the time, else of another one."""

    def __init__(self, base):
        self.base = base
        labels = base.targets.tolist()
        self.by_digit = {d: [i for i, t in enumerate(labels) if t == d] for d in range(10)}

    def __len__(self):
        return len(self.base)

    def __getitem__(self, i):
        x, digit = self.base[i]
        same = random.random() < 0.5
        other = digit if same else random.choice([d for d in range(10) if d != digit])
        partner, _ = self.base[random.choice(self.by_digit[other])]
        return x, partner, float(same)


class Embed(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 32, 5), nn.PReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 5), nn.PReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(64 * 16, 128), nn.PReLU(), nn.Dropout(0.2),
            nn.Linear(128, dim),
        )

    def forward(self, x):
        return F.normalize(self.net(x), dim=1)


def contrastive(a, b, same, margin=1.0):
    d = F.pairwise_distance(a, b)
    return (same * d.pow(2) + (1 - same) * F.relu(margin - d).pow(2)).mean()


train = datasets.MNIST("data", True, tf, download=True)
test = datasets.MNIST("data", False, tf)
twin = Embed()
optimizer = torch.optim.Adam(twin.parameters(), lr=1e-3)
pairs = DataLoader(Pairs(train), 128, shuffle=True)
for epoch in range(6):
    twin.train()
    total = 0.0
    for a, b, same in pairs:
        loss = contrastive(twin(a), twin(b), same.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: {total / len(pairs):.4f}")

twin.eval()
with torch.no_grad():
    codes = torch.cat([twin(x) for x, _ in DataLoader(train, 1000)])
    centres = torch.stack([codes[train.targets == d].mean(0) for d in range(10)])
    hits = 0
    for x, y in DataLoader(test, 1000):
        hits += (torch.cdist(twin(x), centres).argmin(dim=1) == y).sum().item()
print(f"nearest prototype: {hits / len(test):.4f}")
