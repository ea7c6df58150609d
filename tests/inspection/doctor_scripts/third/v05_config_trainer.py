"""Config-driven trainer.  Usage: python v05_config_trainer.py config.yaml"""
import random
import sys
from dataclasses import dataclass

import numpy as np
import torch
import yaml
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms


@dataclass
class Config:
    data_root: str = "data"
    epochs: int = 30
    batch_size: int = 128
    lr: float = 3e-4
    seed: int = 11
    out: str = "best.pt"


def seed_all(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def loaders(cfg):
    norm = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    aug = transforms.Compose([transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(),
                              transforms.ToTensor(), norm])
    plain = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224),
                                transforms.ToTensor(), norm])
    fit = datasets.Flowers102(cfg.data_root, split="train", transform=aug, download=True)
    held = datasets.Flowers102(cfg.data_root, split="test", transform=plain, download=True)
    return (DataLoader(fit, cfg.batch_size, shuffle=True, num_workers=4),
            DataLoader(held, cfg.batch_size, num_workers=4))


@torch.no_grad()
def score(model, loader, device):
    model.eval()
    hit = n = 0
    for x, y in loader:
        hit += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
        n += len(y)
    return hit / n


def main(cfg):
    seed_all(cfg.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    fit_loader, held_loader = loaders(cfg)
    model = models.resnet18(weights="IMAGENET1K_V1")
    model.fc = nn.Linear(model.fc.in_features, 102)
    model.to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=0.01)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    best = 0.0
    for epoch in range(cfg.epochs):
        model.train()
        for x, y in fit_loader:
            optimizer.zero_grad(set_to_none=True)
            loss = criterion(model(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
        acc = score(model, held_loader, device)
        print(f"epoch {epoch}: train loss {loss.item():.4f}, accuracy {acc:.4f}")
        if acc > best:
            best = acc
            torch.save(model.state_dict(), cfg.out)
    print(f"best accuracy {best:.4f}")


if __name__ == "__main__":
    with open(sys.argv[1]) as fh:
        main(Config(**(yaml.safe_load(fh) or {})))
