"""Transfer learning with a frozen trunk: only the new head is trained."""
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.models import ConvNeXt_Tiny_Weights, convnext_tiny, regnet_y_800mf
from torchvision.models import RegNet_Y_800MF_Weights

torch.manual_seed(77)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
CHOICES = {
    "convnext": (convnext_tiny, ConvNeXt_Tiny_Weights.DEFAULT, 768),
    "regnet": (regnet_y_800mf, RegNet_Y_800MF_Weights.IMAGENET1K_V2, 784),
}


class HeadOnly(nn.Module):
    def __init__(self, trunk, width, classes):
        super().__init__()
        self.trunk = trunk
        for p in self.trunk.parameters():
            p.requires_grad_(False)
        self.head = nn.Sequential(nn.Dropout(0.4), nn.Linear(width, classes))

    def train(self, mode=True):
        super().train(mode)
        self.trunk.eval()
        return self

    def forward(self, x):
        with torch.no_grad():
            f = self.trunk(x)
        return self.head(f.flatten(1))


def make(name, classes):
    build, weights, width = CHOICES[name]
    trunk = build(weights=weights)
    if name == "convnext":
        trunk.classifier[2] = nn.Identity()
    else:
        trunk.fc = nn.Identity()
    return HeadOnly(trunk, width, classes).to(DEVICE), weights.transforms()


def evaluate(net, loader):
    net.eval()
    good = 0
    with torch.no_grad():
        for x, y in loader:
            good += (net(x.to(DEVICE)).argmax(1).cpu() == y).sum().item()
    return good / len(loader.dataset)


def main(name="regnet", epochs=10):
    classes = ImageFolder("birds/train").classes
    net, prep = make(name, len(classes))
    train = DataLoader(ImageFolder("birds/train", prep), 64, shuffle=True, num_workers=4)
    valid = DataLoader(ImageFolder("birds/valid", prep), 128, num_workers=4)
    test = DataLoader(ImageFolder("birds/test", prep), 128, num_workers=4)
    opt = torch.optim.AdamW(net.head.parameters(), lr=1e-3)
    for epoch in range(epochs):
        net.train()
        for x, y in train:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(x.to(DEVICE)), y.to(DEVICE))
            loss.backward()
            opt.step()
        print(f"epoch {epoch}: validation {evaluate(net, valid):.4f}")
    print(f"test: {evaluate(net, test):.4f}")
    torch.save(net.head.state_dict(), f"birds_{name}_head.pt")


if __name__ == "__main__":
    main()
