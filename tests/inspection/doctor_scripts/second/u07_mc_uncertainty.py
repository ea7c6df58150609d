"""Predictive uncertainty on Fashion-MNIST by Monte-Carlo dropout (Gal & Ghahramani, 2016)."""
import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--samples", type=int, default=30)
    p.add_argument("--p", type=float, default=0.3)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def make_net(p):
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout2d(p),
        nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(p), nn.Linear(64 * 49, 128), nn.ReLU(),
        nn.Dropout(p), nn.Linear(128, 10),
    )


def sample_dropout(net):
    """Evaluation mode for everything (batch norm!) but the dropout layers."""
    net.eval()
    for layer in net.modules():
        if isinstance(layer, (nn.Dropout, nn.Dropout2d)):
            layer.train()


@torch.no_grad()
def mc_predict(net, x, n):
    sample_dropout(net)
    draws = torch.stack([net(x).softmax(-1) for _ in range(n)])
    mean = draws.mean(0)
    entropy = -(mean * mean.clamp_min(1e-9).log()).sum(-1)
    return mean, entropy


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)
    tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.2860, 0.3530)])
    train = datasets.FashionMNIST("data", train=True, download=True, transform=tf)
    test = datasets.FashionMNIST("data", train=False, download=True, transform=tf)
    net = make_net(args.p)
    opt = torch.optim.Adam(net.parameters(), 1e-3)
    for epoch in range(args.epochs):
        net.train()
        losses = []
        for x, y in DataLoader(train, 128, shuffle=True):
            loss = F.cross_entropy(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: {np.mean(losses):.4f}")

    right, doubt = [], []
    for x, y in DataLoader(test, 500):
        mean, entropy = mc_predict(net, x, args.samples)
        right.append(mean.argmax(-1) == y)
        doubt.append(entropy)
    right, doubt = torch.cat(right).float(), torch.cat(doubt)
    print(f"accuracy {right.mean():.4f}")
    for q in (0.5, 0.8, 0.95):
        print(f"accuracy on the surest {q:.0%}: {right[doubt <= doubt.quantile(q)].mean():.4f}")


if __name__ == "__main__":
    main()
