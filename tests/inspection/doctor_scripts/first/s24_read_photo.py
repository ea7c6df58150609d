"""Read one handwritten digit from a scanned sheet (black ink, white paper).

usage: python read_photo.py digit.png
"""
import sys

import torch
from PIL import Image, ImageOps
from torch import nn
from torchvision import transforms


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.fc = nn.Linear(64 * 7 * 7, 10)

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))


def load_model(path):
    model = Net()
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    model.eval()
    return model


# as in training on MNIST
to_input = transforms.Compose([
    transforms.Resize((28, 28)),
    transforms.ToTensor(),
    transforms.Normalize((0.1307,), (0.3081,)),
])


def main(picture):
    model = load_model("mnist_net.pth")
    image = Image.open(picture).convert("L")
    image = ImageOps.invert(image)          # MNIST: white on black
    image = ImageOps.autocontrast(image)
    x = to_input(image).unsqueeze(0)
    with torch.no_grad():
        probabilities = torch.softmax(model(x), dim=1)[0]
    top = probabilities.topk(3)
    for p, digit in zip(top.values.tolist(), top.indices.tolist()):
        print(f"{digit}: {100 * p:.1f} %")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
