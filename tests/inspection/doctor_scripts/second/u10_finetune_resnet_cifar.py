"""Linear probe, then full fine-tuning, of an ImageNet ResNet-18 on CIFAR-10 (upscaled)."""
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms as T
from torchvision.models import ResNet18_Weights, resnet18


def fix_seed(n):
    random.seed(n)
    np.random.seed(n)
    torch.manual_seed(n)
    torch.cuda.manual_seed_all(n)


fix_seed(2024)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
norm = T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
train_tf = T.Compose([T.Resize((224, 224)), T.RandomHorizontalFlip(), T.ToTensor(), norm])
eval_tf = T.Compose([T.Resize((224, 224)), T.ToTensor(), norm])

idx = np.random.permutation(50_000)
train_ds = Subset(datasets.CIFAR10("data", True, train_tf, download=True), idx[5000:].tolist())
valid_ds = Subset(datasets.CIFAR10("data", True, eval_tf), idx[:5000].tolist())
train_dl = DataLoader(train_ds, 64, shuffle=True, num_workers=4, pin_memory=True)
valid_dl = DataLoader(valid_ds, 256, num_workers=4)

model = resnet18(weights=ResNet18_Weights.IMAGENET1K_V1)
model.fc = nn.Linear(model.fc.in_features, 10)
model.to(device)
ce = nn.CrossEntropyLoss()


def run(optimizer, epochs, scheduler=None):
    for epoch in range(epochs):
        model.train()
        total, count = 0.0, 0
        for x, y in train_dl:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = ce(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            count += len(y)
        if scheduler:
            scheduler.step()
        print(f"train loss {total / count:.3f}  valid acc {score(valid_dl):.4f}")


@torch.no_grad()
def score(dl):
    model.eval()
    hits = sum((model(x.to(device)).argmax(1) == y.to(device)).sum().item() for x, y in dl)
    return hits / len(dl.dataset)


for name, p in model.named_parameters():
    p.requires_grad = name.startswith("fc.")
run(torch.optim.Adam(model.fc.parameters(), lr=1e-3), epochs=2)

for p in model.parameters():
    p.requires_grad = True
opt = torch.optim.SGD(model.parameters(), lr=2e-3, momentum=0.9, weight_decay=1e-4)
run(opt, epochs=5, scheduler=torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=5))

test_dl = DataLoader(datasets.CIFAR10("data", False, eval_tf), 256, num_workers=4)
print("test accuracy:", score(test_dl))
torch.save(model.state_dict(), "resnet18_cifar10.pt")
