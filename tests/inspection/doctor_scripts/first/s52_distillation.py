"""A small student learns from a big teacher (weights from an earlier run)."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

T = 4.0
ALPHA = 0.7


def teacher_net():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 1200), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(1200, 1200), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1200, 10),
    )


def student_net():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 60), nn.ReLU(), nn.Dropout(0.1), nn.Linear(60, 10)
    )


def distillation_loss(student_logits, teacher_logits, y):
    soft = F.kl_div(
        F.log_softmax(student_logits / T, dim=1),
        F.softmax(teacher_logits / T, dim=1),
        reduction="batchmean",
    )
    hard = F.cross_entropy(student_logits, y)
    return ALPHA * T * T * soft + (1 - ALPHA) * hard


def main():
    torch.manual_seed(77)
    tf = transforms.ToTensor()
    train_loader = DataLoader(
        datasets.MNIST("data", train=True, download=True, transform=tf),
        batch_size=128, shuffle=True,
    )
    test_loader = DataLoader(datasets.MNIST("data", train=False, transform=tf), batch_size=1000)

    teacher = teacher_net()
    teacher.load_state_dict(torch.load("teacher.pt", weights_only=True))
    teacher.eval()
    teacher.requires_grad_(False)

    student = student_net()
    optimizer = torch.optim.Adam(student.parameters(), lr=1e-3)
    for epoch in range(15):
        student.train()
        running = 0.0
        for x, y in train_loader:
            with torch.no_grad():
                guidance = teacher(x)
            loss = distillation_loss(student(x), guidance, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.item()
        print(epoch, f"{running / len(train_loader):.4f}")

    student.eval()
    correct = {"teacher": 0, "student": 0}
    with torch.no_grad():
        for x, y in test_loader:
            correct["teacher"] += (teacher(x).argmax(1) == y).sum().item()
            correct["student"] += (student(x).argmax(1) == y).sum().item()
    print(correct, "of", len(test_loader.dataset))


if __name__ == "__main__":
    main()
