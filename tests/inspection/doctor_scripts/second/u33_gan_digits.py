import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.utils import save_image

torch.manual_seed(999)
latent = 100
device = "cuda" if torch.cuda.is_available() else "cpu"

loader = DataLoader(
    datasets.MNIST("data", train=True, download=True, transform=transforms.Compose([
        transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])),
    batch_size=64, shuffle=True,
)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(latent, 256), nn.LeakyReLU(0.2),
            nn.Linear(256, 512), nn.BatchNorm1d(512), nn.LeakyReLU(0.2),
            nn.Linear(512, 784), nn.Tanh(),
        )

    def forward(self, z):
        return self.main(z).view(-1, 1, 28, 28)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Dropout(0.3),
            nn.Linear(512, 256), nn.LeakyReLU(0.2), nn.Linear(256, 1), nn.Sigmoid(),
        )

    def forward(self, img):
        return self.main(img)


netG, netD = Generator().to(device), Discriminator().to(device)
criterion = nn.BCELoss()
optimizerG = torch.optim.Adam(netG.parameters(), lr=0.0002, betas=(0.5, 0.999))
optimizerD = torch.optim.Adam(netG.parameters(), lr=0.0002, betas=(0.5, 0.999))
fixed_noise = torch.randn(64, latent, device=device)

for epoch in range(50):
    netG.train()
    lossD_epoch, lossG_epoch = 0, 0
    for real, _ in loader:
        real = real.to(device)
        valid = torch.ones(real.size(0), 1, device=device)
        bogus = torch.zeros(real.size(0), 1, device=device)

        netD.zero_grad()
        gen = netG(torch.randn(real.size(0), latent, device=device))
        errD = criterion(netD(real), valid) + criterion(netD(gen.detach()), bogus)
        errD.backward()
        optimizerD.step()

        netG.zero_grad()
        errG = criterion(netD(gen), valid)
        errG.backward()
        optimizerG.step()

        lossD_epoch += errD.item()
        lossG_epoch = lossG_epoch + errG
    print(f"[{epoch}] D {lossD_epoch / len(loader):.3f} G {lossG_epoch / len(loader):.3f}")
    netG.eval()
    with torch.no_grad():
        save_image(netG(fixed_noise), f"samples_{epoch:03d}.png", normalize=True)
