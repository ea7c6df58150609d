import random
from pathlib import Path

import albumentations as A
import cv2
import numpy as np
import timm
import torch
from albumentations.pytorch import ToTensorV2
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class Mushrooms(Dataset):
    def __init__(self, root, aug):
        self.files = sorted(Path(root).rglob("*.jpg"))
        self.names = sorted({f.parent.name for f in self.files})
        self.aug = aug

    def __len__(self):
        return len(self.files)

    def __getitem__(self, idx):
        file = self.files[idx]
        img = cv2.imread(str(file))
        img = cv2.cvtColor(img, cv2.COLOR_BGR2RGB)
        return self.aug(image=img)["image"], self.names.index(file.parent.name)


set_seed(1001)
device = "cuda" if torch.cuda.is_available() else "cpu"
aug = A.Compose([
    A.Resize(240, 240),
    A.RandomCrop(224, 224),
    A.HorizontalFlip(p=0.5),
    A.HueSaturationValue(p=0.3),
    A.Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
    ToTensorV2(),
], seed=1001)
dataset = Mushrooms("mushrooms", aug)
n_val = len(dataset) // 5
train_part, val_part = random_split(
    dataset, [len(dataset) - n_val, n_val], generator=torch.Generator().manual_seed(1001)
)
train_dl = DataLoader(train_part, batch_size=32, shuffle=True, num_workers=4)
val_dl = DataLoader(val_part, batch_size=64, num_workers=4)

model = timm.create_model("resnet50", pretrained=True, num_classes=len(dataset.names)).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-4, weight_decay=1e-2)
criterion = nn.CrossEntropyLoss()

for epoch in range(8):
    model.train()
    train_loss = 0.0
    for images, labels in train_dl:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * images.size(0)

    model.eval()
    hits = 0
    with torch.no_grad():
        for images, labels in val_dl:
            hits += (model(images.to(device)).argmax(1).cpu() == labels).sum().item()
    print(f"epoch {epoch}: loss {train_loss / len(train_part):.4f}, val {hits / n_val:.4f}")

torch.save(model.state_dict(), "mushrooms.pt")
