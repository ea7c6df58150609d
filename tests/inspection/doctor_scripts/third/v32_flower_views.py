"""Evaluate a trained flower network on the test split, averaging over fixed views."""
import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.models import resnet50

normalize = transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])


def stack(crops):
    return torch.stack([normalize(transforms.functional.to_tensor(c)) for c in crops])


views = transforms.Compose([
    transforms.Resize(256),
    transforms.TenCrop(224),
    transforms.Lambda(stack),
])


def load(path, device):
    net = resnet50(weights=None)
    net.fc = nn.Linear(net.fc.in_features, 102)
    state = torch.load(path, map_location=device, weights_only=True)
    net.load_state_dict(state["model"] if "model" in state else state)
    return net.to(device).eval()


@torch.inference_mode()
def run(net, loader, device):
    top1 = top5 = 0
    for x, y in loader:
        b, v, c, h, w = x.shape
        logits = net(x.view(b * v, c, h, w).to(device))
        p = logits.softmax(dim=1).view(b, v, -1).mean(dim=1).cpu()
        ranks = p.topk(5, dim=1).indices
        top1 += (ranks[:, 0] == y).sum().item()
        top5 += (ranks == y[:, None]).any(dim=1).sum().item()
    n = len(loader.dataset)
    return top1 / n, top5 / n


if __name__ == "__main__":
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("checkpoint")
    ap.add_argument("--root", default="data")
    ap.add_argument("--batch", type=int, default=16)
    args = ap.parse_args()
    dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    test = datasets.Flowers102(args.root, split="test", transform=views, download=True)
    t1, t5 = run(load(args.checkpoint, dev), DataLoader(test, args.batch, num_workers=4), dev)
    print(f"top-1 {t1:.4f}  top-5 {t5:.4f}")
