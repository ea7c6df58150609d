import lightning as L
import torch
import torch.nn.functional as F
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import SVHN


class SVHNData(L.LightningDataModule):
    def __init__(self, root="data", batch_size=128):
        super().__init__()
        self.root, self.batch_size = root, batch_size
        tail = [transforms.ToTensor(), transforms.Normalize((0.438, 0.444, 0.473),
                                                            (0.198, 0.201, 0.197))]
        self.plain = transforms.Compose(tail)
        self.aug = transforms.Compose([transforms.RandomAffine(8, translate=(0.1, 0.1)),
                                       transforms.ColorJitter(0.2, 0.2)] + tail)

    def prepare_data(self):
        SVHN(self.root, "train", download=True)
        SVHN(self.root, "test", download=True)

    def setup(self, stage):
        n = len(SVHN(self.root, "train"))
        order = torch.randperm(n, generator=torch.Generator().manual_seed(17)).tolist()
        self.fit_set = Subset(SVHN(self.root, "train", transform=self.aug), order[6000:])
        self.val_set = Subset(SVHN(self.root, "train", transform=self.plain), order[:6000])
        self.test_set = SVHN(self.root, "test", transform=self.plain)

    def train_dataloader(self):
        return DataLoader(self.fit_set, self.batch_size, shuffle=True, num_workers=4)

    def val_dataloader(self):
        return DataLoader(self.val_set, 512, num_workers=4)

    def test_dataloader(self):
        return DataLoader(self.test_set, 512, num_workers=4)


class Net(L.LightningModule):
    def __init__(self):
        super().__init__()
        layers = []
        for c, w in ((3, 32), (32, 64), (64, 128)):
            layers += [nn.Conv2d(c, w, 3, padding=1), nn.BatchNorm2d(w), nn.ReLU(),
                       nn.MaxPool2d(2)]
        self.net = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(128 * 16, 10))

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, _):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def _eval(self, batch, name):
        x, y = batch
        self.log(f"{name}_acc", (self(x).argmax(1) == y).float().mean(), prog_bar=True)

    def validation_step(self, batch, _):
        self._eval(batch, "val")

    def test_step(self, batch, _):
        self._eval(batch, "test")

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=1e-3)


if __name__ == "__main__":
    L.seed_everything(17, workers=True)
    keep = ModelCheckpoint(monitor="val_acc", mode="max", save_weights_only=True)
    trainer = L.Trainer(max_epochs=25, callbacks=[keep, EarlyStopping("val_acc", mode="max")])
    data = SVHNData()
    trainer.fit(Net(), datamodule=data)
    trainer.test(ckpt_path="best", datamodule=data)
