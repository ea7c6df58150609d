import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms, utils

torch.manual_seed(99)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
latent, epochs, bs = 100, 40, 64

tfm = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
loader = DataLoader(datasets.FashionMNIST("data", train=True, download=True, transform=tfm),
                    batch_size=bs, shuffle=True)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(latent, 256), nn.LeakyReLU(0.2),
            nn.Linear(256, 512), nn.LeakyReLU(0.2),
            nn.Linear(512, 784), nn.Tanh())

    def forward(self, z):
        return self.net(z).view(-1, 1, 28, 28)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 512), nn.LeakyReLU(0.2),
            nn.Linear(512, 256), nn.LeakyReLU(0.2),
            nn.Linear(256, 1), nn.Sigmoid())

    def forward(self, x):
        return self.net(x)


netG, netD = Generator().to(device), Discriminator().to(device)
criterion = nn.BCELoss()
optG = optim.Adam(netG.parameters(), lr=2e-4, betas=(0.5, 0.999))
optD = optim.Adam(netG.parameters(), lr=2e-4, betas=(0.5, 0.999))
probe = torch.randn(36, latent, device=device)

for epoch in range(epochs):
    d_total, g_total = 0, 0
    for imgs, _ in loader:
        imgs = imgs.to(device)
        b = imgs.size(0)
        valid, fake = torch.ones(b, 1, device=device), torch.zeros(b, 1, device=device)

        netD.zero_grad()
        gen = netG(torch.randn(b, latent, device=device))
        d_loss = criterion(netD(imgs), valid) + criterion(netD(gen.detach()), fake)
        d_loss.backward()
        optD.step()

        netG.zero_grad()
        g_loss = criterion(netD(gen), valid)
        g_loss.backward()
        optG.step()

        d_total += d_loss.item()
        g_total += g_loss
    print(f"[{epoch}/{epochs}] D {d_total / len(loader):.3f} G {g_total / len(loader):.3f}")
    with torch.no_grad():
        utils.save_image(netG(probe), f"fashion_{epoch:03d}.png", nrow=6, normalize=True)

torch.save(netG.state_dict(), "generator.pt")
