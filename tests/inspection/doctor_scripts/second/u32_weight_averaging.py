"""Stochastic weight averaging on CIFAR-10."""
import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms as T

EPOCHS, SWA_START = 60, 45
torch.manual_seed(10)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

to_input = [T.ToTensor(), T.Normalize((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616))]
augment = T.Compose([T.RandomCrop(32, 4), T.RandomHorizontalFlip(), *to_input])
train = datasets.CIFAR10("data", train=True, transform=augment, download=True)
test = datasets.CIFAR10("data", train=False, transform=T.Compose(to_input))
train_dl = DataLoader(train, 128, shuffle=True, num_workers=4)


def vgg(plan=(64, 64, "M", 128, 128, "M", 256, 256, "M")):
    mods, c = [], 3
    for p in plan:
        if p == "M":
            mods.append(nn.MaxPool2d(2))
        else:
            mods += [nn.Conv2d(c, p, 3, padding=1, bias=False), nn.BatchNorm2d(p), nn.ReLU()]
            c = p
    return nn.Sequential(*mods, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 10))


model = vgg().to(device)
swa_model = AveragedModel(model)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=SWA_START)
swa_scheduler = SWALR(optimizer, swa_lr=0.01)

for epoch in range(EPOCHS):
    model.train()
    meter = torch.zeros((), device=device)
    for x, y in train_dl:
        x, y = x.to(device), y.to(device)
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        meter += loss.detach() * len(y)
    if epoch >= SWA_START:
        swa_model.update_parameters(model)
        swa_scheduler.step()
    else:
        cosine.step()
    print(f"epoch {epoch + 1}/{EPOCHS}  loss {meter.item() / len(train):.4f}")

update_bn(train_dl, swa_model, device=device)

swa_model.eval()
right = 0
with torch.inference_mode():
    for x, y in DataLoader(test, 1000):
        right += (swa_model(x.to(device)).argmax(dim=1).cpu() == y).sum().item()
print(f"averaged weights: {right / len(test):.4f}")
torch.save(swa_model.module.state_dict(), "swa.pt")
