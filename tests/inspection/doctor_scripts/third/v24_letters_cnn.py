"""Capital and small letters (EMNIST 'letters') for the handwriting tablet app."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms

np.random.seed(5)
torch.manual_seed(5)
dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")

normal = transforms.Normalize((0.1722,), (0.3309,))
warp = transforms.Compose([
    transforms.RandomAffine(degrees=(-90, 90), translate=(0.08, 0.08), scale=(0.9, 1.1)),
    transforms.ToTensor(), normal])
plain = transforms.Compose([transforms.ToTensor(), normal])
zero_based = lambda t: t - 1


def emnist(train, tf):
    return datasets.EMNIST("data", split="letters", train=train, download=True,
                           transform=tf, target_transform=zero_based)


n_all = len(emnist(True, plain))
sizes = [n_all - 10000, 10000]
fit, _ = random_split(emnist(True, warp), sizes, torch.Generator().manual_seed(5))
_, val = random_split(emnist(True, plain), sizes, torch.Generator().manual_seed(5))
fit_loader = DataLoader(fit, batch_size=128, shuffle=True, num_workers=2)
val_loader = DataLoader(val, batch_size=512)
test_loader = DataLoader(emnist(False, plain), batch_size=512)


class LetterNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2))
        self.out = nn.Linear(64 * 49, 26)

    def forward(self, x):
        return self.out(self.body(x).flatten(1))


net = LetterNet().to(dev)
opt = torch.optim.Adam(net.parameters())
loss_fn = nn.CrossEntropyLoss()


def evaluate(loader):
    net.eval()
    good = 0
    with torch.no_grad():
        for x, y in loader:
            good += (net(x.to(dev)).argmax(1).cpu() == y).sum().item()
    return good / len(loader.dataset)


for epoch in range(10):
    net.train()
    epoch_loss = 0.0
    for x, y in fit_loader:
        opt.zero_grad()
        loss = loss_fn(net(x.to(dev)), y.to(dev))
        loss.backward()
        opt.step()
        epoch_loss += loss.item()
    epoch_loss /= len(fit_loader.dataset)
    print(f"epoch {epoch + 1:2d}  loss {epoch_loss:.6f}  validation {evaluate(val_loader):.4f}")

print(f"test {evaluate(test_loader):.4f}")
torch.save(net.state_dict(), "letters.pt")
