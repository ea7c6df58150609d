"""用卷积神经网络识别手写数字。"""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms

# 超参数
BATCH_SIZE = 64
LR = 0.001
EPOCHS = 8


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, padding=2)
        self.conv2 = nn.Conv2d(16, 32, 5, padding=2)
        self.dropout = nn.Dropout(0.5)
        self.fc1 = nn.Linear(32 * 7 * 7, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        x = self.dropout(F.relu(self.fc1(x)))
        x = self.fc2(x)
        # 输出每个数字的概率
        return F.softmax(x, dim=1)


def evaluate(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x).argmax(dim=1) == y).sum().item()
    return correct / len(loader.dataset)


def main():
    torch.manual_seed(2022)
    transform = transforms.ToTensor()
    dataset = datasets.MNIST("./mnist", train=True, download=True, transform=transform)
    test_set = datasets.MNIST("./mnist", train=False, transform=transform)
    train_set, val_set = random_split(dataset, [55000, 5000])
    train_loader = DataLoader(train_set, batch_size=BATCH_SIZE, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=1000)
    test_loader = DataLoader(test_set, batch_size=1000)

    model = CNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    loss_func = nn.CrossEntropyLoss()

    model.train()
    for epoch in range(EPOCHS):
        total_loss = 0.0
        for x, y in train_loader:
            output = model(x)
            loss = loss_func(output, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total_loss += loss.item() * x.size(0)
        acc = evaluate(model, val_loader)
        print(f"第 {epoch + 1} 轮 平均损失 {total_loss / len(train_set):.4f} 验证准确率 {acc:.4f}")

    print(f"测试准确率 {evaluate(model, test_loader):.4f}")
    torch.save(model.state_dict(), "cnn.pkl")


if __name__ == "__main__":
    main()
