import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms

device = "cuda" if torch.cuda.is_available() else "cpu"

to_tensor = [
    transforms.ToTensor(),
    transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
]
train_tf = transforms.Compose(
    [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), *to_tensor]
)
eval_tf = transforms.Compose(to_tensor)

# validation pictures must not be augmented, so the set is read twice
augmented = datasets.CIFAR10("data", train=True, download=True, transform=train_tf)
plain = datasets.CIFAR10("data", train=True, transform=eval_tf)
train_set, _ = random_split(augmented, [45000, 5000])
_, val_set = random_split(plain, [45000, 5000])
test_set = datasets.CIFAR10("data", train=False, transform=eval_tf)

train_loader = DataLoader(train_set, batch_size=128, shuffle=True, num_workers=2)
val_loader = DataLoader(val_set, batch_size=256, num_workers=2)
test_loader = DataLoader(test_set, batch_size=256, num_workers=2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 3, padding=1), nn.BatchNorm2d(128), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(128, 256, 3, padding=1), nn.BatchNorm2d(256), nn.ReLU(),
        )
        self.fc = nn.Linear(256, 10)

    def forward(self, x):
        return self.fc(self.features(x).mean(dim=(2, 3)))


def accuracy(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x.to(device)).argmax(dim=1).cpu() == y).sum().item()
    return correct / len(loader.dataset)


model = Net().to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
loss_fn = nn.CrossEntropyLoss()

best_acc, best_weights = 0.0, None
for epoch in range(25):
    model.train()
    for x, y in train_loader:
        loss = loss_fn(model(x.to(device)), y.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    acc = accuracy(model, val_loader)
    print(f"epoch {epoch}: validation accuracy {acc:.4f}")
    if acc > best_acc:
        best_acc, best_weights = acc, copy.deepcopy(model.state_dict())

model.load_state_dict(best_weights)
print(f"test accuracy {accuracy(model, test_loader):.4f}")
