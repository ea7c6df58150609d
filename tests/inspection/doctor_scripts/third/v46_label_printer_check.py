"""Station 4: compare the printed product label on the box with the order.

The camera service drops JPEGs into --inbox; results are appended to a CSV file.
"""
import argparse
import csv
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
PRODUCTS = ["A100", "A200", "B100", "B150", "unknown"]
SIDE = 224


def load_model(path):
    model = torch.load(path, map_location="cpu", weights_only=False)
    model.eval()
    return model


def to_input(path):
    image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.BILINEAR)
    array = np.asarray(image, dtype=np.float32) / 255.0
    batch = torch.from_numpy(array).view(1, 3, SIDE, SIDE)
    return (batch - MEAN) / STD


@torch.inference_mode()
def recognise(model, path):
    probs = model(to_input(path)).softmax(dim=1)
    conf, index = probs.max(dim=1)
    return PRODUCTS[index.item()], conf.item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--model", default="labels_resnet.pth")
    ap.add_argument("--inbox", type=Path, default=Path("inbox"))
    ap.add_argument("--log", type=Path, default=Path("results.csv"))
    ap.add_argument("--min-confidence", type=float, default=0.85)
    args = ap.parse_args()
    model = load_model(args.model)
    done = set()
    while True:
        for path in sorted(args.inbox.glob("*.jpg")):
            if path in done:
                continue
            product, conf = recognise(model, path)
            if conf < args.min_confidence:
                product = "unknown"
            with args.log.open("a", newline="") as fh:
                csv.writer(fh).writerow([path.name, product, f"{conf:.3f}"])
            done.add(path)
        time.sleep(0.5)


if __name__ == "__main__":
    main()
