"""Usage: python u05_read_digit_photo.py photo.jpg mnist_cnn.pt

Reads one digit written with a dark pen on white paper.
"""
import sys

import torch
from PIL import Image, ImageOps
from torch import nn
from torchvision import transforms


def build():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(),
        nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10),
    )


def prepare(path):
    picture = ImageOps.exif_transpose(Image.open(path)).convert("L")
    picture = ImageOps.autocontrast(ImageOps.invert(picture), cutoff=2)
    box = picture.point(lambda v: 255 if v > 128 else 0).getbbox()
    if box is not None:
        picture = picture.crop(box)
    picture.thumbnail((20, 20))
    canvas = Image.new("L", (28, 28), 0)
    canvas.paste(picture, ((28 - picture.width) // 2, (28 - picture.height) // 2))
    to_input = transforms.Compose([
        transforms.ToTensor(),
        transforms.Normalize((0.1307,), (0.3081,)),
    ])
    return to_input(canvas).unsqueeze(0)


def main():
    photo, weights = sys.argv[1:3]
    model = build()
    model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    model.eval()
    with torch.no_grad():
        probs = model(prepare(photo)).softmax(dim=1)[0]
    for p, digit in zip(*probs.topk(3)):
        print(f"{digit.item()}: {p.item():.1%}")


if __name__ == "__main__":
    main()
