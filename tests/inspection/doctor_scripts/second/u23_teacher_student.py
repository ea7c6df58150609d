"""Knowledge distillation on MNIST: a convnet teaches a tiny MLP (Hinton et al., 2015)."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

TEMPERATURE, ALPHA = 4.0, 0.7
torch.manual_seed(0)
tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
train = DataLoader(datasets.MNIST("data", True, tf, download=True), 128, shuffle=True)
test = DataLoader(datasets.MNIST("data", False, tf), 1000)

teacher = nn.Sequential(
    nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(64 * 49, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10),
)
student = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))


def hard_loss(logits, x, y):
    return F.cross_entropy(logits, y)


def distil_loss(logits, x, y):
    with torch.no_grad():
        soft = F.softmax(teacher(x) / TEMPERATURE, dim=1)
    kl = F.kl_div(F.log_softmax(logits / TEMPERATURE, dim=1), soft, reduction="batchmean")
    return ALPHA * TEMPERATURE ** 2 * kl + (1 - ALPHA) * F.cross_entropy(logits, y)


def fit(net, loss_of, epochs, lr):
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    for epoch in range(1, epochs + 1):
        net.train()
        total = 0.0
        for x, y in train:
            loss = loss_of(net(x), x, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"   epoch {epoch}: {total / len(train):.4f}")


def accuracy(net):
    net.eval()
    with torch.no_grad():
        return sum((net(x).argmax(1) == y).sum().item() for x, y in test) / len(test.dataset)


print("teacher")
fit(teacher, hard_loss, epochs=6, lr=1e-3)
teacher.eval()
for p in teacher.parameters():
    p.requires_grad_(False)
print("student")
fit(student, distil_loss, epochs=12, lr=2e-3)
print(f"teacher {accuracy(teacher):.4f}   student {accuracy(student):.4f}")
