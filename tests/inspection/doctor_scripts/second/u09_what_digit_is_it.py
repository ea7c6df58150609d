# Companion script to the blog post "Can my network read my handwriting?"
# I wrote 3.jpg, 7.jpg and 9.jpg with a black marker on a sheet of printer paper and took
# pictures with my phone. The weights come from the MNIST tutorial of last week.
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image
from torchvision import transforms


class MnistNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 32, 3, 1)
        self.c2 = nn.Conv2d(32, 64, 3, 1)
        self.d1 = nn.Dropout(0.25)
        self.d2 = nn.Dropout(0.5)
        self.f1 = nn.Linear(9216, 128)
        self.f2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.c1(x))
        x = F.max_pool2d(F.relu(self.c2(x)), 2)
        x = self.d1(x).flatten(1)
        x = self.d2(F.relu(self.f1(x)))
        return self.f2(x)


net = MnistNet()
net.load_state_dict(torch.load("mnist_net.pt", map_location="cpu", weights_only=True))

# the same numbers as in training
prepare = transforms.Compose([
    transforms.Grayscale(),
    transforms.Resize((28, 28)),
    transforms.ToTensor(),
    transforms.Normalize((0.1307,), (0.3081,)),
])


def read_digit(file):
    image = prepare(Image.open(file))
    with torch.no_grad():
        scores = net(image.unsqueeze(0))
    probabilities = F.softmax(scores, dim=1)
    confidence, digit = torch.max(probabilities, 0)
    return digit[0].item(), confidence[0].item()


for file in sorted(Path("my_digits").glob("*.jpg")):
    digit, confidence = read_digit(file)
    print(f"{file.name}: looks like a {digit} ({confidence:.0%} sure)")
