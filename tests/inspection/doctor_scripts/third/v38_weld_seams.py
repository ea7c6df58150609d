"""Good or bad weld?  Every seam was photographed several times (seam_0012_a.png, _b, ...)."""
import re
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.model_selection import GroupShuffleSplit
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

torch.manual_seed(55)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

files = sorted(Path("welds").glob("*/*.png"))
labels = np.array([int(f.parent.name == "bad") for f in files])
seams = np.array([re.match(r"seam_(\d+)_", f.name).group(1) for f in files])
rest, test = next(GroupShuffleSplit(1, test_size=0.2, random_state=55)
                  .split(files, labels, seams))
a, b = next(GroupShuffleSplit(1, test_size=0.2, random_state=56)
            .split(rest, labels[rest], seams[rest]))
fit, val = rest[a], rest[b]
assert not set(seams[fit]) & set(seams[test])

finish = [transforms.ToTensor(), transforms.Normalize((0.45,), (0.22,))]
PLAIN = transforms.Compose([transforms.Resize((96, 192)), *finish])
NOISY = transforms.Compose([transforms.Resize((96, 192)), transforms.RandomVerticalFlip(),
                            transforms.RandomHorizontalFlip(), transforms.RandomRotation(5),
                            *finish])


class Welds(Dataset):
    def __init__(self, rows, tf):
        self.rows, self.tf = rows, tf

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        k = self.rows[i]
        return self.tf(Image.open(files[k]).convert("L")), float(labels[k])


def layer(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                         nn.MaxPool2d(2))


net = nn.Sequential(layer(1, 16), layer(16, 32), layer(32, 64), nn.AdaptiveAvgPool2d(4),
                    nn.Flatten(), nn.Dropout(0.5), nn.Linear(1024, 1)).to(device)
ratio = float((labels[fit] == 0).sum() / max(1, (labels[fit] == 1).sum()))
loss_fn = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(ratio, device=device))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
train_dl = DataLoader(Welds(fit, NOISY), batch_size=32, shuffle=True)


def recall_and_accuracy(rows):
    net.eval()
    got, want = [], []
    with torch.no_grad():
        for x, y in DataLoader(Welds(rows, PLAIN), batch_size=64):
            got.append(torch.sigmoid(net(x.to(device)))[:, 0].cpu() > 0.5)
            want.append(y > 0.5)
    got, want = torch.cat(got), torch.cat(want)
    return got[want].float().mean().item(), (got == want).float().mean().item()


for epoch in range(20):
    net.train()
    for x, y in train_dl:
        opt.zero_grad()
        loss_fn(net(x.to(device))[:, 0], y.float().to(device)).backward()
        opt.step()
    print(epoch, "validation recall %.3f accuracy %.3f" % recall_and_accuracy(val))
print("test recall %.3f accuracy %.3f" % recall_and_accuracy(test))
torch.save(net.state_dict(), "welds.pt")
