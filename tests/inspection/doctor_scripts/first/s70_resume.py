"""Training that can be stopped and resumed."""
import argparse
import os

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms

parser = argparse.ArgumentParser()
parser.add_argument('--epochs', type=int, default=20)
parser.add_argument('--checkpoint', default='last.ckpt')
opt = parser.parse_args()

torch.manual_seed(4711)

preprocess = transforms.Compose([
    transforms.ToTensor(),
    transforms.Normalize(mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5]),
])
dataset = datasets.CIFAR10('data', train=True, download=True, transform=preprocess)
train_part, val_part = random_split(dataset, [45000, 5000],
                                    generator=torch.Generator().manual_seed(4711))
train_loader = DataLoader(train_part, batch_size=100, shuffle=True)
val_loader = DataLoader(val_part, batch_size=100)

model = nn.Sequential(
    nn.Conv2d(3, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 5, padding=2), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(64 * 8 * 8, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10),
)
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
criterion = nn.CrossEntropyLoss()

start_epoch = 0
if os.path.exists(opt.checkpoint):
    state = torch.load(opt.checkpoint, map_location='cpu', weights_only=True)
    model.load_state_dict(state['model'])
    optimizer.load_state_dict(state['optimizer'])
    start_epoch = state['epoch'] + 1
    print('resumed after epoch', state['epoch'])

for epoch in range(start_epoch, opt.epochs):
    model.train()
    running_loss = 0.0
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        outputs = model(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * inputs.size(0)

    model.eval()
    hits = 0
    with torch.no_grad():
        for inputs, labels in val_loader:
            hits += torch.sum(torch.argmax(model(inputs), dim=1) == labels).item()
    print('epoch %2d  loss %.4f  validation %.4f'
          % (epoch, running_loss / len(train_part), hits / len(val_part)))
    torch.save({'model': model.state_dict(), 'optimizer': optimizer.state_dict(), 'epoch': epoch},
               opt.checkpoint)
