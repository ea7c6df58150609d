"""Read the postcode boxes of a scanned paper form with the MNIST network.

    python v09_form_reader.py scan.png
"""
import argparse

import torch
from PIL import Image
from torch import nn
from torchvision import transforms

# x, y, width, height of each printed box on the 300 dpi scan
BOXES = [(412 + 92 * k, 1180, 84, 84) for k in range(5)]


class DigitNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64 * 49, 10))

    def forward(self, x):
        return self.head(self.features(x))


prepare = transforms.Compose([
    transforms.Grayscale(),
    transforms.Resize((28, 28)),
    transforms.ToTensor(),
    transforms.Normalize((0.1307,), (0.3081,)),
])


def cells(path):
    page = Image.open(path).convert("L")
    for x, y, w, h in BOXES:
        yield page.crop((x + 6, y + 6, x + w - 6, y + h - 6))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("scan")
    ap.add_argument("--weights", default="mnist_cnn_state.pt")
    args = ap.parse_args()

    net = DigitNet()
    net.load_state_dict(torch.load(args.weights, map_location="cpu", weights_only=True))

    batch = torch.stack([prepare(c) for c in cells(args.scan)])
    with torch.no_grad():
        probs = net(batch).softmax(dim=1)
    conf, digit = probs.max(dim=1)
    print("".join(str(d) for d in digit.tolist()))
    for d, c in zip(digit.tolist(), conf.tolist()):
        if c < 0.9:
            print(f"check by hand: {d} ({c:.2f})")


if __name__ == "__main__":
    main()
