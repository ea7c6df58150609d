"""Denoising autoencoder for MNIST; the noisy picture goes in, the clean one is the target."""
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

NOISE = 0.4


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(32, 16, 2, stride=2), nn.BatchNorm2d(16), nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 2, stride=2), nn.Sigmoid(),
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


def add_noise(x, generator):
    return (x + NOISE * torch.randn(x.shape, generator=generator)).clamp(0, 1)


def main():
    torch.manual_seed(0)
    noise_source = torch.Generator().manual_seed(1)
    train = datasets.MNIST("data", train=True, download=True, transform=transforms.ToTensor())
    test = datasets.MNIST("data", train=False, transform=transforms.ToTensor())
    train_loader = DataLoader(train, batch_size=128, shuffle=True)
    test_loader = DataLoader(test, batch_size=500)

    model = Denoiser()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    mse = nn.MSELoss()

    for epoch in range(5):
        model.train()
        running = 0.0
        for clean, _ in train_loader:
            optimizer.zero_grad()
            loss = mse(model(add_noise(clean, noise_source)), clean)
            loss.backward()
            optimizer.step()
            running += loss.item() * clean.size(0)
        print(f"epoch {epoch + 1}: training error {running / len(train):.5f}")

    model.eval()
    noise_source.manual_seed(2)
    error = torch.tensor(0.0)
    baseline = torch.tensor(0.0)
    with torch.no_grad():
        for clean, _ in test_loader:
            noisy = add_noise(clean, noise_source)
            error += mse(model(noisy), clean) * len(clean)
            baseline += mse(noisy, clean) * len(clean)
    print(f"test error {error / len(test):.5f} (noisy input {baseline / len(test):.5f})")
    torch.save(model.state_dict(), "denoiser.pt")


if __name__ == "__main__":
    main()
