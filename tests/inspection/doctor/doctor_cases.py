"""Small scripts for the tests of the doctor's rules, and what it finds in them."""

from __future__ import annotations

import textwrap

from thumbnet.inspection.doctor.script import inspect_source
from thumbnet.inspection.doctor.source import parse

# A plain training that is right; a test changes one place of it.
PYTORCH = """
import copy

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset, random_split
from torchvision import datasets, transforms

torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
normalize = transforms.Normalize((0.1307,), (0.3081,))
train_transform = transforms.Compose(
    [transforms.RandomRotation(10), transforms.ToTensor(), normalize]
)
test_transform = transforms.Compose([transforms.ToTensor(), normalize])
train_full = datasets.MNIST("data", train=True, download=True, transform=train_transform)
val_full = datasets.MNIST("data", train=True, download=True, transform=test_transform)
order = torch.randperm(len(train_full)).tolist()
train_set = Subset(train_full, order[:55000])
val_set = Subset(val_full, order[55000:])
test_set = datasets.MNIST("data", train=False, transform=test_transform)
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
val_loader = DataLoader(val_set, batch_size=500)
test_loader = DataLoader(test_set, batch_size=500)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.dropout = nn.Dropout(0.25)
        self.fc = nn.Linear(16 * 14 * 14, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv1(x))), 2)
        return self.fc(self.dropout(torch.flatten(x, 1)))


model = Net().to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)


def train_epoch():
    model.train()
    total, seen = 0.0, 0
    for images, labels in train_loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        logits = model(images)
        loss = criterion(logits, labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * images.size(0)
        seen += images.size(0)
    return total / seen


def evaluate(loader):
    model.eval()
    total, correct = 0.0, 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            logits = model(images)
            total += F.cross_entropy(logits, labels, reduction="sum").item()
            correct += (logits.argmax(dim=1) == labels).sum().item()
    return total / len(loader.dataset), correct / len(loader.dataset)


best, best_weights = 0.0, None
for epoch in range(5):
    train_loss = train_epoch()
    val_loss, val_accuracy = evaluate(val_loader)
    scheduler.step()
    print(f"epoch {epoch}: loss {train_loss:.4f}, validation {val_accuracy:.4f}")
    if val_accuracy > best:
        best, best_weights = val_accuracy, copy.deepcopy(model.state_dict())
model.load_state_dict(best_weights)
test_loss, test_accuracy = evaluate(test_loader)
print(f"test accuracy {test_accuracy:.4f}")
torch.save(model.state_dict(), "mnist.pt")
"""


def codes(text: str) -> set[str]:
    """Return the codes of what is found in a script."""
    return {finding.code for finding in inspect_source(parse("script.py", textwrap.dedent(text)))}


def changed(*pairs: tuple[str, str], script: str = PYTORCH) -> str:
    """Return the script with places replaced, each of which must be there."""
    for old, new in pairs:
        assert old in script, old
        script = script.replace(old, new)
    return script


def lines_of(text: str, code: str) -> list[int]:
    """Return the lines of the findings of one code."""
    found = inspect_source(parse("script.py", textwrap.dedent(text)))
    return [finding.line or 0 for finding in found if finding.code == code]
