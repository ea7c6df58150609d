"""Train a small convnet on MNIST, stop early on the validation part, test once."""
import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms

torch.manual_seed(7)
device = "cuda" if torch.cuda.is_available() else "cpu"

tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
full = datasets.MNIST("data", train=True, download=True, transform=tf)
test_set = datasets.MNIST("data", train=False, download=True, transform=tf)
train_set, val_set = random_split(
    full, [54000, 6000], generator=torch.Generator().manual_seed(7)
)

train_loader = DataLoader(train_set, batch_size=128, shuffle=True)
val_loader = DataLoader(val_set, batch_size=512)
test_loader = DataLoader(test_set, batch_size=512)

model = nn.Sequential(
    nn.Conv2d(1, 32, 3), nn.ReLU(),
    nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
    nn.Dropout(0.25), nn.Flatten(),
    nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
    nn.Linear(128, 10),
).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


@torch.no_grad()
def accuracy(loader):
    model.eval()
    hits = 0
    for x, y in loader:
        hits += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
    return hits / len(loader.dataset)


best, best_state, waited = 0.0, None, 0
for epoch in range(30):
    model.train()
    total = 0.0
    for x, y in train_loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * x.size(0)
    val_acc = accuracy(val_loader)
    print(f"epoch {epoch + 1}: loss {total / len(train_set):.4f}, val acc {val_acc:.4f}")
    if val_acc > best:
        best, best_state, waited = val_acc, copy.deepcopy(model.state_dict()), 0
    else:
        waited += 1
        if waited == 4:
            break

model.load_state_dict(best_state)
print(f"test accuracy {accuracy(test_loader):.4f}")
torch.save(model.state_dict(), "mnist_convnet.pt")
