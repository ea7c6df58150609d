import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision.datasets import CIFAR10

torch.manual_seed(2)
device = "cuda" if torch.cuda.is_available() else "cpu"


def load(train):
    data = CIFAR10("data", train=train, download=True)
    x = torch.tensor(data.data).permute(0, 3, 1, 2).float() / 255
    return x, torch.tensor(data.targets)


x_train, y_train = load(True)
x_test, y_test = load(False)
mu = x_train.mean((0, 2, 3), keepdim=True)
sigma = x_train.std((0, 2, 3), keepdim=True)
x_train, x_test = (x_train - mu) / sigma, (x_test - mu) / sigma


class Net(nn.Module):
    def __init__(self, w=64):
        super().__init__()
        self.conv1 = nn.Conv2d(3, w, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(w)
        self.conv2 = nn.Conv2d(w, 2 * w, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(2 * w)
        self.conv3 = nn.Conv2d(2 * w, 4 * w, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * w)
        self.fc = nn.Linear(4 * w, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = F.adaptive_max_pool2d(F.relu(self.bn3(self.conv3(x))), 1)
        return self.fc(x.flatten(1))


net = Net().to(device)
decay = [p for p in net.parameters() if p.ndim > 1]
no_decay = [p for p in net.parameters() if p.ndim <= 1]
optimizer = torch.optim.SGD(
    [{"params": decay, "weight_decay": 5e-4}, {"params": no_decay, "weight_decay": 0.0}],
    lr=0.05, momentum=0.9, nesterov=True,
)

for epoch in range(15):
    net.train()
    order = torch.randperm(len(x_train))
    for rows in order.split(256):
        x, y = x_train[rows].to(device), y_train[rows].to(device)
        mirrored = torch.rand(len(x), 1, 1, 1, device=device) < 0.5
        x = torch.where(mirrored, x.flip(-1), x)
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

net.eval()
hits_plain = hits_tta = 0
with torch.no_grad():
    for x, y in zip(x_test.split(500), y_test.split(500)):
        x, y = x.to(device), y.to(device)
        one = net(x).softmax(1)
        two = net(torch.flip(x, dims=[3])).softmax(1)
        hits_plain += (one.argmax(1) == y).sum().item()
        hits_tta += ((one + two).argmax(1) == y).sum().item()
n = len(y_test)
print(f"test accuracy: plain {hits_plain / n:.4f}, with mirror {hits_tta / n:.4f}")
