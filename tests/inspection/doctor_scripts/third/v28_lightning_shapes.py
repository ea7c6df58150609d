"""Lightning classifier for our synthetic 64x64 shape renderings (8 classes)."""
import pytorch_lightning as pl
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

TF = transforms.Compose([
    transforms.Resize((64, 64)),
    transforms.ToTensor(),
    transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
])


def conv(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                         nn.MaxPool2d(2))


class Head(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        self.fc1 = nn.Linear(width, 128)
        self.fc2 = nn.Linear(128, classes)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x))).softmax(dim=-1)


class ShapeNet(pl.LightningModule):
    def __init__(self, classes=8, lr=1e-3):
        super().__init__()
        self.save_hyperparameters()
        self.body = nn.Sequential(conv(3, 16), conv(16, 32), conv(32, 64), nn.Flatten())
        self.head = Head(64 * 8 * 8, classes)
        self.loss = nn.CrossEntropyLoss()

    def forward(self, x):
        return self.head(self.body(x))

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = self.loss(self(x), y)
        self.log("train/loss", loss, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        acc = (self(x).argmax(dim=1) == y).float().mean()
        self.log("val/acc", acc, prog_bar=True)

    def configure_optimizers(self):
        opt = torch.optim.Adam(self.parameters(), lr=self.hparams.lr)
        sched = torch.optim.lr_scheduler.StepLR(opt, step_size=10, gamma=0.3)
        return {"optimizer": opt, "lr_scheduler": {"scheduler": sched, "interval": "epoch"}}


def main():
    train = DataLoader(ImageFolder("shapes/train", TF), batch_size=64, shuffle=True,
                       num_workers=4, persistent_workers=True)
    val = DataLoader(ImageFolder("shapes/val", TF), batch_size=128, num_workers=4,
                     persistent_workers=True)
    checkpoint = pl.callbacks.ModelCheckpoint(monitor="val/acc", mode="max",
                                              save_weights_only=True)
    trainer = pl.Trainer(max_epochs=30, callbacks=[checkpoint], accelerator="auto")
    trainer.fit(ShapeNet(), train, val)
    print("best:", checkpoint.best_model_path, float(checkpoint.best_model_score))


if __name__ == "__main__":
    main()
