import argparse
import torch
import torch.nn.functional as F
from torch.optim.lr_scheduler import MultiStepLR
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import CIFAR100
from torchvision.models import resnet18

STATS = ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762))


def make_loader(train, args):
    tf = transforms.Compose([
        transforms.RandomCrop(32, padding=4, padding_mode="reflect"),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize(*STATS),
    ])
    ds = CIFAR100(args.data, train=train, transform=tf, download=True)
    return DataLoader(ds, batch_size=args.batch_size, shuffle=train, num_workers=args.workers)


def train(model, loader, optimizer, device):
    model.train()
    loss_sum = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * labels.size(0)
    return loss_sum / len(loader.dataset)


@torch.no_grad()
def test(model, loader, device):
    model.eval()
    correct = 0
    for images, labels in loader:
        top = model(images.to(device)).topk(1, dim=1).indices.squeeze(1)
        correct += (top.cpu() == labels).sum().item()
    return 100.0 * correct / len(loader.dataset)


def main():
    ap = argparse.ArgumentParser(description="ResNet-18 on CIFAR-100")
    ap.add_argument("--data", default="./data")
    ap.add_argument("--epochs", type=int, default=100)
    ap.add_argument("--batch-size", type=int, default=128)
    ap.add_argument("--workers", type=int, default=4)
    ap.add_argument("--seed", type=int, default=1)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    train_loader = make_loader(True, args)
    test_loader = make_loader(False, args)
    model = resnet18(weights=None, num_classes=100).to(device)
    opt = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    sched = MultiStepLR(opt, milestones=[50, 75], gamma=0.1)
    for epoch in range(1, args.epochs + 1):
        print(f"epoch {epoch}: loss {train(model, train_loader, opt, device):.4f}")
        sched.step()
    print(f"top-1 on the test images: {test(model, test_loader, device):.2f}%")
    torch.save(model.state_dict(), "resnet18_c100.pth")


if __name__ == "__main__":
    main()
