"""Read the digits in the boxes of a filled-in paper form."""
import argparse

import cv2
import numpy as np
import torch
import torch.nn as nn


def build():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(32 * 7 * 7, 10),
    )


def find_boxes(binary, smallest=80):
    contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [cv2.boundingRect(c) for c in contours if cv2.contourArea(c) > smallest]
    return sorted(boxes, key=lambda b: b[0])


def glyph(binary, box):
    x, y, w, h = box
    side = max(w, h)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - h) // 2, (side - w) // 2
    square[top:top + h, left:left + w] = binary[y:y + h, x:x + w]
    small = cv2.resize(square, (20, 20), interpolation=cv2.INTER_AREA)
    return np.pad(small, 4)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("form")
    ap.add_argument("--weights", default="digits.pt")
    args = ap.parse_args()

    grey = cv2.imread(args.form, cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise SystemExit(f"cannot read {args.form}")
    blur = cv2.GaussianBlur(grey, (5, 5), 0)
    _, binary = cv2.threshold(blur, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)

    boxes = find_boxes(binary)
    batch = np.stack([glyph(binary, b) for b in boxes]).astype(np.float32) / 255
    x = torch.from_numpy(batch)[:, None]
    x = (x - 0.1307) / 0.3081

    model = build()
    model.load_state_dict(torch.load(args.weights, weights_only=True))
    model.eval()
    with torch.no_grad():
        digits = model(x).argmax(dim=1).tolist()
    print("".join(map(str, digits)))


if __name__ == "__main__":
    main()
