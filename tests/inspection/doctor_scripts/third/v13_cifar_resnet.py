"""CIFAR-10 baseline."""
import argparse

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms
from torchvision.models import resnet18

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def get_loaders(root, batch):
    aug = transforms.Compose([
        transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(),
        transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    plain = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    order = torch.randperm(50000, generator=torch.Generator().manual_seed(0)).tolist()
    fit = Subset(datasets.CIFAR10(root, True, transform=aug, download=True), order[:45000])
    val = Subset(datasets.CIFAR10(root, True, transform=plain), order[45000:])
    test = datasets.CIFAR10(root, False, transform=plain)
    return (DataLoader(fit, batch, shuffle=True, num_workers=2),
            DataLoader(val, 500), DataLoader(test, 500))


def evaluate(net, loader, dev):
    was_training = net.training
    net.eval()
    n = 0
    with torch.no_grad():
        for x, y in loader:
            n += net(x.to(dev)).argmax(dim=1).eq(y.to(dev)).sum().item()
    net.train(was_training)
    return n / len(loader.dataset)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--root", default="./data")
    p.add_argument("--epochs", type=int, default=60)
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--lr", type=float, default=0.1)
    p.add_argument("--seed", type=int, default=3)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    dev = "cuda" if torch.cuda.is_available() else "cpu"
    fit, val, test = get_loaders(a.root, a.batch)
    net = resnet18(weights=None, num_classes=10).to(dev)
    opt = torch.optim.SGD(net.parameters(), lr=a.lr, momentum=0.9, weight_decay=5e-4,
                          nesterov=True)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=a.epochs)
    for epoch in range(a.epochs):
        sched.step()
        net.train()
        total = count = 0
        for x, y in fit:
            x, y = x.to(dev), y.to(dev)
            opt.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
            count += len(x)
        print(f"{epoch:3d} loss {total / count:.4f} val {evaluate(net, val, dev):.4f}")
    print(f"test {evaluate(net, test, dev):.4f}")
    torch.save(net.state_dict(), "cifar_resnet18.pt")


if __name__ == "__main__":
    main()
