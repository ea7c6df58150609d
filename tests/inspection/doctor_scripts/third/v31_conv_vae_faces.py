"""Convolutional VAE on 64x64 face crops."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.utils import save_image

torch.manual_seed(21)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
Z, BETA, EPOCHS = 64, 1.0, 30

faces = ImageFolder("faces64", transforms.Compose([
    transforms.Resize((64, 64)), transforms.RandomHorizontalFlip(), transforms.ToTensor()]))
loader = DataLoader(faces, batch_size=64, shuffle=True, num_workers=4)


class ConvVAE(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [3, 32, 64, 128, 256]
        enc = []
        for i, o in zip(widths[:-1], widths[1:]):
            enc += [nn.Conv2d(i, o, 4, 2, 1), nn.ReLU()]
        self.enc = nn.Sequential(*enc, nn.Flatten())
        self.mu = nn.Linear(256 * 16, Z)
        self.logvar = nn.Linear(256 * 16, Z)
        self.up = nn.Linear(Z, 256 * 16)
        dec = []
        for i, o in zip(widths[:0:-1], widths[-2::-1]):
            dec += [nn.ConvTranspose2d(i, o, 4, 2, 1), nn.ReLU() if o != 3 else nn.Sigmoid()]
        self.dec = nn.Sequential(*dec)

    def decode(self, z):
        return self.dec(self.up(z).view(-1, 256, 4, 4))

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * (logvar / 2).exp()
        return self.decode(z), mu, logvar


vae = ConvVAE().to(device)
opt = torch.optim.Adam(vae.parameters(), lr=5e-4)
fixed = torch.randn(36, Z, device=device)

for epoch in range(EPOCHS):
    stats = {"rec": 0.0, "kl": 0.0}
    for x, _ in loader:
        x = x.to(device)
        out, mu, logvar = vae(x)
        rec = F.mse_loss(out, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + logvar - mu ** 2 - logvar.exp())
        opt.zero_grad()
        (rec + BETA * kl).backward()
        opt.step()
        for name, value in (("rec", rec), ("kl", kl)):
            stats[name] = stats[name] + value
    rec_avg, kl_avg = (stats[k] / len(loader) for k in ("rec", "kl"))
    print(f"epoch {epoch}: per image reconstruction {rec_avg:.2f}, KL {kl_avg:.2f}")
    with torch.no_grad():
        save_image(vae.decode(fixed), f"faces_{epoch:02d}.png", nrow=6)

torch.save(vae.state_dict(), "face_vae.pt")
