"""House numbers: a wide convnet trained on as many pictures as we can get."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader
from torchvision.datasets import SVHN
from torchvision.transforms import Compose, Normalize, RandomCrop, ToTensor

SEED, EPOCHS, BATCH = 404, 12, 256
torch.manual_seed(SEED)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

to_input = Compose([ToTensor(), Normalize((0.44, 0.44, 0.47), (0.20, 0.20, 0.20))])
jitter = Compose([RandomCrop(32, padding=2), to_input])

pieces = {name: SVHN("data", split=name, transform=jitter, download=True)
          for name in ("train", "extra", "test")}
train_data = ConcatDataset(list(pieces.values()))
eval_data = SVHN("data", split="test", transform=to_input, download=True)
print(f"{len(train_data)} pictures to learn from")


class WideNet(nn.Module):
    def __init__(self, w=96, p=0.3):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(3, w, 3, padding=1), nn.BatchNorm2d(w)
        self.c2, self.b2 = nn.Conv2d(w, 2 * w, 3, padding=1), nn.BatchNorm2d(2 * w)
        self.c3, self.b3 = nn.Conv2d(2 * w, 4 * w, 3, padding=1), nn.BatchNorm2d(4 * w)
        self.drop = nn.Dropout(p)
        self.out = nn.Linear(4 * w, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.b1(self.c1(x))), 2)
        x = F.max_pool2d(F.relu(self.b2(self.c2(x))), 2)
        x = F.relu(self.b3(self.c3(x))).amax(dim=(2, 3))
        return self.out(self.drop(x))


model = WideNet().to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
loader = DataLoader(train_data, BATCH, shuffle=True, num_workers=8, pin_memory=True)

for epoch in range(EPOCHS):
    model.train()
    total, seen = 0.0, 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        seen += len(y)
    print(f"epoch {epoch + 1}/{EPOCHS}: {total / seen:.4f}")

model.eval()
hits = 0
with torch.no_grad():
    for x, y in DataLoader(eval_data, 1000):
        hits += (model(x.to(device)).argmax(dim=1).cpu() == y).sum().item()
print(f"accuracy: {hits / len(eval_data):.4f}")
torch.save(model.state_dict(), "wide_svhn.pt")
