"""What is on this photo? A CIFAR-10 network answers."""
import sys

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

CLASSES = ["airplane", "automobile", "bird", "cat", "deer",
           "dog", "frog", "horse", "ship", "truck"]
MEAN = torch.tensor([0.4914, 0.4822, 0.4465]).view(3, 1, 1)
STD = torch.tensor([0.2470, 0.2435, 0.2616]).view(3, 1, 1)


class SmallVGG(nn.Module):
    def __init__(self):
        super().__init__()
        layers, channels = [], 3
        for width in (64, 64, "M", 128, 128, "M", 256, "M"):
            if width == "M":
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(channels, width, 3, padding=1),
                           nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
                channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(256 * 4 * 4, 10)

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


def read(path):
    """3 x 32 x 32, normalised like the training pictures."""
    img = Image.open(path).convert("RGB").resize((32, 32), Image.Resampling.BOX)
    pixels = torch.from_numpy(np.array(img)).permute(2, 0, 1).float() / 255
    return (pixels - MEAN) / STD


model = SmallVGG()
model.load_state_dict(load_file("vgg_cifar.safetensors"))
model = model.eval()

with torch.inference_mode():
    for path in sys.argv[1:]:
        logits = model(read(path)[None]).squeeze(0)
        best = logits.argmax(dim=0)
        confidence = logits.softmax(dim=0)[best]
        print(f"{path}: {CLASSES[best]} ({confidence:.1%})")
