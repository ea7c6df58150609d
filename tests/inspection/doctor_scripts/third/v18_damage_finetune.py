"""Fine-tune ResNet-50 on claim photos (damaged / not damaged)."""
import logging

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.models import ResNet50_Weights, resnet50

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
log = logging.getLogger("claims")
torch.manual_seed(20240501)
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
WEIGHTS = ResNet50_Weights.IMAGENET1K_V2

fit_tf = transforms.Compose([
    transforms.RandomResizedCrop(224, scale=(0.6, 1.0)),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
])
fit_ds = ImageFolder("claims/train", fit_tf)
val_ds = ImageFolder("claims/val", WEIGHTS.transforms())
fit_dl = DataLoader(fit_ds, batch_size=32, shuffle=True, num_workers=4, drop_last=True)
val_dl = DataLoader(val_ds, batch_size=64, num_workers=4)

model = resnet50(weights=WEIGHTS).to(DEVICE)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4)
model.fc = nn.Sequential(nn.Dropout(0.3), nn.Linear(2048, len(fit_ds.classes))).to(DEVICE)
criterion = nn.CrossEntropyLoss()


def validate():
    model.eval()
    hits = 0
    with torch.inference_mode():
        for x, y in val_dl:
            hits += (model(x.to(DEVICE)).argmax(1).cpu() == y).sum().item()
    return hits / len(val_ds)


def run(epochs=10):
    best = -1.0
    model.train()
    for epoch in range(epochs):
        total = 0.0
        for x, y in fit_dl:
            optimizer.zero_grad()
            loss = criterion(model(x.to(DEVICE)), y.to(DEVICE))
            loss.backward()
            optimizer.step()
            total += loss.item()
        acc = validate()
        log.info("epoch %d mean loss %.4f val acc %.4f", epoch, total / len(fit_dl), acc)
        if acc > best:
            best = acc
            torch.save(model.state_dict(), "claims_resnet50.pt")
    log.info("best validation accuracy %.4f", best)


if __name__ == "__main__":
    run()
