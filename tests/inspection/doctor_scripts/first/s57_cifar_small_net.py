import copy

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Subset
from torchvision import datasets
from torchvision import transforms as T

torch.manual_seed(2024)
device = "cuda" if torch.cuda.is_available() else "cpu"
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)

augment = T.Compose([
    T.RandomCrop(32, padding=4),
    T.RandomHorizontalFlip(),
    T.ToTensor(),
    T.Normalize(MEAN, STD),
])
plain = T.Compose([T.ToTensor(), T.Normalize(MEAN, STD)])

# the same 50 000 pictures twice: once with augmentation, once without
with_aug = datasets.CIFAR10("data", train=True, download=True, transform=augment)
without = datasets.CIFAR10("data", train=True, transform=plain)
order = torch.randperm(len(with_aug)).tolist()
cut = len(order) // 10
train_loader = DataLoader(Subset(with_aug, order[cut:]), batch_size=128, shuffle=True)
val_loader = DataLoader(Subset(without, order[:cut]), batch_size=500)
test_loader = DataLoader(datasets.CIFAR10("data", train=False, transform=plain), batch_size=500)


def block(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(),
        nn.Conv2d(cout, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(),
        nn.MaxPool2d(2),
    )


model = nn.Sequential(
    block(3, 64), block(64, 128), block(128, 256),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10),
).to(device)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
EPOCHS = 30
schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS)


@torch.no_grad()
def accuracy(loader):
    model.eval()
    right = total = 0
    for x, y in loader:
        right += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
        total += len(y)
    return right / total


best, best_state = 0.0, None
for epoch in range(EPOCHS):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad(set_to_none=True)
        criterion(model(x.to(device)), y.to(device)).backward()
        optimizer.step()
    schedule.step()
    acc = accuracy(val_loader)
    print(f"{epoch:3d}  validation {acc:.4f}")
    if acc > best:
        best, best_state = acc, copy.deepcopy(model.state_dict())

model.load_state_dict(best_state)
torch.save(best_state, "cifar_best.pth")
print("test", accuracy(test_loader))
