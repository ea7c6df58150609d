"""Transfer learning: only the last layer of a pretrained ResNet is trained."""
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import models, transforms
from torchvision.datasets import CIFAR10

torch.manual_seed(0)
device = "cuda" if torch.cuda.is_available() else "cpu"

weights = models.ResNet50_Weights.IMAGENET1K_V2
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
tf = transforms.Compose([
    transforms.Resize(256),
    transforms.CenterCrop(224),
    transforms.ToTensor(),
    transforms.Normalize(mean, std),
])
train_full = CIFAR10("data", train=True, download=True, transform=tf)
test_full = CIFAR10("data", train=False, download=True, transform=tf)
train_set = Subset(train_full, torch.randperm(len(train_full))[:5000].tolist())
train_loader = DataLoader(train_set, batch_size=64, shuffle=True, num_workers=4)
test_loader = DataLoader(test_full, batch_size=128, num_workers=4)

model = models.resnet50(weights=weights)
for p in model.parameters():
    p.requires_grad = False
model.fc = nn.Linear(model.fc.in_features, 10)  # the new layer wants gradients
model = model.to(device)

optimizer = torch.optim.Adam(model.fc.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(3):
    # batch norm keeps its ImageNet statistics: the backbone stays in eval mode on purpose
    model.eval()
    model.fc.train()
    seen, loss_sum = 0, 0.0
    for x, y in train_loader:
        x, y = x.to(device), y.to(device)
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * y.numel()
        seen += y.numel()
    print(f"epoch {epoch + 1}: training loss {loss_sum / seen:.3f}")

model.eval()
hits = 0
with torch.no_grad():
    for x, y in test_loader:
        hits += (model(x.to(device)).argmax(dim=1) == y.to(device)).sum().item()
print(f"test accuracy {hits / len(test_full):.3%}")
