"""Sort a folder of small pictures with the network trained on torchvision's CIFAR10."""
import glob
import os
import sys

import cv2
import torch
import torch.nn as nn
from torchvision.transforms import functional as TF

CLASSES = ("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def conv_block(in_channels, out_channels):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


class CifarNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(conv_block(3, 32), conv_block(32, 64), conv_block(64, 128))
        self.fc = nn.Linear(128 * 4 * 4, 10)

    def forward(self, x):
        return self.fc(torch.flatten(self.blocks(x), 1))


def load_picture(filename):
    picture = cv2.imread(filename)
    picture = cv2.resize(picture, (32, 32), interpolation=cv2.INTER_AREA)
    x = TF.to_tensor(picture)
    return TF.normalize(x, (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))


def main(folder):
    model = CifarNet()
    model.load_state_dict(torch.load("cifar_net.pth", weights_only=True))

    for filename in sorted(glob.glob(os.path.join(folder, "*.png"))):
        x = load_picture(filename).unsqueeze(0)
        with torch.no_grad():
            scores = model(x)
        name = CLASSES[scores.argmax(dim=1).item()]
        target = os.path.join(folder, name)
        os.makedirs(target, exist_ok=True)
        os.rename(filename, os.path.join(target, os.path.basename(filename)))
        print(filename, "->", name)


if __name__ == "__main__":
    main(sys.argv[1])
