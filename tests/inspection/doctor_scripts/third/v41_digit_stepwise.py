"""MNIST trainer that reports every few hundred steps (for the impatient)."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms

SEED, EPOCHS, REPORT = 13, 4, 200
torch.manual_seed(SEED)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
everything = datasets.MNIST("data", train=True, download=True, transform=tf)
fit, val = random_split(everything, [54000, 6000])
test = datasets.MNIST("data", train=False, download=True, transform=tf)
fit_loader = DataLoader(fit, batch_size=64, shuffle=True)
val_loader = DataLoader(val, batch_size=1000)
test_loader = DataLoader(test, batch_size=1000)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64), nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1))
        self.body = nn.Sequential(
            nn.Conv2d(64, 128, 3, padding=1, bias=False), nn.BatchNorm2d(128), nn.ReLU(),
            nn.Conv2d(128, 128, 3, padding=1, bias=False), nn.BatchNorm2d(128), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1))
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(128, 10))

    def forward(self, x):
        return self.head(self.body(self.stem(x)))


net = Net().to(device)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)


def accuracy(loader):
    net.eval()
    good = 0
    with torch.no_grad():
        for x, y in loader:
            good += (net(x.to(device)).argmax(1).cpu() == y).sum().item()
    return good / len(loader.dataset)


step = 0
for epoch in range(EPOCHS):
    net.train()
    window, seen = 0.0, 0
    for x, y in fit_loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = loss_fn(net(x), y)
        loss.backward()
        optimizer.step()
        window += loss.item() * len(y)
        seen += len(y)
        step += 1
        if step % REPORT == 0:
            print(f"step {step}: loss {window / seen:.4f}, validation {accuracy(val_loader):.4f}")
            window, seen = 0.0, 0

print(f"test accuracy {accuracy(test_loader):.4f}")
torch.save(net.state_dict(), "stepwise.pt")
