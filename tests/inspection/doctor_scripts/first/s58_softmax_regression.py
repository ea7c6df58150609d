# Multinomial logistic regression on the 8x8 digits, with an L2 penalty written by hand
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

np.random.seed(0)
torch.manual_seed(0)

X, y = load_digits(return_X_y=True)
X = (X / 16.0).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, stratify=y)

X_train, X_test = torch.from_numpy(X_train), torch.from_numpy(X_test)
y_train, y_test = torch.from_numpy(y_train), torch.from_numpy(y_test)

model = torch.nn.Linear(64, 10)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
criterion = torch.nn.CrossEntropyLoss()
weight_penalty = 1e-4

n = len(X_train)
for epoch in range(100):
    perm = np.random.permutation(n)
    total = 0.0
    for i in range(0, n, 32):
        idx = torch.from_numpy(perm[i:i + 32])
        logits = model(X_train[idx])
        loss = criterion(logits, y_train[idx])
        loss += weight_penalty * model.weight.pow(2).sum()

        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    if (epoch + 1) % 20 == 0:
        print('epoch', epoch + 1, 'objective', total / n)

with torch.no_grad():
    prediction = model(X_test).argmax(dim=1)
    print('test accuracy', (prediction == y_test).float().mean().item())

for digit in range(10):
    mine = y_test == digit
    print(digit, (prediction[mine] == digit).float().mean().item())
