import lightning.pytorch as pl
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, random_split
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor


class DigitClassifier(pl.LightningModule):
    def __init__(self, hidden=128, lr=1e-3):
        super().__init__()
        self.l1 = nn.Linear(28 * 28, hidden)
        self.drop = nn.Dropout(0.2)
        self.l2 = nn.Linear(hidden, 10)
        self.lr = lr

    def forward(self, x):
        x = x.view(x.size(0), -1)
        x = self.drop(torch.relu(self.l1(x)))
        return F.softmax(self.l2(x), dim=1)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        y_hat = self(x)
        self.log("val_loss", F.cross_entropy(y_hat, y), prog_bar=True)
        self.log("val_acc", (y_hat.argmax(dim=1) == y).float().mean(), prog_bar=True)

    def test_step(self, batch, batch_idx):
        x, y = batch
        self.log("test_acc", (self(x).argmax(dim=1) == y).float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)


def main():
    mnist = MNIST("data", train=True, download=True, transform=ToTensor())
    mnist_test = MNIST("data", train=False, download=True, transform=ToTensor())
    train, val = random_split(mnist, [55000, 5000])

    model = DigitClassifier()
    trainer = pl.Trainer(max_epochs=5)
    trainer.fit(
        model,
        DataLoader(train, batch_size=64, shuffle=True, num_workers=2),
        DataLoader(val, batch_size=256, num_workers=2),
    )
    trainer.test(model, DataLoader(mnist_test, batch_size=256, num_workers=2))


if __name__ == "__main__":
    main()
