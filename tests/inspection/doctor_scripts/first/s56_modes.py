import contextlib

import torch
from torch import nn
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms


@contextlib.contextmanager
def evaluating(model):
    """Inside, the model predicts; afterwards it is as it was."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield model
    finally:
        model.train(was_training)


class Classifier(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(32 * 5 * 5, classes))

    def forward(self, x):
        return self.head(torch.flatten(self.features(x), start_dim=1))


def accuracy(model, loader):
    correct = 0
    with evaluating(model):
        for x, y in loader:
            correct += model(x).argmax(dim=-1).eq(y).sum().item()
    return correct / len(loader.dataset)


def main():
    torch.manual_seed(5)
    tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.1307, 0.3081)])
    full = datasets.MNIST("data", train=True, download=True, transform=tf)
    train_set, val_set = random_split(full, [55_000, 5_000])
    test_set = datasets.MNIST("data", train=False, transform=tf)

    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters())
    criterion = nn.CrossEntropyLoss()
    model.train()
    for epoch in range(6):
        losses = []
        for step, (x, y) in enumerate(DataLoader(train_set, batch_size=64, shuffle=True)):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        val = accuracy(model, DataLoader(val_set, batch_size=1000))
        print(f"epoch {epoch}  loss {sum(losses) / len(losses):.4f}  val {val:.4f}")

    print("test", accuracy(model, DataLoader(test_set, batch_size=1000)))


if __name__ == "__main__":
    main()
