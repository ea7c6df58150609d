"""MNIST without a DataLoader: the whole set fits on the device."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision.datasets import MNIST

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.manual_seed(0)

train = MNIST("data", train=True, download=True)
test = MNIST("data", train=False, download=True)

x_train = train.data.unsqueeze(1).float().div(255).to(device)
y_train = train.targets.to(device)
x_test = test.data.unsqueeze(1).float().div(255).to(device)
y_test = test.targets.to(device)

mean, std = x_train.mean(), x_train.std()
x_train = (x_train - mean) / std
x_test = (x_test - mean) / std


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5, padding=2)
        self.c2 = nn.Conv2d(6, 16, 5)
        self.f1 = nn.Linear(400, 120)
        self.f2 = nn.Linear(120, 84)
        self.f3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.c1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.c2(x)), 2)
        x = x.flatten(1)
        return self.f3(torch.tanh(self.f2(torch.tanh(self.f1(x)))))


model = LeNet().to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
batch = 256

for epoch in range(12):
    model.train()
    order = torch.randperm(len(x_train), device=device)
    epoch_loss = torch.zeros((), device=device)
    for start in range(0, len(order), batch):
        rows = order[start:start + batch]
        loss = F.cross_entropy(model(x_train[rows]), y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss += loss.detach() * len(rows)
    print(f"epoch {epoch}: {epoch_loss.item() / len(x_train):.4f}")

model.eval()
with torch.no_grad():
    pred = torch.cat([model(part).argmax(1) for part in x_test.split(1000)])
print("test error: %.2f %%" % (100 * (pred != y_test).float().mean().item()))
