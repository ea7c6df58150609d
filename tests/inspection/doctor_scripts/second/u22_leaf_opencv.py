"""Leaf diseases: OpenCV reading, albumentations, a small convnet at 96 px."""
import glob
import os

import albumentations as A
import cv2
import numpy as np
import torch
from albumentations.pytorch import ToTensorV2
from torch import nn
from torch.utils.data import DataLoader, Dataset

SEED = 21
torch.manual_seed(SEED)
cv2.setNumThreads(0)
NORM = dict(mean=(0.45, 0.48, 0.40), std=(0.20, 0.18, 0.21))

train_aug = A.Compose([
    A.Resize(96, 96), A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.5), A.RandomRotate90(p=0.5),
    A.RandomBrightnessContrast(p=0.3), A.Normalize(**NORM), ToTensorV2(),
], seed=SEED)
plain = A.Compose([A.Resize(96, 96), A.Normalize(**NORM), ToTensorV2()])

classes = sorted(os.listdir("leaves"))
files = sorted(glob.glob("leaves/*/*.jpg"))
np.random.default_rng(SEED).shuffle(files)
cut = int(0.7 * len(files)), int(0.85 * len(files))


class Leaves(Dataset):
    def __init__(self, files, aug):
        self.files, self.aug = files, aug

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        image = cv2.cvtColor(cv2.imread(self.files[i]), cv2.COLOR_BGR2RGB)
        label = classes.index(os.path.basename(os.path.dirname(self.files[i])))
        return self.aug(image=image)["image"], label


train_dl = DataLoader(Leaves(files[:cut[0]], train_aug), 32, shuffle=True, num_workers=4)
valid_dl = DataLoader(Leaves(files[cut[0]:cut[1]], plain), 64)
test_dl = DataLoader(Leaves(files[cut[1]:], plain), 64)

parts, c = [], 3
for width in (32, 64, 128, 128):
    parts += [nn.Conv2d(c, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(),
              nn.MaxPool2d(2)]
    c = width
model = nn.Sequential(*parts, nn.Flatten(), nn.Dropout(0.5), nn.Linear(128 * 36, len(classes)))
opt = torch.optim.Adam(model.parameters(), lr=5e-4)


def score(dl):
    model.eval()
    with torch.no_grad():
        return np.mean(np.concatenate([(model(x).argmax(1) == y).numpy() for x, y in dl]))


best = -1.0
for epoch in range(30):
    model.train()
    for x, y in train_dl:
        opt.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        opt.step()
    acc = score(valid_dl)
    print(epoch, f"{acc:.3f}")
    if acc > best:
        best = acc
        torch.save(model.state_dict(), "leaves.pt")

model.load_state_dict(torch.load("leaves.pt", weights_only=True))
print(f"test {score(test_dl):.3f}")
