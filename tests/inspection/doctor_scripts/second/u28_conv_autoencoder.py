"""Convolutional autoencoder for Fashion-MNIST; draws some reconstructions of test pictures."""
import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets
from torchvision.transforms import ToTensor
from torchvision.utils import save_image


class AutoEncoder(nn.Module):
    def __init__(self, code=32):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 7 * 7, code),
        )
        self.decoder = nn.Sequential(
            nn.Linear(code, 32 * 7 * 7), nn.ReLU(), nn.Unflatten(1, (32, 7, 7)),
            nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1), nn.Sigmoid(),
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--code", type=int, default=32)
    ap.add_argument("--epochs", type=int, default=15)
    ap.add_argument("--seed", type=int, default=404)
    opt = ap.parse_args()

    torch.manual_seed(opt.seed)
    train = datasets.FashionMNIST("data", train=True, download=True, transform=ToTensor())
    test = datasets.FashionMNIST("data", train=False, download=True, transform=ToTensor())
    loader = DataLoader(train, batch_size=256, shuffle=True)

    ae = AutoEncoder(opt.code)
    bce = nn.BCELoss()
    adam = torch.optim.Adam(ae.parameters(), lr=1e-3)
    for epoch in range(opt.epochs):
        ae.train()
        summed, count = 0.0, 0
        for pictures, _ in loader:
            adam.zero_grad()
            loss = bce(ae(pictures), pictures)
            loss.backward()
            adam.step()
            summed += loss.item() * pictures.shape[0]
            count += pictures.shape[0]
        print(f"{epoch + 1:3d}  {summed / count:.5f}")

    ae.eval()
    with torch.no_grad():
        error = 0.0
        for pictures, _ in DataLoader(test, batch_size=500):
            error += ((ae(pictures) - pictures) ** 2).mean(dim=(1, 2, 3)).sum().item()
        print(f"mean squared error per test picture: {error / len(test):.5f}")
        row = torch.stack([test[i][0] for i in range(12)])
        save_image(torch.cat([row, ae(row)]), "reconstructions.png", nrow=12)
    torch.save(ae.encoder.state_dict(), "encoder.pt")


if __name__ == "__main__":
    main()
