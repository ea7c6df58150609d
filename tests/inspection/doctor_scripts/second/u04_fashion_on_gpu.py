# Fashion-MNIST held on the device as tensors; batches are cut by hand, which is much faster
# than a DataLoader for pictures this small.
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.datasets import FashionMNIST

SEED, EPOCHS, BS = 1234, 12, 256
torch.manual_seed(SEED)
dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def tensors(train):
    ds = FashionMNIST("~/data", train=train, download=True)
    return ds.data.float().div(255).unsqueeze(1).to(dev), ds.targets.to(dev)


X, Y = tensors(True)
Xte, Yte = tensors(False)
mu, sigma = X.mean(), X.std()
X, Xte = (X - mu) / sigma, (Xte - mu) / sigma


def mirror_some(batch):
    pick = torch.rand(len(batch), device=batch.device) < 0.5
    return torch.where(pick[:, None, None, None], batch.flip(-1), batch)


class Wardrobe(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.GELU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.GELU(),
            nn.AdaptiveAvgPool2d(4),
        )
        self.out = nn.Linear(2 * width * 16, 10)

    def forward(self, x):
        return self.out(self.features(x).flatten(1))


net = Wardrobe().to(dev)
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.01)
steps = EPOCHS * ((len(X) + BS - 1) // BS)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=4e-3, total_steps=steps)

for epoch in range(EPOCHS):
    net.train()
    order = torch.randperm(len(X), device=dev)
    seen, total = 0, 0.0
    for idx in order.split(BS):
        loss = F.cross_entropy(net(mirror_some(X[idx])), Y[idx], label_smoothing=0.05)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        total += loss.detach() * len(idx)
        seen += len(idx)
    print(f"{epoch:2d}  mean loss {float(total) / seen:.4f}")

net.eval()
with torch.inference_mode():
    guesses = torch.cat([net(part).argmax(-1) for part in Xte.split(1000)])
print("accuracy on the 10 000 held-out pictures:", (guesses == Yte).float().mean().item())
