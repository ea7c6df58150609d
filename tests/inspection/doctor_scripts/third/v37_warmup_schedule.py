"""Wide network on CIFAR-100 with a per-step warm-up and linear decay."""
import math

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, random_split
from torchvision import transforms as T
from torchvision.datasets import CIFAR100

torch.manual_seed(123)
dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
EPOCHS, BATCH, WARM = 25, 256, 500

norm = [T.ToTensor(), T.Normalize((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762))]
aug = T.Compose([T.RandomCrop(32, padding=4), T.RandomHorizontalFlip(), *norm])
plain = T.Compose(norm)


def split(tf):
    return random_split(CIFAR100("data", True, tf, download=True), [45000, 5000],
                        generator=torch.Generator().manual_seed(123))


fit = DataLoader(split(aug)[0], BATCH, shuffle=True, num_workers=4)
val = DataLoader(split(plain)[1], 500)
test = DataLoader(CIFAR100("data", False, plain), 500)


def stage(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                         nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                         nn.MaxPool2d(2))


net = nn.Sequential(stage(3, 96), stage(96, 192), stage(192, 384), nn.AdaptiveAvgPool2d(1),
                    nn.Flatten(), nn.Linear(384, 100)).to(dev)
ce = nn.CrossEntropyLoss()
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
total = EPOCHS * math.ceil(45000 / BATCH)
sched = LambdaLR(opt, lambda s: min((s + 1) / WARM, max(0.0, (total - s) / (total - WARM))))


@torch.no_grad()
def accuracy(loader):
    net.eval()
    ok = sum((net(x.to(dev)).argmax(1).cpu() == y).sum().item() for x, y in loader)
    return ok / len(loader.dataset)


for epoch in range(EPOCHS):
    net.train()
    opt.zero_grad()
    running = 0.0
    for step, (x, y) in enumerate(fit):
        x, y = x.to(dev), y.to(dev)
        loss = ce(net(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        sched.step()
        opt.step()
        running += loss.item()
    print(f"{epoch:2d} loss {running / len(fit):.4f} val {accuracy(val):.4f} "
          f"lr {opt.param_groups[0]['lr']:.4f}")

print(f"test {accuracy(test):.4f}")
torch.save(net.state_dict(), "wide.pt")
