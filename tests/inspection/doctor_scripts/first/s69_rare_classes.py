"""Defects on small parts: few bad ones, so they are drawn more often."""
import numpy as np
import torch
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Subset, WeightedRandomSampler
from torchvision import transforms as T
from torchvision.datasets import ImageFolder

torch.manual_seed(6)

plain = T.Compose([T.Resize((64, 64)), T.ToTensor()])
varied = T.Compose([T.Resize((64, 64)), T.RandomHorizontalFlip(), T.ToTensor()])
for_training = ImageFolder("parts", transform=varied)
for_testing = ImageFolder("parts", transform=plain)

labels = np.array(for_training.targets)
train_idx, test_idx = train_test_split(
    np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=6
)

counts = np.bincount(labels[train_idx])
weights = 1.0 / counts[labels[train_idx]]
sampler = WeightedRandomSampler(torch.from_numpy(weights), num_samples=len(train_idx))
train_loader = DataLoader(Subset(for_training, train_idx), batch_size=32, sampler=sampler)
test_loader = DataLoader(Subset(for_testing, test_idx), batch_size=64)


class PartNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.BatchNorm2d(64), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )
        self.out = nn.Linear(64, classes)

    def forward(self, x):
        return self.out(self.body(x))


model = PartNet(len(counts))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-4)
criterion = nn.CrossEntropyLoss()

for epoch in range(15):
    model.train()
    losses = []
    for x, y in train_loader:
        model.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: {np.mean(losses):.4f}")

model.eval()
truth, guess = [], []
with torch.no_grad():
    for x, y in test_loader:
        truth += y.tolist()
        guess += model(x).argmax(dim=1).tolist()
print("balanced accuracy:", balanced_accuracy_score(truth, guess))
