import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms as T
from torchvision.models import resnet34

torch.manual_seed(31)
torch.backends.cudnn.benchmark = True
dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
EPOCHS = 50

stats = ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762))
plain = T.Compose([T.ToTensor(), T.Normalize(*stats)])
noisy = T.Compose([T.RandomCrop(32, 4, padding_mode="reflect"), T.RandomHorizontalFlip(),
                   T.ToTensor(), T.Normalize(*stats), T.RandomErasing(0.25)])

perm = torch.randperm(50_000).tolist()
train = Subset(datasets.CIFAR100("data", True, noisy, download=True), perm[5000:])
valid = Subset(datasets.CIFAR100("data", True, plain), perm[:5000])
train_dl = DataLoader(train, 128, shuffle=True, num_workers=4, pin_memory=True)
valid_dl = DataLoader(valid, 512, num_workers=4)

net = resnet34(weights=None, num_classes=100)
net.conv1 = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
net.maxpool = nn.Identity()
net = net.to(dev)

decay = [p for p in net.parameters() if p.ndim > 1]
rest = [p for p in net.parameters() if p.ndim <= 1]
opt = torch.optim.SGD([{"params": decay, "weight_decay": 5e-4},
                       {"params": rest, "weight_decay": 0.0}], lr=0.1, momentum=0.9)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, EPOCHS)
ce = nn.CrossEntropyLoss(label_smoothing=0.1)


def top1(dl):
    net.eval()
    with torch.no_grad():
        ok = sum((net(x.to(dev)).argmax(1).cpu() == y).sum().item() for x, y in dl)
    net.train()
    return ok / len(dl.dataset)


best_acc, best = 0.0, None
for epoch in range(EPOCHS):
    net.train()
    run, n = torch.zeros((), device=dev), 0
    for x, y in train_dl:
        x, y = x.to(dev, non_blocking=True), y.to(dev, non_blocking=True)
        loss = ce(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        run += loss.detach() * len(y)
        n += len(y)
    sched.step()
    acc = top1(valid_dl)
    print(f"{epoch:3d} lr {sched.get_last_lr()[0]:.4f} loss {run.item() / n:.4f} val {acc:.4f}")
    if acc > best_acc:
        best_acc, best = acc, copy.deepcopy(net.state_dict())

net.load_state_dict(best)
test_dl = DataLoader(datasets.CIFAR100("data", False, plain, download=True), 512)
print(f"test {top1(test_dl):.4f}")
