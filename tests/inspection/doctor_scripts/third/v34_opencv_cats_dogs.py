import os
import random

import cv2
import numpy as np
import torch
import torch.nn as nn
import torchvision
from torch.utils.data import DataLoader, Dataset

SEED = 1999
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)
FOLDER = "PetImages"
MEAN = np.float32([0.485, 0.456, 0.406])
STD = np.float32([0.229, 0.224, 0.225])


class Pets(Dataset):
    def __init__(self, items, training):
        self.items, self.training = items, training

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        path, label = self.items[i]
        img = cv2.resize(cv2.imread(path), (224, 224), interpolation=cv2.INTER_AREA)
        img = img[:, :, ::-1].astype(np.float32) / 255.0
        img = (img - MEAN) / STD
        if self.training and random.random() < 0.5:
            img = img[:, ::-1]
        return torch.from_numpy(np.moveaxis(img, -1, 0).copy()), label


items = []
for label, kind in enumerate(["Cat", "Dog"]):
    for name in sorted(os.listdir(os.path.join(FOLDER, kind))):
        if name.endswith(".jpg"):
            items.append((os.path.join(FOLDER, kind, name), label))
random.shuffle(items)
n = len(items)
cut1, cut2 = int(0.8 * n), int(0.9 * n)
train_dl = DataLoader(Pets(items[:cut1], True), batch_size=32, shuffle=True, num_workers=4)
val_dl = DataLoader(Pets(items[cut1:cut2], False), batch_size=64, num_workers=4)
test_dl = DataLoader(Pets(items[cut2:], False), batch_size=64, num_workers=4)

dev = "cuda" if torch.cuda.is_available() else "cpu"
net = torchvision.models.resnet18(weights="DEFAULT")
net.fc = nn.Linear(512, 1)
net = net.to(dev)
bce = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-4)


def accuracy(dl):
    net.eval()
    ok = 0
    with torch.no_grad():
        for x, y in dl:
            guess = (net(x.to(dev)).squeeze(1) > 0).long().cpu()
            ok += (guess == y).sum().item()
    return ok / len(dl.dataset)


for epoch in range(4):
    net.train()
    for x, y in train_dl:
        for p in net.parameters():
            p.grad = None
        loss = bce(net(x.to(dev)).squeeze(1), y.float().to(dev))
        loss.backward()
        opt.step()
    print("epoch", epoch + 1, "validation accuracy", round(accuracy(val_dl), 4))
print("test accuracy", round(accuracy(test_dl), 4))
torch.save(net.state_dict(), "pets.pth")
