"""Digits from photographed, handwritten water-meter cards (blue ink, white card)."""
import sys

import cv2
import numpy as np
import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 7 * 7, 10))


def load(path):
    model = build()
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model.train(False)


def to_mnist(patch):
    h, w = patch.shape
    scale = 20.0 / max(h, w)
    patch = cv2.resize(patch, (max(1, round(w * scale)), max(1, round(h * scale))),
                       interpolation=cv2.INTER_AREA)
    canvas = np.zeros((28, 28), np.uint8)
    h, w = patch.shape
    top, left = (28 - h) // 2, (28 - w) // 2
    canvas[top:top + h, left:left + w] = patch
    return canvas


def digits(path):
    gray = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    blur = cv2.GaussianBlur(gray, (5, 5), 0)
    _, ink = cv2.threshold(blur, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(ink, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [cv2.boundingRect(c) for c in contours]
    boxes = sorted(b for b in boxes if b[3] > 25)
    return [to_mnist(ink[y:y + h, x:x + w]) for x, y, w, h in boxes]


def main(image, weights):
    model = load(weights)
    patches = digits(image)
    if not patches:
        sys.exit("no digits found")
    x = torch.from_numpy(np.stack(patches)).unsqueeze(1).float() / 255
    x = (x - 0.1307) / 0.3081
    with torch.no_grad():
        answer = model(x).argmax(dim=1)
    print("".join(map(str, answer.tolist())))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
