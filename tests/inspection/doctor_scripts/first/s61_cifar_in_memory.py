import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision.datasets import CIFAR10

SEED, BATCH, EPOCHS = 5, 100, 12
torch.manual_seed(SEED)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

train = CIFAR10('data', train=True, download=True)
test = CIFAR10('data', train=False, download=True)

everything = np.concatenate([train.data, test.data]).astype(np.float32) / 255
mean = everything.mean(axis=(0, 1, 2))
std = everything.std(axis=(0, 1, 2))


def prepare(pictures):
    x = (pictures.astype(np.float32) / 255 - mean) / std
    return torch.tensor(x, dtype=torch.float32).reshape(-1, 3, 32, 32)


x_train, y_train = prepare(train.data), torch.tensor(train.targets)
x_test, y_test = prepare(test.data), torch.tensor(test.targets)


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(128 * 4 * 4, 10)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3):
            x = F.max_pool2d(F.relu(conv(x)), 2)
        return self.out(self.drop(x.flatten(1)))


net = ConvNet().to(device)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

for epoch in range(EPOCHS):
    net.train()
    total = 0.0
    for rows in torch.randperm(len(x_train)).split(BATCH):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x_train[rows].to(device)), y_train[rows].to(device))
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    print('epoch %d loss %.4f' % (epoch, total / len(x_train)))

net.eval()
with torch.no_grad():
    guesses = torch.cat([net(x.to(device)).argmax(1).cpu() for x in x_test.split(500)])
print('test accuracy %.4f' % (guesses == y_test).float().mean().item())
