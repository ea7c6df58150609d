"""Fine-tune an ImageNet network on our canteen photos (one line per photo: path label)."""
import cv2
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.models import MobileNet_V2_Weights, mobilenet_v2

NUM_CLASSES = 12
normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


class FoodDataset(Dataset):
    def __init__(self, list_file):
        self.samples = []
        with open(list_file) as f:
            for line in f:
                name, label = line.split()
                self.samples.append((name, int(label)))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, idx):
        name, label = self.samples[idx]
        img = cv2.imread(name)
        img = cv2.resize(img, (224, 224))
        x = torch.from_numpy(img).permute(2, 0, 1).float() / 255.0
        return normalize(x), label


def main():
    torch.manual_seed(15)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train_loader = DataLoader(FoodDataset("train.txt"), batch_size=32, shuffle=True)
    test_loader = DataLoader(FoodDataset("test.txt"), batch_size=32)

    model = mobilenet_v2(weights=MobileNet_V2_Weights.DEFAULT)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    model.classifier[1] = nn.Linear(model.last_channel, NUM_CLASSES)
    model.to(device)
    criterion = nn.CrossEntropyLoss()

    for epoch in range(8):
        model.train()
        loss_sum = 0.0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * x.size(0)
        print(f"epoch {epoch + 1}: loss {loss_sum / len(train_loader.dataset):.4f}")

    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in test_loader:
            correct += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
    print("test accuracy", correct / len(test_loader.dataset))
    torch.save(model.state_dict(), "food.pth")


if __name__ == "__main__":
    main()
