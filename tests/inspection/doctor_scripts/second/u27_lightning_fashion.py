import lightning as L
import torch
import torch.nn.functional as F
from lightning.pytorch.callbacks import EarlyStopping
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import FashionMNIST


class FashionData(L.LightningDataModule):
    def __init__(self, root="data", batch_size=128):
        super().__init__()
        self.root, self.batch_size = root, batch_size
        self.norm = transforms.Compose([
            transforms.ToTensor(), transforms.Normalize((0.2860,), (0.3530,)),
        ])
        self.aug = transforms.Compose([transforms.RandomHorizontalFlip(), self.norm])

    def prepare_data(self):
        FashionMNIST(self.root, download=True)

    def setup(self, stage=None):
        self.fit_ds = FashionMNIST(self.root, train=True, transform=self.aug)
        self.held_out = FashionMNIST(self.root, train=False, transform=self.norm)

    def train_dataloader(self):
        return DataLoader(self.fit_ds, self.batch_size, shuffle=True, num_workers=4)

    def val_dataloader(self):
        return DataLoader(self.held_out, 512, num_workers=4)

    def test_dataloader(self):
        return DataLoader(self.held_out, 512, num_workers=4)


class Classifier(L.LightningModule):
    def __init__(self, lr=1e-3):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 49, 10),
        )

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, _):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, _):
        x, y = batch
        self.log("val_acc", (self(x).argmax(1) == y).float().mean(), prog_bar=True)

    def test_step(self, batch, _):
        x, y = batch
        self.log("test_acc", (self(x).argmax(1) == y).float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


if __name__ == "__main__":
    data = FashionData()
    model = Classifier()
    trainer = L.Trainer(
        max_epochs=40,
        callbacks=[EarlyStopping(monitor="val_acc", mode="max", patience=5)],
    )
    trainer.fit(model, datamodule=data)
    trainer.test(model, datamodule=data)
