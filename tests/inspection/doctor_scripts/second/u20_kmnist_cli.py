"""Train on Kuzushiji-MNIST.  python u20_kmnist_cli.py --epochs 15 --warmup 200"""
import argparse

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


def parse():
    ap = argparse.ArgumentParser()
    ap.add_argument("--root", default="data")
    ap.add_argument("--epochs", type=int, default=15)
    ap.add_argument("--bs", type=int, default=128)
    ap.add_argument("--lr", type=float, default=0.05)
    ap.add_argument("--warmup", type=int, default=200)
    ap.add_argument("--seed", type=int, default=0)
    return ap.parse_args()


class Runner:
    def __init__(self, args):
        self.args = args
        tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.1918, 0.3483)])
        train = datasets.KMNIST(args.root, train=True, download=True, transform=tf)
        test = datasets.KMNIST(args.root, train=False, download=True, transform=tf)
        self.train_dl = DataLoader(train, args.bs, shuffle=True)
        self.test_dl = DataLoader(test, 1000)
        self.net = nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(1600, 10),
        )
        self.opt = torch.optim.SGD(self.net.parameters(), lr=args.lr, momentum=0.9)
        self.sched = LambdaLR(self.opt, lambda it: min(1.0, (it + 1) / args.warmup))
        self.crit = nn.CrossEntropyLoss()

    def step(self, x, y):
        loss = self.crit(self.net(x), y)
        loss.backward()
        self.sched.step()
        self.opt.step()
        return loss.item()

    def train(self):
        for epoch in range(self.args.epochs):
            self.net.train()
            losses = [self.step(x, y) for x, y in self.train_dl]
            print(f"epoch {epoch + 1}: {sum(losses) / len(losses):.4f}")

    @torch.no_grad()
    def test(self):
        self.net.eval()
        hits = sum((self.net(x).argmax(1) == y).sum().item() for x, y in self.test_dl)
        return hits / len(self.test_dl.dataset)


if __name__ == "__main__":
    args = parse()
    torch.manual_seed(args.seed)
    runner = Runner(args)
    runner.train()
    print(f"test accuracy: {runner.test():.4f}")
