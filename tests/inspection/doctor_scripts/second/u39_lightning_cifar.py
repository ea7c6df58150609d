"""CIFAR-10 with Lightning: validation part picks the checkpoint, the test set comes last."""
import lightning as L
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchmetrics.classification import MulticlassAccuracy
from torchvision import datasets, transforms as T

NORM = T.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))


class Cifar(L.LightningDataModule):
    def __init__(self, root="data", bs=128, seed=18):
        super().__init__()
        self.root, self.bs, self.seed = root, bs, seed

    def prepare_data(self):
        datasets.CIFAR10(self.root, train=True, download=True)

    def setup(self, stage=None):
        plain = T.Compose([T.ToTensor(), NORM])
        noisy = T.Compose([T.RandomCrop(32, 4), T.RandomHorizontalFlip(), plain])
        order = torch.randperm(50_000, generator=torch.Generator().manual_seed(self.seed)).tolist()
        self.fit_ds = Subset(datasets.CIFAR10(self.root, True, noisy), order[5000:])
        self.val_ds = Subset(datasets.CIFAR10(self.root, True, plain), order[:5000])
        self.test_ds = datasets.CIFAR10(self.root, False, plain)

    def train_dataloader(self):
        return DataLoader(self.fit_ds, self.bs, shuffle=True, num_workers=4)

    def val_dataloader(self):
        return DataLoader(self.val_ds, 500, num_workers=4)

    def test_dataloader(self):
        return DataLoader(self.test_ds, 500, num_workers=4)


class Net(L.LightningModule):
    def __init__(self, lr=0.001):
        super().__init__()
        self.save_hyperparameters()
        self.body = nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 3, padding=1), nn.BatchNorm2d(128), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(128, 256, 3, padding=1), nn.BatchNorm2d(256), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(256, 10),
        )
        self.loss = nn.CrossEntropyLoss()
        self.val_acc, self.test_acc = MulticlassAccuracy(10), MulticlassAccuracy(10)

    def training_step(self, batch, i):
        x, y = batch
        loss = self.loss(self.body(x), y)
        self.log("loss", loss, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch, i):
        self.val_acc(self.body(batch[0]), batch[1])
        self.log("val_acc", self.val_acc)

    def test_step(self, batch, i):
        self.test_acc(self.body(batch[0]), batch[1])
        self.log("test_acc", self.test_acc)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=self.hparams.lr)


if __name__ == "__main__":
    L.seed_everything(18, workers=True)
    keep = ModelCheckpoint(monitor="val_acc", mode="max", save_weights_only=True)
    stop = EarlyStopping(monitor="val_acc", mode="max", patience=8)
    trainer = L.Trainer(max_epochs=80, callbacks=[keep, stop])
    dm, net = Cifar(), Net()
    trainer.fit(net, datamodule=dm)
    trainer.test(net, datamodule=dm, ckpt_path="best")
