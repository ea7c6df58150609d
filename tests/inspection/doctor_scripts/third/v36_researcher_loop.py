"""Small research harness: repeat a run over several seeds and report mean and spread."""
import argparse
import statistics
from collections import defaultdict

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

MODELS = {
    "mlp": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 300), nn.ReLU(),
                                 nn.Linear(300, 10)),
    "cnn": lambda: nn.Sequential(nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2),
                                 nn.Conv2d(20, 50, 5), nn.ReLU(), nn.MaxPool2d(2),
                                 nn.Flatten(), nn.Linear(800, 10)),
}


def data(seed, batch):
    tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    pool = datasets.MNIST("data", train=True, download=True, transform=tf)
    g = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(pool), generator=g).tolist()
    fit, val = Subset(pool, order[:-10000]), Subset(pool, order[-10000:])
    test = datasets.MNIST("data", train=False, transform=tf)
    return (DataLoader(fit, batch, shuffle=True, drop_last=True, generator=g),
            DataLoader(val, 1000), DataLoader(test, 1000))


def epoch_pass(model, loader, loss_fn, opt=None):
    model.train(opt is not None)
    sums, n = defaultdict(float), 0
    with torch.set_grad_enabled(opt is not None):
        for x, y in loader:
            logits = model(x)
            losses = loss_fn(logits, y)
            if opt is not None:
                opt.zero_grad()
                losses.mean().backward()
                opt.step()
            sums["loss"] += losses.detach().sum().item()
            sums["acc"] += (logits.argmax(1) == y).sum().item()
            n += y.numel()
    return {k: v / n for k, v in sums.items()}


def single(args, seed):
    torch.manual_seed(seed)
    fit, val, test = data(seed, args.batch)
    model = MODELS[args.model]()
    opt = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
    loss_fn = nn.CrossEntropyLoss(reduction="none")
    for epoch in range(args.epochs):
        a, b = epoch_pass(model, fit, loss_fn, opt), epoch_pass(model, val, loss_fn)
        print(f"seed {seed} epoch {epoch} train {a['loss']:.4f} val {b['loss']:.4f}/{b['acc']:.4f}")
    return epoch_pass(model, test, loss_fn)["acc"]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--model", choices=MODELS, default="cnn")
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--lr", type=float, default=0.02)
    p.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = p.parse_args()
    accs = [single(args, s) for s in args.seeds]
    print(f"test {statistics.mean(accs):.4f} +- {statistics.pstdev(accs):.4f}")


if __name__ == "__main__":
    main()
