"""Letters cut from shop receipts; a CSV file lists file and letter."""
import csv
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2


class ReceiptLetters(Dataset):
    def __init__(self, folder, part):
        self.folder = Path(folder)
        with open(self.folder / f"{part}.csv", newline="") as f:
            self.rows = list(csv.DictReader(f))
        self.transform = v2.Compose([
            v2.Resize(28, 28),
            v2.CenterCrop(28),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5], [0.5]),
        ])

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        row = self.rows[i]
        image = Image.open(self.folder / row["file"]).convert("L")
        return self.transform(image), ord(row["letter"]) - ord("A")


def train(model, loader, optimizer, loss_fn):
    model.train()
    epoch_loss = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    epoch_loss /= len(loader.dataset)
    return epoch_loss


def accuracy(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x).argmax(1) == y).sum().item()
    return correct / len(loader.dataset)


def main():
    torch.manual_seed(26)
    train_loader = DataLoader(ReceiptLetters("letters", "train"), batch_size=64, shuffle=True)
    test_loader = DataLoader(ReceiptLetters("letters", "test"), batch_size=256)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 7 * 7, 26),
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(12):
        print(f"epoch {epoch + 1}: loss {train(model, train_loader, optimizer, loss_fn):.5f}")
    print(f"test accuracy {accuracy(model, test_loader):.4f}")
    torch.save(model.state_dict(), "letters.pt")


if __name__ == "__main__":
    main()
