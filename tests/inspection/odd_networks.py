"""Networks with something in them that a plain chain of layers has not."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

PICTURE = (1, 28, 28)


class UNet(nn.Module):
    """Goes down and up again, and joins what it had on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.down = nn.MaxPool2d(2)
        self.middle = nn.Conv2d(4, 8, 3, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.last = nn.Conv2d(8, 2, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        before = functional.relu(self.first(images))
        after = self.up(self.middle(self.down(before)))
        return self.last(torch.cat([before, after], 1))


class Twice(nn.Module):
    """Calls one convolution twice, has a parameter of its own, one unused, and two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.unused = nn.Linear(3, 3)
        self.offset = nn.Parameter(torch.zeros(1, 1, 28, 28))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.conv(self.conv(images) + self.offset), images.mean()


class Gated(nn.Module):
    """Scales each channel by what the whole picture says (squeeze and excitation)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.gate = nn.Linear(8, 8)

    def forward(self, images: Tensor) -> Tensor:
        features = self.conv(images)
        return features * torch.sigmoid(self.gate(features.mean((2, 3))))[:, :, None, None]


class Functional(nn.Module):
    """Has no modules at all."""

    def __init__(self) -> None:
        super().__init__()
        self.filters = nn.Parameter(torch.rand(4, 1, 3, 3))
        self.weights = nn.Parameter(torch.rand(10, 4))

    def forward(self, images: Tensor) -> Tensor:
        features = functional.relu(functional.conv2d(images, self.filters, stride=2))
        return functional.linear(features.mean((2, 3)), self.weights)


class Patches(nn.Module):
    """A small vision transformer of 7×7 patches."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(1, 16, 7, 7)
        block = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.blocks = nn.TransformerEncoder(block, 1, enable_nested_tensor=False)
        self.places = nn.Embedding(16, 16)
        self.head = nn.Linear(16, 10)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.patch(images).flatten(2).transpose(1, 2) + self.places(torch.arange(16))
        return self.head(self.blocks(tokens).mean(1))


class Rows(nn.Module):
    """Reads the picture row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = nn.LSTM(28, 8, batch_first=True)
        self.head = nn.Linear(8, 10)

    def forward(self, images: Tensor) -> Tensor:
        states, _ = self.reader(images[:, 0])
        return self.head(states[:, -1])


class Fourier(nn.Module):
    """Does what nobody can follow."""

    def forward(self, features: Tensor) -> Tensor:
        return torch.fft.fft2(features).real


class Branches(nn.Module):
    """Looks through windows of three sizes and joins what it sees."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(channels, 4, 1)
        self.wide = nn.Sequential(nn.Conv2d(channels, 4, 3, padding=1), nn.Conv2d(4, 4, (1, 5)))
        self.pool = nn.AvgPool2d(3, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        wide = functional.pad(self.wide(features), (2, 2))
        return torch.cat([self.narrow(features), wide, self.pool(features)], 1)


def chain(*layers: nn.Module) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*layers)


ODD: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "u-net": (UNet, PICTURE),
    "called twice": (Twice, PICTURE),
    "gated": (Gated, PICTURE),
    "transformer": (Patches, PICTURE),
    "rows": (Rows, PICTURE),
    "branches": (chain(nn.Conv2d(1, 3, 3, 2), Branches(3), Branches(11)), (1, 30, 23)),
    "one axis": (chain(nn.Conv1d(2, 4, 3, 2), nn.AvgPool1d(3, ceil_mode=True)), (2, 29)),
    "three axes": (
        chain(nn.Conv3d(1, 4, (1, 3, 5), padding=(0, 1, 2)), nn.AvgPool3d(2)),
        (1, 6, 8, 10),
    ),
    "rectangular, dilated, depthwise": (
        chain(
            nn.Conv2d(1, 4, (3, 5), (1, 2), (0, 2)),
            nn.Conv2d(4, 4, 3, dilation=(2, 1), groups=4),
            nn.Conv2d(4, 8, 2, groups=2),
        ),
        (1, 26, 31),
    ),
    "transposed": (
        chain(
            nn.Conv2d(1, 2, 3, 3),
            nn.ConvTranspose2d(2, 4, 3, 2, 1, output_padding=1, groups=2),
            nn.ConvTranspose2d(4, 2, (2, 3), dilation=2),
        ),
        PICTURE,
    ),
    "padded": (
        chain(
            nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect"),
            nn.ReplicationPad2d((1, 0, 2, 1)),
            nn.Conv2d(2, 2, 4, padding="same", padding_mode="replicate"),
            nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"),
            nn.ZeroPad2d((-2, 3, 0, 1)),
        ),
        PICTURE,
    ),
    "resized": (
        chain(
            nn.Conv2d(1, 4, 3, 2),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.Upsample(scale_factor=3),
            nn.PixelShuffle(2),
            nn.PixelUnshuffle(3),
        ),
        (1, 25, 25),
    ),
    "normalised": (
        chain(nn.Conv2d(1, 4, 3), nn.LayerNorm(26), nn.Conv2d(4, 4, 3), nn.GroupNorm(2, 4)),
        PICTURE,
    ),
    "pooled to a size": (
        chain(
            nn.Conv2d(1, 4, 3),
            nn.AdaptiveAvgPool2d(13),
            nn.AdaptiveAvgPool2d((5, 3)),
            nn.Dropout(),
            nn.Identity(),
        ),
        PICTURE,
    ),
    "weight norm, in place": (
        chain(weight_norm(nn.Conv2d(1, 4, 3)), nn.ReLU(inplace=True), nn.LocalResponseNorm(2)),
        PICTURE,
    ),
}
