import torch
from torch import nn, optim
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms


class FashionCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.layer2 = nn.Sequential(
            nn.Conv2d(32, 64, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.fc1 = nn.Linear(64 * 6 * 6, 600)
        self.drop = nn.Dropout(0.25)
        self.fc2 = nn.Linear(600, 10)

    def forward(self, x):
        out = self.layer2(self.layer1(x))
        out = self.drop(torch.relu(self.fc1(out.view(out.size(0), -1))))
        return self.fc2(out)


class Trainer:
    def __init__(self, model, train_loader, val_loader, lr=1e-3):
        self.model = model
        self.train_loader = train_loader
        self.val_loader = val_loader
        self.optimizer = optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss()
        self.history = {"loss": [], "val_acc": []}

    def fit(self, epochs):
        self.model.train()
        for epoch in range(epochs):
            for images, labels in self.train_loader:
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(images), labels)
                loss.backward()
                self.optimizer.step()
            val_acc = self.accuracy(self.val_loader)
            self.history["loss"].append(loss.item())
            self.history["val_acc"].append(val_acc)
            print(f"Epoch {epoch}: loss={self.history['loss'][-1]:.4f} val_acc={val_acc:.4f}")

    def accuracy(self, loader):
        self.model.eval()
        correct = 0
        with torch.no_grad():
            for images, labels in loader:
                correct += (self.model(images).argmax(1) == labels).sum().item()
        return correct / len(loader.dataset)


def main():
    torch.manual_seed(18)
    tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.286,), (0.353,))])
    full = datasets.FashionMNIST("data", train=True, download=True, transform=tf)
    test = datasets.FashionMNIST("data", train=False, transform=tf)
    train, val = random_split(full, [54000, 6000])

    trainer = Trainer(
        FashionCNN(),
        DataLoader(train, batch_size=100, shuffle=True),
        DataLoader(val, batch_size=500),
    )
    trainer.fit(epochs=6)
    print(f"test accuracy {trainer.accuracy(DataLoader(test, batch_size=500)):.4f}")


if __name__ == "__main__":
    main()
