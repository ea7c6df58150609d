"""MobileNet on a folder of flowers with a stratified split drawn from one generator."""
from collections import defaultdict

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import transforms as T
from torchvision.datasets import ImageFolder
from torchvision.models import MobileNet_V3_Small_Weights, mobilenet_v3_small

ROOT = "flower_photos"
gen = torch.Generator().manual_seed(88)
torch.manual_seed(88)
device = "cuda" if torch.cuda.is_available() else "cpu"


def stratified(targets, fraction):
    members = defaultdict(list)
    for i, t in enumerate(targets):
        members[t].append(i)
    kept, held = [], []
    for t in sorted(members):
        order = torch.randperm(len(members[t]), generator=gen).tolist()
        n = max(1, round(fraction * len(order)))
        held += [members[t][j] for j in order[:n]]
        kept += [members[t][j] for j in order[n:]]
    return kept, held


normalise = T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
train_view = ImageFolder(ROOT, T.Compose([
    T.RandomResizedCrop(224, scale=(0.5, 1.0)), T.RandomHorizontalFlip(), T.RandomVerticalFlip(),
    T.RandomRotation(180), T.ToTensor(), normalise,
]))
plain_view = ImageFolder(ROOT, T.Compose([
    T.Resize(256), T.CenterCrop(224), T.ToTensor(), normalise,
]))
kept, held = stratified(train_view.targets, 0.2)
train_dl = DataLoader(Subset(train_view, kept), 32, shuffle=True, num_workers=4)
test_dl = DataLoader(Subset(plain_view, held), 64, num_workers=4)

net = mobilenet_v3_small(weights=MobileNet_V3_Small_Weights.DEFAULT)
net.classifier[3] = nn.Linear(net.classifier[3].in_features, len(train_view.classes))
net = net.to(device)
opt = torch.optim.AdamW([
    {"params": net.features.parameters(), "lr": 1e-4},
    {"params": net.classifier.parameters(), "lr": 1e-3},
])
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)

for epoch in range(8):
    net.train()
    running = 0.0
    for x, y in train_dl:
        x, y = x.to(device), y.to(device)
        loss = criterion(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        running += loss.item() * x.size(0)
    print(f"epoch {epoch + 1}: {running / len(kept):.4f}")

net.eval()
good = 0
with torch.no_grad():
    for x, y in test_dl:
        good += (net(x.to(device)).argmax(1).cpu() == y).sum().item()
print(f"held-out accuracy {good / len(held):.3f}")
torch.save(net.state_dict(), "flowers.pt")
