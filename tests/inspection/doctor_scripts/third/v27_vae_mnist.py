"""Basic VAE (after Kingma & Welling)."""
import argparse

import torch
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.utils import save_image

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args()
torch.manual_seed(args.seed)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

train_set = datasets.MNIST("data", train=True, download=True, transform=transforms.ToTensor())
test_set = datasets.MNIST("data", train=False, transform=transforms.ToTensor())
train_loader = DataLoader(train_set, batch_size=128, shuffle=True)
test_loader = DataLoader(test_set, batch_size=128)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 400)
        self.mu = nn.Linear(400, 20)
        self.logvar = nn.Linear(400, 20)
        self.fc3 = nn.Linear(20, 400)
        self.fc4 = nn.Linear(400, 784)

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        h = F.relu(self.fc1(x.view(-1, 784)))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar) if self.training else mu
        return self.decode(z), mu, logvar


def elbo_loss(out, x):
    recon, mu, logvar = out
    bce = F.binary_cross_entropy(recon, x.view(-1, 784), reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


model = VAE().to(device)
optimizer = optim.Adam(model.parameters(), lr=1e-3)


def train(epoch):
    model.train()
    total = 0.0
    for x, _ in train_loader:
        x = x.to(device)
        optimizer.zero_grad()
        loss = elbo_loss(model(x), x)
        loss.backward()
        total += loss.item()
        optimizer.step()
    print(f"====> Epoch {epoch}: average loss {total / len(train_loader.dataset):.4f}")


for epoch in range(1, args.epochs + 1):
    train(epoch)
    with torch.no_grad():
        grid = model.decode(torch.randn(64, 20, device=device)).view(64, 1, 28, 28)
        save_image(grid.cpu(), f"sample_{epoch}.png")

model.eval()
with torch.no_grad():
    total = sum(elbo_loss(model(x.to(device)), x.to(device)).item()
                for x, _ in test_loader)
print(f"====> Test loss: {total / len(test_set):.4f}")
