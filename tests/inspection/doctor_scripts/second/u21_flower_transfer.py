import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

torch.manual_seed(123)
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")

mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
data_transforms = {
    "train": transforms.Compose([
        transforms.RandomResizedCrop(224),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize(mean, std),
    ]),
    "val": transforms.Compose([
        transforms.Resize(224, 224),
        transforms.ToTensor(),
        transforms.Normalize(mean, std),
    ]),
}
image_datasets = {k: datasets.ImageFolder(f"flowers/{k}", data_transforms[k])
                  for k in ("train", "val")}
dataloaders = {k: DataLoader(image_datasets[k], batch_size=32, shuffle=(k == "train"),
                             num_workers=4) for k in ("train", "val")}
class_names = image_datasets["train"].classes

model = models.resnet34(weights="IMAGENET1K_V1")
for param in model.parameters():
    param.requires_grad = False
for param in model.layer4.parameters():
    param.requires_grad = True

optimizer = optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-4)
criterion = nn.CrossEntropyLoss()

model.fc = nn.Linear(model.fc.in_features, len(class_names))
model = model.to(device)

for epoch in range(10):
    for phase in ("train", "val"):
        model.train(phase == "train")
        loss_sum, hits = 0.0, 0
        for inputs, labels in dataloaders[phase]:
            inputs, labels = inputs.to(device), labels.to(device)
            with torch.set_grad_enabled(phase == "train"):
                outputs = model(inputs)
                loss = criterion(outputs, labels)
            if phase == "train":
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * inputs.size(0)
            hits += (outputs.argmax(1) == labels).sum().item()
        n = len(image_datasets[phase])
        print(f"{epoch} {phase:5s} loss {loss_sum / n:.4f} acc {hits / n:.4f}")

torch.save({"weights": model.state_dict(), "classes": class_names}, "flowers.pt")
