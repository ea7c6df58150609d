from pathlib import Path

import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

torch.manual_seed(0)
ROOT = Path("plantvillage")          # train/, val/ and test/ with one folder per disease
NORM = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])

train_tf = transforms.Compose([
    transforms.RandomResizedCrop(224, scale=(0.7, 1.0)),
    transforms.RandomHorizontalFlip(),
    transforms.RandomVerticalFlip(),
    transforms.ToTensor(),
    NORM,
])
eval_tf = transforms.Compose([
    transforms.Resize(224, 224),
    transforms.ColorJitter(brightness=0.2, contrast=0.2),
    transforms.ToTensor(),
    NORM,
])

train_ds = datasets.ImageFolder(ROOT / "train", train_tf)
val_ds = datasets.ImageFolder(ROOT / "val", eval_tf)
test_ds = datasets.ImageFolder(ROOT / "test", eval_tf)
train_dl = DataLoader(train_ds, batch_size=32, shuffle=True, num_workers=4)
val_dl = DataLoader(val_ds, batch_size=64, num_workers=4)
test_dl = DataLoader(test_ds, batch_size=64, num_workers=4)

device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
model = models.efficientnet_b0(weights=models.EfficientNet_B0_Weights.DEFAULT)
model.classifier[1] = nn.Linear(model.classifier[1].in_features, len(train_ds.classes))
model = model.to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
criterion = nn.CrossEntropyLoss()


def check(dl):
    model.eval()
    good = 0
    with torch.no_grad():
        for x, y in dl:
            good += (model(x.to(device)).argmax(1) == y.to(device)).sum().item()
    return good / len(dl.dataset)


best = 0
for epoch in range(12):
    model.train()
    seen, loss_sum = 0, 0.0
    for x, y in train_dl:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * x.size(0)
        seen += x.size(0)
    acc = check(val_dl)
    print(f"{epoch + 1:2d}: loss {loss_sum / seen:.4f} val {acc:.4f}")
    if acc > best:
        best = acc
        torch.save(model.state_dict(), "leaf_best.pt")

model.load_state_dict(torch.load("leaf_best.pt", weights_only=True))
print("test accuracy:", check(test_dl))
