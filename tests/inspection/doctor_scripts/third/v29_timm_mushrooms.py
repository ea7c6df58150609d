"""Mushroom species with timm and albumentations."""
import glob
import os

import albumentations as A
import cv2
import timm
import torch
from albumentations.pytorch import ToTensorV2
from torch.utils.data import DataLoader, Dataset, random_split

torch.manual_seed(404)
SIZE = 224
device = "cuda" if torch.cuda.is_available() else "cpu"

pipeline = A.Compose([
    A.Resize(SIZE + 32, SIZE + 32),
    A.RandomCrop(SIZE, SIZE),
    A.HorizontalFlip(p=0.5),
    A.RandomBrightnessContrast(p=0.3),
    A.Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
    ToTensorV2(),
])


class Mushrooms(Dataset):
    def __init__(self, root, tf):
        self.files = sorted(glob.glob(os.path.join(root, "*", "*.jpg")))
        self.names = sorted({os.path.basename(os.path.dirname(f)) for f in self.files})
        self.tf = tf

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        path = self.files[i]
        image = cv2.imread(path, cv2.IMREAD_COLOR)
        label = self.names.index(os.path.basename(os.path.dirname(path)))
        return self.tf(image=image)["image"], label


data = Mushrooms("mushrooms", pipeline)
n_val = len(data) // 5
train_part, val_part = random_split(data, [len(data) - n_val, n_val])
train_dl = DataLoader(train_part, batch_size=32, shuffle=True, num_workers=4)
val_dl = DataLoader(val_part, batch_size=64, num_workers=4)

model = timm.create_model("resnet50", pretrained=True, num_classes=len(data.names)).to(device)
opt = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05)
ce = torch.nn.CrossEntropyLoss()
best = 0.0
for epoch in range(12):
    model.train()
    loss_sum, seen = 0.0, 0
    for x, y in train_dl:
        x, y = x.to(device), y.to(device)
        opt.zero_grad()
        loss = ce(model(x), y)
        loss.backward()
        opt.step()
        loss_sum += loss.item() * len(y)
        seen += len(y)
    model.eval()
    hits = 0
    with torch.no_grad():
        for x, y in val_dl:
            hits += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
    acc = hits / n_val
    print(f"epoch {epoch}: loss {loss_sum / seen:.4f}  val {acc:.4f}")
    if acc > best:
        best = acc
        torch.save(model.state_dict(), "mushrooms_resnet50.pt")
