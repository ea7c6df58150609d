#!/usr/bin/env python
# coding: utf-8

# # Clothes with a convolutional network

# In[1]:


import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

torch.manual_seed(31)


# In[2]:


train_tf = transforms.Compose([
    transforms.RandomHorizontalFlip(0.5),
    transforms.ToTensor(),
])
train_data = datasets.FashionMNIST("data", train=True, download=True, transform=train_tf)
test_data = datasets.FashionMNIST("data", train=False, transform=transforms.ToTensor())

train_dl = DataLoader(train_data, batch_size=64, shuffle=True)
test_dl = DataLoader(test_data, batch_size=256)


# In[3]:


x, y = next(iter(train_dl))
fig, axes = plt.subplots(2, 6, figsize=(9, 3))
for ax, img, label in zip(axes.flat, x, y):
    ax.imshow(img.squeeze(), cmap="gray")
    ax.set_title(train_data.classes[label])
    ax.axis("off")
plt.show()


# In[4]:


model = nn.Sequential(
    nn.Conv2d(1, 32, 3, padding=1),
    nn.BatchNorm2d(32),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3, padding=1),
    nn.BatchNorm2d(64),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(64 * 7 * 7, 10),
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()


# In[5]:


history = []
model.train()
for epoch in range(4):
    for step, (x, y) in enumerate(train_dl):
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        history.append(loss.item())
        if step % 200 == 0:
            print(f"epoch {epoch} step {step}: batch loss {loss.item():.3f}")

plt.plot(history)
plt.xlabel("step")
plt.ylabel("batch loss")
plt.show()


# In[6]:


model.eval()
hits = 0
with torch.no_grad():
    for x, y in test_dl:
        hits += (model(x).argmax(1) == y).sum().item()
print(f"accuracy on the test set: {hits / len(test_data):.4f}")
