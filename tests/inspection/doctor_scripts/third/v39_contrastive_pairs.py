"""Self-supervised features for CIFAR-10 (positive pairs), then a linear read-out."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import ConcatDataset, DataLoader
from torchvision import transforms as T
from torchvision.datasets import CIFAR10

torch.manual_seed(64)
DEV = torch.device("cuda" if torch.cuda.is_available() else "cpu")
NORM = T.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
STRONG = T.Compose([T.RandomResizedCrop(32, (0.3, 1.0)), T.RandomHorizontalFlip(),
                    T.ColorJitter(0.4, 0.4, 0.4), T.ToTensor(), NORM])
PLAIN = T.Compose([T.ToTensor(), NORM])


def pair(img):
    return torch.stack([STRONG(img), STRONG(img)])


def conv(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                         nn.MaxPool2d(2))


encoder = nn.Sequential(conv(3, 64), conv(64, 128), conv(128, 256), nn.Flatten(),
                        nn.Linear(4096, 256)).to(DEV)
project = nn.Sequential(nn.ReLU(), nn.Linear(256, 64)).to(DEV)

pool = ConcatDataset([
    CIFAR10("data", train=True, transform=pair, download=True),
    CIFAR10("data", train=False, transform=pair, download=True),
])
loader = DataLoader(pool, batch_size=256, shuffle=True, drop_last=True, num_workers=4)
opt = torch.optim.Adam(list(encoder.parameters()) + list(project.parameters()), lr=1e-3)

for epoch in range(60):
    encoder.train()
    total = 0.0
    for views, _ in loader:
        z = F.normalize(project(encoder(views.to(DEV).flatten(0, 1))), dim=1)
        a, b = z[0::2], z[1::2]
        sim = a @ b.T / 0.2
        target = torch.arange(len(a), device=DEV)
        loss = (F.cross_entropy(sim, target) + F.cross_entropy(sim.T, target)) / 2
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    print(f"epoch {epoch:02d} contrastive loss {total / len(loader):.4f}")

torch.save(encoder, "encoder.pth")

encoder.eval()
for p in encoder.parameters():
    p.requires_grad = False
readout = nn.Linear(256, 10).to(DEV)
optim2 = torch.optim.Adam(readout.parameters(), lr=1e-3)
labelled = DataLoader(CIFAR10("data", True, PLAIN), 256, shuffle=True, num_workers=4)
for epoch in range(15):
    for x, y in labelled:
        optim2.zero_grad()
        F.cross_entropy(readout(encoder(x.to(DEV))), y.to(DEV)).backward()
        optim2.step()

right = 0
with torch.no_grad():
    for x, y in DataLoader(CIFAR10("data", False, PLAIN), 500):
        right += (readout(encoder(x.to(DEV))).argmax(1).cpu() == y).sum().item()
print(f"read-out accuracy on the test images: {right / 10000:.4f}")
