"""Classroom demo: watch a network learn to tell ten kinds of clothing apart."""
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import FashionMNIST
from torchvision.transforms import ToTensor

NAMES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat",
         "Sandal", "Shirt", "Sneaker", "Bag", "Boot"]
torch.manual_seed(1)

train_data = FashionMNIST("data", train=True, download=True, transform=ToTensor())
test_data = FashionMNIST("data", train=False, download=True, transform=ToTensor())
train_loader = DataLoader(train_data, batch_size=50, shuffle=True)
test_loader = DataLoader(test_data, batch_size=10)


class Wardrobe(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(24, 48, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(48 * 7 * 7, 10)

    def forward(self, x):
        x = self.conv(x).flatten(1)
        return self.fc(self.drop(x))


net = Wardrobe()
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)


def one_epoch():
    net.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        out = net(x)
        loss = loss_fn(out, y)
        loss.backward()
        optimizer.step()
        acc = (out.argmax(dim=1) == y).float().mean().item()
    return loss.item(), acc


for epoch in range(1, 6):
    loss, acc = one_epoch()
    print(f"After epoch {epoch}: loss {loss:.3f}, accuracy {acc:.1%}")

print("\nNow the exam, with 10,000 new pictures:")
right = 0
with torch.no_grad():
    for x, y in test_loader:
        scores = net(x)
        guess = scores.argmax(dim=0)
        right += (guess == y).sum().item()
print(f"{right} of {len(test_data)} are right")
print("The kinds were:", ", ".join(NAMES))
