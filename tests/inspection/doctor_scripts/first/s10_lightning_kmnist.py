import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import KMNIST


class KanaModel(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.head = nn.Sequential(
            nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)
        )

    def forward(self, x):
        return self.head(self.backbone(x))

    def training_step(self, batch, _):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss, on_epoch=True)
        return loss

    def validation_step(self, batch, _):
        x, y = batch
        self.log("val_acc", (self(x).argmax(-1) == y).float().mean(), prog_bar=True)

    def test_step(self, batch, _):
        x, y = batch
        self.log("test_acc", (self(x).argmax(-1) == y).float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.head.parameters(), lr=1e-3)


if __name__ == "__main__":
    pl.seed_everything(1)
    tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1918,), (0.3483,))])
    train_set = KMNIST("data", train=True, download=True, transform=tf)
    test_set = KMNIST("data", train=False, download=True, transform=tf)
    train_loader = DataLoader(train_set, batch_size=128, shuffle=True, num_workers=2)
    test_loader = DataLoader(test_set, batch_size=512, num_workers=2)

    checkpoint = ModelCheckpoint(monitor="val_acc", mode="max", save_top_k=1)
    trainer = pl.Trainer(max_epochs=15, callbacks=[checkpoint])
    model = KanaModel()
    trainer.fit(model, train_loader, test_loader)
    trainer.test(model, dataloaders=test_loader, ckpt_path="best")
