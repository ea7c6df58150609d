"""Guess the digit on a photo.

Write a digit with a black pen on white paper, take a photo, then
    python guess_digit.py photo.jpg
"""
import argparse

import torch
import torch.nn as nn
from PIL import Image
from torchvision import transforms


class MnistNet(nn.Module):
    # the class has to be here for torch.load
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.dropout = nn.Dropout(0.25)
        self.fc = nn.Linear(64 * 12 * 12, 10)

    def forward(self, x):
        x = torch.relu(self.conv1(x))
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        return self.fc(self.dropout(x.flatten(1)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("photo")
    parser.add_argument("--model", default="mnist_net.pt")
    args = parser.parse_args()

    model = torch.load(args.model, map_location="cpu", weights_only=False)
    model.eval()

    prepare = transforms.Compose([
        transforms.Grayscale(num_output_channels=1),
        transforms.Resize((28, 28)),
        transforms.ToTensor(),
        transforms.Normalize((0.1307,), (0.3081,)),
    ])
    image = prepare(Image.open(args.photo))

    with torch.no_grad():
        output = model(image.unsqueeze(0))
        probability, digit = torch.softmax(output, dim=1).max(dim=1)
    print(f"I think it is a {digit.item()} ({probability.item():.0%})")


if __name__ == "__main__":
    main()
