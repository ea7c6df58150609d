# DCGAN on Fashion-MNIST
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms, utils

torch.manual_seed(17)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
Z, BATCH, EPOCHS = 64, 128, 20

pictures = datasets.FashionMNIST(
    "data", train=True, download=True,
    transform=transforms.Compose([
        transforms.Resize(32),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize((0.5,), (0.5,)),
    ]),
)
loader = DataLoader(pictures, BATCH, shuffle=True, drop_last=True)

G = nn.Sequential(
    nn.ConvTranspose2d(Z, 256, 4, 1, 0, bias=False), nn.BatchNorm2d(256), nn.ReLU(True),
    nn.ConvTranspose2d(256, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU(True),
    nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(True),
    nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh(),
).to(device)
D = nn.Sequential(
    nn.Conv2d(1, 64, 4, 2, 1), nn.LeakyReLU(0.2, True),
    nn.Conv2d(64, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128), nn.LeakyReLU(0.2, True),
    nn.Conv2d(128, 256, 4, 2, 1, bias=False), nn.BatchNorm2d(256), nn.LeakyReLU(0.2, True),
    nn.Conv2d(256, 1, 4, 1, 0), nn.Flatten(0),
).to(device)

bce = nn.BCEWithLogitsLoss()
opt_g = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999))
fixed = torch.randn(64, Z, 1, 1, device=device)
ones, zeros = torch.ones(BATCH, device=device), torch.zeros(BATCH, device=device)

for epoch in range(EPOCHS):
    G.train()
    sum_d = sum_g = 0.0
    for real, _ in loader:
        real = real.to(device)
        fake = G(torch.randn(BATCH, Z, 1, 1, device=device))

        loss_d = bce(D(real), ones) + bce(D(fake.detach()), zeros)
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()

        loss_g = bce(D(fake), ones)
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()

        sum_d += loss_d.item()
        sum_g += loss_g.item()
    print(f"{epoch:02d}  D {sum_d / len(loader):.3f}  G {sum_g / len(loader):.3f}")
    G.eval()
    with torch.no_grad():
        utils.save_image(G(fixed) * 0.5 + 0.5, f"clothes_{epoch:02d}.png", nrow=8)

torch.save({"G": G.state_dict(), "D": D.state_dict()}, "dcgan.pt")
