"""Distil a large digit network into one small enough for a microcontroller."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms

torch.manual_seed(2048)
dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
T, ALPHA = 4.0, 0.7

tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
fit, val = random_split(datasets.MNIST("data", True, tf, download=True), [55000, 5000])
test = datasets.MNIST("data", False, tf)
fit_dl = DataLoader(fit, 128, shuffle=True)


def conv(i, o):
    return [nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(), nn.MaxPool2d(2)]


teacher = nn.Sequential(*conv(1, 64), *conv(64, 128), nn.Flatten(), nn.Dropout(0.4),
                        nn.Linear(128 * 49, 256), nn.ReLU(), nn.Linear(256, 10)).to(dev)
student = nn.Sequential(*conv(1, 4), *conv(4, 8), nn.Flatten(), nn.Linear(8 * 49, 10)).to(dev)


@torch.no_grad()
def accuracy(net, data):
    mode = net.training
    net.eval()
    ok = sum((net(x.to(dev)).argmax(1).cpu() == y).sum().item() for x, y in DataLoader(data, 500))
    net.train(mode)
    return ok / len(data)


opt = torch.optim.Adam(teacher.parameters(), lr=1e-3)
teacher.train()
for epoch in range(5):
    for x, y in fit_dl:
        opt.zero_grad()
        F.cross_entropy(teacher(x.to(dev)), y.to(dev)).backward()
        opt.step()
    print(f"teacher {epoch}: validation {accuracy(teacher, val):.4f}")

teacher.eval().requires_grad_(False)
opt = torch.optim.Adam(student.parameters(), lr=2e-3)
student.train()
for epoch in range(10):
    total = 0.0
    for x, y in fit_dl:
        x, y = x.to(dev), y.to(dev)
        soft = F.softmax(teacher(x) / T, dim=1)
        out = student(x)
        kd = F.kl_div(F.log_softmax(out / T, dim=1), soft, reduction="batchmean") * T * T
        loss = ALPHA * kd + (1 - ALPHA) * F.cross_entropy(out, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(x)
    print(f"student {epoch}: loss {total / len(fit):.4f}, val {accuracy(student, val):.4f}")

print(f"test: teacher {accuracy(teacher, test):.4f}, student {accuracy(student, test):.4f}")
torch.save(student.state_dict(), "student.pt")
