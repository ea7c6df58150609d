# More digits by shifting each one by a pixel in four directions
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(3)
np.random.seed(3)

digits = load_digits()
images = digits.images.astype(np.float32) / 16
labels = digits.target

all_images = [images]
all_labels = [labels]
for dy, dx in [(0, 1), (0, -1), (1, 0), (-1, 0)]:
    all_images.append(np.roll(images, (dy, dx), axis=(1, 2)))
    all_labels.append(labels)
X = np.concatenate(all_images).reshape(-1, 64)
y = np.concatenate(all_labels)

X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=3)
X_train, X_test = torch.tensor(X_train), torch.tensor(X_test)
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)
print(len(X_train), "for training,", len(X_test), "for the test")

model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(40):
    order = torch.randperm(len(X_train))
    total = 0.0
    for batch in order.split(50):
        optimizer.zero_grad()
        loss = loss_fn(model(X_train[batch]), y_train[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    if epoch % 10 == 9:
        print("epoch", epoch + 1, "loss", total / len(X_train))

model.eval()
with torch.no_grad():
    predicted = model(X_test).argmax()
accuracy = (predicted == y_test).float().mean()
print("accuracy", accuracy.item())
