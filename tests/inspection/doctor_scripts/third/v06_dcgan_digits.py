"""DCGAN on MNIST, following the well-known paper at a small scale."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.utils import save_image

torch.manual_seed(1234)
dev = "cuda" if torch.cuda.is_available() else "cpu"
NZ = 64

data = datasets.MNIST("data", download=True, transform=transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]))
loader = DataLoader(data, batch_size=128, shuffle=True, drop_last=True)

G = nn.Sequential(
    nn.ConvTranspose2d(NZ, 128, 7), nn.BatchNorm2d(128), nn.ReLU(True),
    nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.ReLU(True),
    nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh(),
).to(dev)
D = nn.Sequential(
    nn.Conv2d(1, 64, 4, 2, 1), nn.LeakyReLU(0.2, True),
    nn.Conv2d(64, 128, 4, 2, 1), nn.BatchNorm2d(128), nn.LeakyReLU(0.2, True),
    nn.Flatten(), nn.Linear(128 * 49, 1),
).to(dev)

bce = nn.BCEWithLogitsLoss()
opt_g = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999))
fixed = torch.randn(64, NZ, 1, 1, device=dev)

for epoch in range(20):
    sum_d = sum_g = 0.0
    for real, _ in loader:
        real = real.to(dev)
        ones = torch.ones(len(real), 1, device=dev)
        zeros = torch.zeros_like(ones)
        fake = G(torch.randn(len(real), NZ, 1, 1, device=dev))

        opt_d.zero_grad()
        loss_d = bce(D(real), ones) + bce(D(fake.detach()), zeros)
        loss_d.backward()
        opt_d.step()

        opt_g.zero_grad()
        loss_g = bce(D(fake), ones)
        loss_g.backward()
        opt_g.step()

        sum_d += loss_d.item()
        sum_g += loss_g.item()
    print(f"{epoch:02d}  D {sum_d / len(loader):.3f}  G {sum_g / len(loader):.3f}")
    G.eval()
    with torch.no_grad():
        save_image(G(fixed), f"samples_{epoch:02d}.png", nrow=8, normalize=True)
    G.train()

torch.save({"G": G.state_dict(), "D": D.state_dict()}, "dcgan.pt")
