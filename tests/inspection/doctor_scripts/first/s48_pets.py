"""Fine-tune on pet breeds, then name the breed of one photo."""
import sys

import torch
import torch.nn as nn
import torchvision.transforms.functional as TF
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import models, transforms
from torchvision.datasets import OxfordIIITPet

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

train_tf = transforms.Compose([
    transforms.RandomResizedCrop(224),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    transforms.Normalize(MEAN, STD),
])
test_tf = transforms.Compose([
    transforms.Resize((224, 224)),
    transforms.ToTensor(),
    transforms.Normalize(MEAN, STD),
])


def fit(model, device, epochs=4):
    data = OxfordIIITPet("data", split="trainval", download=True, transform=train_tf)
    loader = DataLoader(data, batch_size=32, shuffle=True, num_workers=2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        running = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
            running += loss.item()
        print(f"epoch {epoch + 1}: {running / len(loader):.4f}")
    return data.classes


def score(model, device):
    data = OxfordIIITPet("data", split="test", download=True, transform=test_tf)
    model.eval()
    hits = 0
    with torch.no_grad():
        for x, y in DataLoader(data, batch_size=64, num_workers=2):
            hits += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
    return hits / len(data)


def predict(model, classes, path, device):
    image = Image.open(path).convert("RGB")
    image = TF.center_crop(TF.resize(image, 224, 224), 224)
    x = TF.to_tensor(image).unsqueeze(0).to(device)
    model.eval()
    with torch.no_grad():
        return classes[model(x).argmax(dim=1).item()]


def main():
    torch.manual_seed(19)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = models.resnet34(weights=models.ResNet34_Weights.DEFAULT)
    model.fc = nn.Linear(model.fc.in_features, 37)
    model.to(device)
    classes = fit(model, device)
    print(f"test accuracy {score(model, device):.3f}")
    print(predict(model, classes, sys.argv[1], device))


if __name__ == "__main__":
    main()
