"""Put a label on every photo of a folder with a pretrained timm model; writes labels.csv."""
import argparse
import csv
from pathlib import Path

import cv2
import timm
import torch
from timm.data import ImageNetInfo, resolve_data_config


def load_photo(path, size, mean, std):
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        return None
    h, w = bgr.shape[:2]
    side = min(h, w)
    top, left = (h - side) // 2, (w - side) // 2
    square = cv2.resize(bgr[top:top + side, left:left + side], (size, size),
                        interpolation=cv2.INTER_AREA)
    rgb = square[:, :, ::-1].copy()
    x = torch.from_numpy(rgb).permute(2, 0, 1).float() / 255
    return (x - mean) / std


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("folder", type=Path)
    ap.add_argument("--model", default="resnet18.a1_in1k")
    ap.add_argument("--batch", type=int, default=16)
    args = ap.parse_args()

    model = timm.create_model(args.model, pretrained=True).eval()
    config = resolve_data_config({}, model=model)
    mean = torch.tensor(config["mean"]).view(3, 1, 1)
    std = torch.tensor(config["std"]).view(3, 1, 1)
    size = config["input_size"][-1]
    info = ImageNetInfo()

    names, pictures = [], []
    for path in sorted(args.folder.glob("*.jpg")):
        x = load_photo(path, size, mean, std)
        if x is None:
            print("cannot read", path.name)
            continue
        names.append(path.name)
        pictures.append(x)

    rows = []
    with torch.inference_mode():
        for start in range(0, len(pictures), args.batch):
            batch = torch.stack(pictures[start:start + args.batch])
            conf, best = model(batch).softmax(dim=-1).max(dim=-1)
            for name, c, b in zip(names[start:], conf.tolist(), best.tolist()):
                rows.append([name, info.index_to_description(b), f"{c:.3f}"])

    with open("labels.csv", "w", newline="") as f:
        csv.writer(f).writerows([["file", "label", "confidence"], *rows])


if __name__ == "__main__":
    main()
