"""A small generative adversarial network on MNIST."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.utils import save_image

torch.manual_seed(0)
LATENT = 64

G = nn.Sequential(
    nn.Linear(LATENT, 256), nn.BatchNorm1d(256), nn.ReLU(),
    nn.Linear(256, 512), nn.BatchNorm1d(512), nn.ReLU(),
    nn.Linear(512, 784), nn.Tanh(),
)
D = nn.Sequential(
    nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Dropout(0.3),
    nn.Linear(512, 256), nn.LeakyReLU(0.2), nn.Dropout(0.3),
    nn.Linear(256, 1),
)
opt_g = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()

tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
loader = DataLoader(
    datasets.MNIST("data", train=True, download=True, transform=tf),
    batch_size=128, shuffle=True, drop_last=True,
)
fixed = torch.randn(64, LATENT)

for epoch in range(30):
    G.train()
    D.train()
    d_total = g_total = 0.0
    for real, _ in loader:
        real = real.view(real.size(0), -1)
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)

        fake = G(torch.randn(len(real), LATENT))
        d_loss = bce(D(real), ones) + bce(D(fake.detach()), zeros)
        opt_d.zero_grad()
        d_loss.backward()
        opt_d.step()

        g_loss = bce(D(fake), ones)
        opt_g.zero_grad()
        g_loss.backward()
        opt_g.step()

        d_total += d_loss.item()
        g_total += g_loss.item()
    n = len(loader)
    print(f"epoch {epoch:02d}  D {d_total / n:.3f}  G {g_total / n:.3f}")

    G.eval()
    with torch.no_grad():
        save_image(G(fixed).view(-1, 1, 28, 28), f"sample_{epoch:02d}.png", normalize=True)

torch.save(G.state_dict(), "generator.pt")
