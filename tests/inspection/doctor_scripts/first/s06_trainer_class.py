import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision.datasets import EMNIST
from torchvision.transforms import Compose, Lambda, Normalize, RandomAffine, ToTensor


class Trainer:
    def __init__(self, model, optimizer, device):
        self.model = model.to(device)
        self.optimizer = optimizer
        self.device = device
        self.criterion = nn.CrossEntropyLoss()

    def _pass(self, loader, learn):
        self.model.train(learn)
        loss_sum = torch.zeros(1, device=self.device)
        correct = torch.zeros(1, device=self.device)
        count = 0
        with torch.set_grad_enabled(learn):
            for x, y in loader:
                x, y = x.to(self.device), y.to(self.device)
                out = self.model(x)
                loss = self.criterion(out, y)
                if learn:
                    self.optimizer.zero_grad()
                    loss.backward()
                    self.optimizer.step()
                loss_sum += loss.detach() * len(y)
                correct += (out.argmax(1) == y).sum()
                count += len(y)
        return loss_sum.item() / count, correct.item() / count

    def fit(self, train_loader, val_loader, epochs):
        for epoch in range(1, epochs + 1):
            tl, ta = self._pass(train_loader, learn=True)
            vl, va = self._pass(val_loader, learn=False)
            print(f"{epoch:>3} train {tl:.4f}/{ta:.4f}  val {vl:.4f}/{va:.4f}")

    def score(self, loader):
        return self._pass(loader, learn=False)[1]


def main():
    torch.manual_seed(99)
    upright = Lambda(lambda x: x.transpose(1, 2))  # EMNIST comes transposed
    norm = Normalize((0.1722,), (0.3309,))
    aug = Compose([ToTensor(), upright, RandomAffine(10, translate=(0.1, 0.1)), norm])
    plain = Compose([ToTensor(), upright, norm])

    train = EMNIST("data", split="letters", train=True, download=True, transform=aug,
                   target_transform=lambda t: t - 1)
    held = EMNIST("data", split="letters", train=True, transform=plain,
                  target_transform=lambda t: t - 1)
    test = EMNIST("data", split="letters", train=False, transform=plain,
                  target_transform=lambda t: t - 1)
    perm = torch.randperm(len(train)).tolist()

    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 49, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 26),
    )
    trainer = Trainer(model, torch.optim.Adam(model.parameters(), 1e-3), "cpu")
    trainer.fit(
        DataLoader(Subset(train, perm[10_000:]), batch_size=128, shuffle=True),
        DataLoader(Subset(held, perm[:10_000]), batch_size=512),
        epochs=5,
    )
    print("test accuracy", trainer.score(DataLoader(test, batch_size=512)))


if __name__ == "__main__":
    main()
