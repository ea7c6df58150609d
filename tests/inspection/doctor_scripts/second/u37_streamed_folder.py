"""Pictures of birds are read as a stream (IterableDataset) and shuffled by the dataset itself."""
import random
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, IterableDataset
from torchvision import transforms as T


class PictureStream(IterableDataset):
    def __init__(self, root, transform, shuffled, seed=0):
        self.classes = sorted(d.name for d in Path(root).iterdir() if d.is_dir())
        self.items = [(f, i) for i, c in enumerate(self.classes)
                      for f in sorted(Path(root, c).glob("*.png"))]
        self.transform, self.shuffled = transform, shuffled
        self.rng = random.Random(seed)

    def __iter__(self):
        items = list(self.items)
        if self.shuffled:
            self.rng.shuffle(items)
        for file, label in items:
            with Image.open(file) as picture:
                yield self.transform(picture.convert("RGB")), label


class Birds(nn.Module):
    def __init__(self, n_out):
        super().__init__()
        widths = [3, 32, 64, 128]
        self.stages = nn.Sequential(*[
            nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(),
                          nn.MaxPool2d(2))
            for a, b in zip(widths, widths[1:])
        ])
        self.head = nn.Linear(128, n_out)

    def forward(self, x):
        return self.head(self.stages(x).mean(dim=(2, 3)))


def main():
    torch.manual_seed(14)
    post = [T.ToTensor(), T.Normalize((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))]
    train = PictureStream(
        "birds/train", T.Compose([T.Resize((64, 64)), T.RandomHorizontalFlip(), *post]),
        shuffled=True, seed=14,
    )
    test = PictureStream("birds/test", T.Compose([T.Resize((64, 64)), *post]), shuffled=False)
    loader = DataLoader(train, batch_size=50)
    net = Birds(len(train.classes))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    for epoch in range(20):
        net.train()
        loss_sum, pictures = 0.0, 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(y)
            pictures += len(y)
        print(f"epoch {epoch + 1}: {loss_sum / pictures:.4f} over {pictures} pictures")

    net.eval()
    right = n = 0
    with torch.no_grad():
        for x, y in DataLoader(test, batch_size=200):
            right += (net(x).argmax(1) == y).sum().item()
            n += len(y)
    print(f"test: {right / n:.4f}")


if __name__ == "__main__":
    main()
