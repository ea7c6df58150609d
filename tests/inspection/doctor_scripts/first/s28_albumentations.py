from pathlib import Path

import albumentations as A
import cv2
import numpy as np
import torch
from albumentations.pytorch import ToTensorV2
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset

A_TRAIN = A.Compose([
    A.Resize(32, 32),
    A.HorizontalFlip(p=0.5),
    A.RandomBrightnessContrast(p=0.3),
    A.Normalize(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    ToTensorV2(),
], seed=9)
A_TEST = A.Compose([
    A.Resize(32, 32),
    A.Normalize(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    ToTensorV2(),
])


class CatsAndDogs(Dataset):
    def __init__(self, files, transform):
        self.files = files
        self.transform = transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        path = self.files[index]
        image = np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])
        label = 1 if path.name.startswith("dog") else 0
        return self.transform(image=image)["image"], label


def main():
    torch.manual_seed(9)
    files = sorted(Path("cats_dogs").glob("*.jpg"))
    train_files, test_files = train_test_split(files, test_size=0.2, random_state=9)
    train_loader = DataLoader(CatsAndDogs(train_files, A_TRAIN), batch_size=64, shuffle=True)
    test_loader = DataLoader(CatsAndDogs(test_files, A_TEST), batch_size=64)

    net = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 64, 128), nn.ReLU(), nn.Dropout(0.4), nn.Linear(128, 1),
    )
    optimizer = torch.optim.Adam(net.parameters())
    criterion = nn.BCEWithLogitsLoss()

    for epoch in range(10):
        net.train()
        total = 0.0
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(net(x).squeeze(1), y.float())
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        print(f"epoch {epoch + 1}: loss {total / len(train_files):.4f}")

    net.eval()
    right = 0
    with torch.no_grad():
        for x, y in test_loader:
            right += ((net(x).squeeze(1) > 0).long() == y).sum().item()
    print(f"test accuracy {right / len(test_files):.4f}")


if __name__ == "__main__":
    main()
