"""Fine-tune a pretrained network on traffic signs listed in a CSV file."""
import csv

import cv2
import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset
from torchvision.models import ResNet18_Weights, resnet18

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
IMAGENET_STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)


class SignDataset(Dataset):
    """Rows of the CSV file: path,label."""

    def __init__(self, csv_path):
        with open(csv_path, newline="") as f:
            self.rows = [(path, int(label)) for path, label in csv.reader(f)]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        path, label = self.rows[i]
        image = cv2.imread(path)
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        image = cv2.resize(image, (224, 224), interpolation=cv2.INTER_AREA)
        image = (image.astype(np.float32) / 255.0 - IMAGENET_MEAN) / IMAGENET_STD
        return torch.from_numpy(image).permute(2, 0, 1), label


def evaluate(model, loader, device):
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
    return correct / len(loader.dataset)


def main():
    torch.manual_seed(21)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    train_loader = DataLoader(SignDataset("train.csv"), batch_size=32, shuffle=True)
    val_loader = DataLoader(SignDataset("val.csv"), batch_size=64)
    test_loader = DataLoader(SignDataset("test.csv"), batch_size=64)

    model = resnet18(weights=ResNet18_Weights.DEFAULT)
    model.fc = nn.Linear(model.fc.in_features, 43)
    model.to(device)
    optimizer = optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    criterion = nn.CrossEntropyLoss()

    best = 0.0
    for epoch in range(10):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
        val = evaluate(model, val_loader, device)
        print(epoch, val)
        if val > best:
            best = val
            torch.save(model.state_dict(), "signs.pth")

    model.load_state_dict(torch.load("signs.pth", map_location=device, weights_only=True))
    print("test:", evaluate(model, test_loader, device))


if __name__ == "__main__":
    main()
