"""SimCLR on CIFAR-10 followed by a linear probe."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms as T
from torchvision.models import resnet18

torch.manual_seed(6)
dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
norm = T.Normalize((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616))
view = T.Compose([
    T.RandomResizedCrop(32, scale=(0.2, 1.0)), T.RandomHorizontalFlip(),
    T.RandomApply([T.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8), T.RandomGrayscale(0.2),
    T.ToTensor(), norm])
plain = T.Compose([T.ToTensor(), norm])


class TwoViews:
    def __call__(self, img):
        return view(img), view(img)


def nt_xent(a, b, t=0.5):
    z = F.normalize(torch.cat([a, b]), dim=1)
    sim = z @ z.T / t
    sim.fill_diagonal_(float("-inf"))
    n = len(a)
    partner = torch.cat([torch.arange(n, 2 * n), torch.arange(n)]).to(z.device)
    return F.cross_entropy(sim, partner)


encoder = resnet18(weights=None)
encoder.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
encoder.maxpool = nn.Identity()
encoder.fc = nn.Identity()
projector = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 128))
encoder.to(dev), projector.to(dev)

pairs = DataLoader(datasets.CIFAR10("data", True, TwoViews(), download=True), 256, shuffle=True,
                   drop_last=True, num_workers=8)
opt = torch.optim.Adam([*encoder.parameters(), *projector.parameters()], lr=1e-3)
for epoch in range(100):
    encoder.train()
    total = 0.0
    for (a, b), _ in pairs:
        opt.zero_grad()
        loss = nt_xent(projector(encoder(a.to(dev))), projector(encoder(b.to(dev))))
        loss.backward()
        opt.step()
        total += loss.item()
    print(f"pretrain {epoch}: {total / len(pairs):.4f}")
torch.save(encoder.state_dict(), "simclr_encoder.pt")


@torch.no_grad()
def features(train):
    encoder.eval()
    loader = DataLoader(datasets.CIFAR10("data", train, plain), 512, num_workers=8)
    out = [(encoder(x.to(dev)).cpu(), y) for x, y in loader]
    return torch.cat([f for f, _ in out]), torch.cat([y for _, y in out])


fx, fy = features(train=True)
probe = nn.Linear(512, 10)
popt = torch.optim.Adam(probe.parameters(), lr=1e-3)
for _ in range(50):
    for idx in torch.randperm(len(fx)).split(256):
        popt.zero_grad()
        F.cross_entropy(probe(fx[idx]), fy[idx]).backward()
        popt.step()
tx, ty = features(train=False)
with torch.no_grad():
    print(f"linear probe, test: {(probe(tx).argmax(1) == ty).float().mean().item():.4f}")
