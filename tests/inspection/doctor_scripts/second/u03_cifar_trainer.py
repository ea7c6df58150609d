from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms as T

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


@dataclass
class Config:
    epochs: int = 20
    batch_size: int = 128
    lr: float = 3e-4
    seed: int = 11
    device: str = "cuda"


def conv_block(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(),
        nn.MaxPool2d(2),
    )


class Trainer:
    def __init__(self, model, cfg, train_dl, val_dl):
        self.model, self.cfg = model.to(cfg.device), cfg
        self.train_dl, self.val_dl = train_dl, val_dl
        self.loss_fn = nn.CrossEntropyLoss()
        self.opt = torch.optim.AdamW(self.model.parameters(), lr=cfg.lr)

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        good = n = 0
        for x, y in self.val_dl:
            x, y = x.to(self.cfg.device), y.to(self.cfg.device)
            good += (self.model(x).argmax(1) == y).sum().item()
            n += y.numel()
        return good / n

    def fit(self):
        self.model.train()
        for epoch in range(self.cfg.epochs):
            for x, y in self.train_dl:
                x, y = x.to(self.cfg.device), y.to(self.cfg.device)
                self.opt.zero_grad(set_to_none=True)
                loss = self.loss_fn(self.model(x), y)
                loss.backward()
                self.opt.step()
            acc = self.validate()
            print(f"[{epoch:02d}] train loss={loss.item():.4f} val acc={acc:.4f}")


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    plain = T.Compose([T.ToTensor(), T.Normalize(MEAN, STD)])
    augm = T.Compose([T.RandomCrop(32, padding=4), T.RandomHorizontalFlip(), plain])
    order = torch.randperm(50000, generator=torch.Generator().manual_seed(cfg.seed)).tolist()
    train = Subset(datasets.CIFAR10("data", True, augm, download=True), order[:45000])
    val = Subset(datasets.CIFAR10("data", True, plain), order[45000:])
    model = nn.Sequential(
        conv_block(3, 64), conv_block(64, 128), conv_block(128, 256),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(256 * 16, 10),
    )
    Trainer(
        model, cfg,
        DataLoader(train, cfg.batch_size, shuffle=True, num_workers=2),
        DataLoader(val, 512),
    ).fit()
    torch.save(model.state_dict(), "cifar.pt")


if __name__ == "__main__":
    main()
