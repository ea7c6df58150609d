import random
from pathlib import Path

import torch
from PIL import Image
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms as T

random.seed(3)
torch.manual_seed(3)
SIZE = 64
device = "cuda" if torch.cuda.is_available() else "cpu"
to_tensor = [T.ToTensor(), T.Normalize([0.49, 0.46, 0.42], [0.25, 0.24, 0.25])]
train_tf = T.Compose([T.Resize((SIZE, SIZE)), T.RandomHorizontalFlip(), *to_tensor])
valid_tf = T.Compose([T.Resize((SIZE, SIZE)), *to_tensor])

cats = [(p, 0) for p in sorted(Path("pets/cat").glob("*.jpg"))]
dogs = [(p, 1) for p in sorted(Path("pets/dog").glob("*.jpg"))]
# there are far fewer cats: draw some more until both are the same size
cats = cats + random.choices(cats, k=len(dogs) - len(cats))
items = cats + dogs
train_items, valid_items = train_test_split(items, test_size=0.2, random_state=3)


class Pets(Dataset):
    def __init__(self, items, tf):
        self.items, self.tf = items, tf

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        path, label = self.items[i]
        return self.tf(Image.open(path).convert("RGB")), torch.tensor(label)


train_dl = DataLoader(Pets(train_items, train_tf), 32, shuffle=True, num_workers=4)
valid_dl = DataLoader(Pets(valid_items, valid_tf), 64)
model = nn.Sequential(
    nn.Conv2d(3, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
    nn.Conv2d(32, 64, 3, 2, 1), nn.BatchNorm2d(64), nn.ReLU(),
    nn.Conv2d(64, 128, 3, 2, 1), nn.BatchNorm2d(128), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 2),
).to(device)
loss_fn = nn.CrossEntropyLoss()
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=25)

for epoch in range(25):
    sched.step()
    model.train()
    total_loss = 0
    for x, y in train_dl:
        x, y = x.to(device), y.to(device)
        opt.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        opt.step()
        total_loss += loss
    model.eval()
    with torch.no_grad():
        ok = sum((model(x.to(device)).argmax(1).cpu() == y).sum().item() for x, y in valid_dl)
    print(epoch, "loss", float(total_loss) / len(train_dl), "valid", ok / len(valid_items))
