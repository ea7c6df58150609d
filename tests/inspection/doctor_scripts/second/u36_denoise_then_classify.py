"""Stage 1: autoencoder on Fashion-MNIST.  Stage 2: a linear classifier on its codes."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

torch.manual_seed(64)
to_tensor = transforms.ToTensor()
train_set = datasets.FashionMNIST("data", train=True, download=True, transform=to_tensor)
test_set = datasets.FashionMNIST("data", train=False, download=True, transform=to_tensor)
train_loader = DataLoader(train_set, batch_size=128, shuffle=True)
test_loader = DataLoader(test_set, batch_size=1000)

encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 64))
decoder = nn.Sequential(nn.ReLU(), nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 784))
probe = nn.Linear(64, 10)
mse = nn.MSELoss()
ce = nn.CrossEntropyLoss()

optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3)
for epoch in range(10):
    parts = []
    for images, _ in train_loader:
        noisy = images + 0.2 * torch.randn_like(images)
        optimizer.zero_grad()
        loss = mse(decoder(encoder(noisy)), images.flatten(1))
        loss.backward()
        optimizer.step()
        parts.append(loss.item())
    print(f"reconstruction {epoch}: {np.mean(parts):.5f}")

for p in encoder.parameters():
    p.requires_grad = False

probe_opt = torch.optim.Adam(probe.parameters(), lr=1e-2)
for epoch in range(5):
    epoch_loss = 0.0
    for images, labels in train_loader:
        probe_opt.zero_grad()
        loss = ce(probe(encoder(images)), labels)
        loss.backward()
        probe_opt.step()
        epoch_loss += loss.item() * images.size(0)
    epoch_loss /= len(train_loader)
    print(f"probe {epoch}: {epoch_loss:.4f}")

hits = 0
with torch.no_grad():
    for images, labels in test_loader:
        hits += (probe(encoder(images)).argmax(dim=1) == labels).sum().item()
print(f"linear probe accuracy {hits / len(test_set):.4f}")
torch.save({"encoder": encoder.state_dict(), "probe": probe.state_dict()}, "probe.pt")
