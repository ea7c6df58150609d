"""Train on MNIST, then show how sure the network is about the first test digits."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

torch.manual_seed(7)

train_data = MNIST(root="./data", train=True, download=True, transform=ToTensor())
test_data = MNIST(root="./data", train=False, download=True, transform=ToTensor())
train_loader = DataLoader(train_data, batch_size=100, shuffle=True)
test_loader = DataLoader(test_data, batch_size=100, shuffle=False)


class DigitNet(nn.Module):
    def __init__(self, hidden=256):
        super().__init__()
        self.flatten = nn.Flatten()
        self.layers = nn.Sequential(
            nn.Linear(28 * 28, hidden),
            nn.ReLU(),
            nn.Dropout(p=0.2),
            nn.Linear(hidden, 10),
        )

    def forward(self, x):
        return self.layers(self.flatten(x))

    def probabilities(self, x):
        return torch.softmax(self.forward(x), dim=-1)


net = DigitNet()
loss_fn = nn.CrossEntropyLoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)

for epoch in range(5):
    net.train()
    running = 0.0
    for images, labels in train_loader:
        opt.zero_grad()
        loss = loss_fn(net(images), labels)
        loss.backward()
        opt.step()
        running += loss.item()
    print("epoch %d: mean loss %.4f" % (epoch + 1, running / len(train_loader)))

net.eval()
correct = 0
with torch.no_grad():
    for images, labels in test_loader:
        _, guess = torch.max(net(images), 1)
        correct += (guess == labels).sum().item()
    print("accuracy:", correct / len(test_data))

    images, labels = next(iter(test_loader))
    probs = net.probabilities(images[:8])
    for p, label in zip(probs, labels):
        digit = p.argmax(dim=0).item()
        print(f"true {label.item()}  read {digit}  with probability {p[digit].item():.3f}")
