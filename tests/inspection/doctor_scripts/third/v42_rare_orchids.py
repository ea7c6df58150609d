"""Orchid photos, very unequal classes: draw the rare ones more often."""
import albumentations as A
import numpy as np
import torch
import torch.nn as nn
from albumentations.pytorch import ToTensorV2
from PIL import Image
from torch.utils.data import DataLoader, WeightedRandomSampler
from torchvision.datasets import ImageFolder
from torchvision.models import EfficientNet_B0_Weights, efficientnet_b0

np.random.seed(16)
torch.manual_seed(16)
device = "cuda" if torch.cuda.is_available() else "cpu"
STATS = dict(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))

fit_tf = A.Compose([
    A.Resize(256, 256), A.RandomCrop(224, 224), A.HorizontalFlip(), A.Rotate(limit=30),
    A.HueSaturationValue(p=0.3), A.Normalize(**STATS), ToTensorV2()], seed=16)
plain_tf = A.Compose([
    A.Resize(256, 256), A.CenterCrop(224, 224), A.Normalize(**STATS), ToTensorV2()])


def open_rgb(path):
    return np.array(Image.open(path).convert("RGB"))


def folder(name, tf):
    return ImageFolder(f"orchids/{name}", transform=lambda im: tf(image=im)["image"],
                       loader=open_rgb)


fit, val, test = folder("fit", fit_tf), folder("val", plain_tf), folder("test", plain_tf)
counts = np.bincount(fit.targets)
weights = (1.0 / counts)[fit.targets]
sampler = WeightedRandomSampler(torch.as_tensor(weights), num_samples=len(fit), replacement=True)
fit_dl = DataLoader(fit, batch_size=32, sampler=sampler, shuffle=False)
val_dl = DataLoader(val, batch_size=64, shuffle=False)
test_dl = DataLoader(test, batch_size=64, shuffle=False)

net = efficientnet_b0(weights=EfficientNet_B0_Weights.IMAGENET1K_V1)
net.classifier = nn.Sequential(nn.Dropout(0.3), nn.Linear(1280, len(fit.classes)))
net.to(device)
opt = torch.optim.AdamW(net.parameters(), lr=2e-4)
ce = nn.CrossEntropyLoss()


@torch.no_grad()
def balanced(dl):
    net.eval()
    k = len(fit.classes)
    table = torch.zeros(k, k, dtype=torch.long)
    for x, y in dl:
        p = net(x.to(device)).argmax(1).cpu()
        table += torch.bincount(y * k + p, minlength=k * k).view(k, k)
    return (table.diag() / table.sum(1).clamp(min=1)).mean().item()


best, bad = 0.0, 0
for epoch in range(40):
    net.train()
    for x, y in fit_dl:
        opt.zero_grad()
        ce(net(x.to(device)), y.to(device)).backward()
        opt.step()
    score = balanced(val_dl)
    print(f"epoch {epoch}: balanced validation accuracy {score:.4f}")
    if score > best:
        best, bad = score, 0
        torch.save(net.state_dict(), "orchids.pt")
    else:
        bad += 1
        if bad == 5:
            break
net.load_state_dict(torch.load("orchids.pt", weights_only=True))
print(f"balanced test accuracy {balanced(test_dl):.4f}")
