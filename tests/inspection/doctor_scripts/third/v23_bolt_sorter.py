"""Sort fasteners seen from above on the conveyor: bolt, nut, washer, screw, rivet."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torchvision import transforms as T
from torchvision.datasets import ImageFolder
from torchvision.models import mobilenet_v2

SEED = 8
torch.manual_seed(SEED)
device = "cuda" if torch.cuda.is_available() else "cpu"

base = [T.ToTensor(), T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
train_tf = T.Compose([
    T.Resize((224, 224)),
    T.RandomRotation(180, fill=128),
    T.RandomHorizontalFlip(),
    T.RandomVerticalFlip(),
    T.ColorJitter(0.3, 0.3),
    *base,
])
test_tf = T.Compose([T.Resize((224, 224)), *base])

train_ds = ImageFolder("fasteners/train", train_tf)
valid_ds = ImageFolder("fasteners/valid", test_tf)
test_ds = ImageFolder("fasteners/test", test_tf)
assert train_ds.classes == valid_ds.classes == test_ds.classes
train_dl = DataLoader(train_ds, 32, shuffle=True, num_workers=2)
valid_dl = DataLoader(valid_ds, 64, num_workers=2)
test_dl = DataLoader(test_ds, 64, num_workers=2)

model = mobilenet_v2(weights="IMAGENET1K_V2")
model.classifier[1] = nn.Linear(model.last_channel, len(train_ds.classes))
model.to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-4)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", patience=2)
criterion = nn.CrossEntropyLoss()


@torch.no_grad()
def evaluate(dl):
    model.eval()
    good = torch.zeros(len(train_ds.classes))
    seen = torch.zeros(len(train_ds.classes))
    for x, y in dl:
        p = model(x.to(device)).argmax(dim=1).cpu()
        seen += torch.bincount(y, minlength=len(seen))
        good += torch.bincount(y[p == y], minlength=len(seen))
    return good.sum().item() / seen.sum().item(), good / seen.clamp(min=1)


for epoch in range(15):
    model.train()
    for x, y in train_dl:
        optimizer.zero_grad()
        criterion(model(x.to(device)), y.to(device)).backward()
        optimizer.step()
    acc, _ = evaluate(valid_dl)
    scheduler.step(acc)
    print(f"epoch {epoch + 1}: validation {acc:.3f}")

acc, per_class = evaluate(test_dl)
print(f"test {acc:.3f}")
for name, a in zip(test_ds.classes, per_class.tolist()):
    print(f"  {name:10s} {a:.3f}")
torch.save(model.state_dict(), "fasteners_mobilenet.pt")
