# Digit Recognizer - PyTorch CNN with a large effective batch
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(2023)
np.random.seed(2023)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ACCUM = 4

train_df = pd.read_csv("/kaggle/input/digit-recognizer/train.csv")
labels = train_df.pop("label").to_numpy()
pixels = train_df.to_numpy(dtype=np.float32).reshape(-1, 1, 28, 28)
tr_x, va_x, tr_y, va_y = train_test_split(
    pixels, labels, test_size=0.1, stratify=labels, random_state=2023)
mean, std = tr_x.mean(), tr_x.std()


def to_tensor(a):
    return torch.from_numpy((a - mean) / std)


train_dl = DataLoader(TensorDataset(to_tensor(tr_x), torch.from_numpy(tr_y)),
                      batch_size=64, shuffle=True)
val_dl = DataLoader(TensorDataset(to_tensor(va_x), torch.from_numpy(va_y)), batch_size=256)


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                         nn.MaxPool2d(2))


model = nn.Sequential(block(1, 32), block(32, 64), nn.Flatten(),
                      nn.Dropout(0.4), nn.Linear(64 * 49, 10)).to(DEVICE)
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(10):
    model.train()
    opt.zero_grad()
    for i, (xb, yb) in enumerate(train_dl):
        loss = loss_fn(model(xb.to(DEVICE)), yb.to(DEVICE)) / ACCUM
        loss.backward()
        if (i + 1) % ACCUM == 0 or i + 1 == len(train_dl):
            opt.step()
            opt.zero_grad()
    model.eval()
    hits = 0
    with torch.no_grad():
        for xb, yb in val_dl:
            hits += (model(xb.to(DEVICE)).argmax(-1).cpu() == yb).sum().item()
    print(f"epoch {epoch:2d} val acc {hits / len(va_y):.4f}")

test_px = pd.read_csv("/kaggle/input/digit-recognizer/test.csv").to_numpy(dtype=np.float32)
test_x = to_tensor(test_px.reshape(-1, 1, 28, 28))
model.eval()
with torch.no_grad():
    preds = torch.cat([model(c.to(DEVICE)).argmax(1).cpu() for c in test_x.split(512)])
pd.DataFrame({"ImageId": range(1, len(preds) + 1), "Label": preds.numpy()}).to_csv(
    "submission.csv", index=False)
