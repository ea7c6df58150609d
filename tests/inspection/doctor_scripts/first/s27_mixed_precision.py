import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, update_bn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

torch.manual_seed(13)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
use_amp = device.type == "cuda"

norm = transforms.Normalize((0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970))
train_tf = transforms.Compose([
    transforms.RandomCrop(32, padding=2),
    transforms.ColorJitter(0.2, 0.2, 0.2),
    transforms.ToTensor(),
    norm,
])
test_tf = transforms.Compose([transforms.ToTensor(), norm])
train_set = datasets.SVHN("data", split="train", download=True, transform=train_tf)
test_set = datasets.SVHN("data", split="test", download=True, transform=test_tf)
train_loader = DataLoader(train_set, batch_size=128, shuffle=True, num_workers=2)
test_loader = DataLoader(test_set, batch_size=512, num_workers=2)


def conv(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, 1, 1), nn.BatchNorm2d(cout), nn.SiLU())


model = nn.Sequential(
    conv(3, 48), conv(48, 48), nn.MaxPool2d(2), conv(48, 96), conv(96, 96), nn.MaxPool2d(2),
    conv(96, 192), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(192, 10),
).to(device)
averaged = AveragedModel(model)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
scaler = torch.amp.GradScaler(enabled=use_amp)

for epoch in range(12):
    model.train()
    total = 0.0
    for x, y in train_loader:
        x, y = x.to(device), y.to(device)
        for p in model.parameters():
            p.grad = None
        with torch.autocast(device.type, enabled=use_amp):
            loss = criterion(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        total += loss.item()
    if epoch >= 6:
        averaged.update_parameters(model)
    print(f"epoch {epoch}: mean batch loss {total / len(train_loader):.4f}")

update_bn(train_loader, averaged, device=device)
averaged.eval()
right = 0
with torch.no_grad():
    for x, y in test_loader:
        right += (averaged(x.to(device)).argmax(1).cpu() == y).sum().item()
print(f"test accuracy of the averaged weights: {right / len(test_set):.4f}")
torch.save(averaged.module.state_dict(), "svhn_average.pt")
