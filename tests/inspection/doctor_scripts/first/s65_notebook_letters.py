#!/usr/bin/env python
# coding: utf-8

# In[1]:


import matplotlib.pyplot as plt
import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import KMNIST

_ = torch.manual_seed(2)


# In[2]:


tfm = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1918,), (0.3483,))])
train_ds = KMNIST("data", train=True, download=True, transform=tfm)
test_ds = KMNIST("data", train=False, download=True, transform=tfm)
train_dl = DataLoader(train_ds, batch_size=64, shuffle=True)
test_dl = DataLoader(test_ds, batch_size=64)
len(train_ds), len(test_ds)


# In[3]:


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.fc = nn.Sequential(
            nn.Flatten(), nn.Linear(1600, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10)
        )

    def forward(self, xb):
        return self.fc(self.conv(xb))


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
ce = nn.CrossEntropyLoss()


# In[4]:


losses = []
for epoch in range(5):
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = ce(net(xb), yb)
        loss.backward()
        opt.step()
        losses.append(loss)


# In[5]:


plt.plot([l.item() for l in losses])
plt.xlabel("batch")
plt.ylabel("loss")
plt.show()


# In[6]:


correct = 0
with torch.no_grad():
    for xb, yb in test_dl:
        preds = net(xb).argmax(dim=1)
        correct += (preds == yb).sum().item()
print(f"Accuracy: {correct / len(test_ds):.4f}")
