import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import EMNIST

torch.manual_seed(42)
BATCH = 128
DEVICE = "cuda:0" if torch.cuda.is_available() else "cpu"

train_tfms = transforms.Compose([
    transforms.RandomAffine(degrees=10, translate=(0.1, 0.1)),
    transforms.RandomHorizontalFlip(p=0.5),
    transforms.ToTensor(),
    transforms.Normalize((0.1722,), (0.3309,)),
])
test_tfms = transforms.Compose([
    transforms.ToTensor(),
    transforms.Normalize((0.1722,), (0.3309,)),
])

train_ds = EMNIST("data", split="letters", train=True, download=True, transform=train_tfms,
                  target_transform=lambda t: t - 1)
test_ds = EMNIST("data", split="letters", train=False, download=True, transform=test_tfms,
                 target_transform=lambda t: t - 1)
train_dl = DataLoader(train_ds, batch_size=BATCH)
test_dl = DataLoader(test_ds, batch_size=BATCH)


class LetterNet(nn.Module):
    def __init__(self, n_classes=26):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(64 * 49, 256), nn.ReLU(),
                                  nn.Dropout(0.4), nn.Linear(256, n_classes))

    def forward(self, x):
        return self.head(self.body(x))


model = LetterNet().to(DEVICE)
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(10):
    model.train()
    epoch_loss = 0.0
    for xb, yb in train_dl:
        xb, yb = xb.to(DEVICE), yb.to(DEVICE)
        optimizer.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    print(f"Epoch {epoch + 1}/10  loss: {epoch_loss / len(train_dl):.4f}")

model.eval()
correct = 0
with torch.no_grad():
    for xb, yb in test_dl:
        preds = model(xb.to(DEVICE)).argmax(dim=1).cpu()
        correct += (preds == yb).sum().item()
print(f"Test accuracy: {100 * correct / len(test_ds):.2f}%")
