"""Residual networks for small pictures (He et al. 2016, "Deep Residual Learning", 1512.03385)."""

from __future__ import annotations

import warnings

from torch import Tensor, nn

from thumbnet.errors import ModelError
from thumbnet.models.layers import GlobalAveragePool, output_shape
from thumbnet.models.registry import InputShape, register, require_positive

STEMS = ("small", "stride-2", "imagenet")
SMALLEST_FOR_IMAGENET_STEM_PX = 96


class BasicBlock(nn.Module):
    """``ReLU(shortcut(x) + norm(conv(ReLU(norm(conv(x))))))`` with 3×3 convolutions.

    ``(N, C_in, H, W)`` → ``(N, C_out, ⌈H/stride⌉, ⌈W/stride⌉)``.

    Args:
        in_channels: C_in.
        out_channels: C_out.
        stride: of the first convolution and of the shortcut.
        bias: whether convolutions have a bias although batch norm follows.
        always_project: use a 1×1 convolution and norm as the shortcut even where the shapes agree.
        has_shortcut: add the shortcut; without it the block is two plain layers.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        bias: bool = False,
        always_project: bool = False,
        has_shortcut: bool = True,
    ) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=bias),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=bias),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut: nn.Module | None = nn.Identity() if has_shortcut else None
        if has_shortcut and (always_project or stride != 1 or in_channels != out_channels):
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=bias),
                nn.BatchNorm2d(out_channels),
            )
        self.activation = nn.ReLU()

    def forward(self, features: Tensor) -> Tensor:
        """Return the block's output."""
        if self.shortcut is None:
            total: Tensor = self.activation(self.residual(features))
        else:
            total = self.activation(self.shortcut(features) + self.residual(features))
        return total


class PlainResidual(nn.Module):
    """``ReLU(x + conv 3×3(conv 5×5(x)))``, no norm and nothing between the two convolutions."""

    def __init__(self, channels: int, inner_channels: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(channels, inner_channels, 5, padding=2),
            nn.Conv2d(inner_channels, channels, 3, padding=1),
        )
        self.activation = nn.ReLU()

    def forward(self, features: Tensor) -> Tensor:
        """Return the block's output, of the input's shape."""
        total: Tensor = self.activation(features + self.residual(features))
        return total


@register("resnet")
def resnet(
    input_shape: InputShape,
    num_classes: int,
    depth: int = 20,
    width: int = 16,
    stem: str = "small",
    shortcuts: bool = True,
) -> nn.Sequential:
    """The CIFAR design of He et al., section 4.2: three stages of basic blocks.

    ```text
    (N, C, H, W) → stem (N, w, H', W') → n blocks (N, w, H', W') → n blocks (N, 2w, H'/2, W'/2)
                 → n blocks (N, 4w, H'/4, W'/4) → global average (N, 4w) → linear (N, K)
    ```

    Args:
        input_shape: ``(channels, height, width)``.
        num_classes: K.
        depth: the number of weighted layers, 6n + 2: 8, 14, 20, 32, 44, 56, 110.
        width: w, channels of the first stage.
        stem: ``"small"`` (3×3, stride 1), ``"stride-2"`` (3×3, stride 2), or ``"imagenet"`` (7×7,
            stride 2, max-pool 2), which is made for 224 px and warned about below 96 px.
        shortcuts: ``False`` leaves the shortcuts out: the plain networks of the same paper.

    Raises:
        ModelError: ``depth`` is not 6n + 2, or another argument is out of range.
    """
    require_positive("width", [width])
    if depth < 8 or (depth - 2) % 6:
        raise ModelError(
            "'depth' does not fit the design", got=depth, expected="6n + 2: 8, 14, 20, 32, 44, 56"
        )
    num_blocks = (depth - 2) // 6
    layers: list[nn.Module] = [*_stem(stem, input_shape, width)]
    channels = width
    for stage in range(3):
        for block in range(num_blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(BasicBlock(channels, width * 2**stage, stride, has_shortcut=shortcuts))
            channels = width * 2**stage
    return nn.Sequential(*layers, GlobalAveragePool(), nn.Linear(channels, num_classes))


@register("tutorial-resnet")
def tutorial_resnet(input_shape: InputShape, num_classes: int) -> nn.Sequential:
    """Two residual blocks without norm, 42,790 parameters on MNIST.

    ```text
    (N, 1, 28, 28) → conv 5×5 (N, 20, 24, 24) → max-pool 2 (N, 20, 12, 12) → ReLU
                   → x + conv 3×3(conv 5×5(x)), 20→30→20, ReLU
                   → conv 3×3 (N, 15, 10, 10) → max-pool 2 (N, 15, 5, 5) → ReLU
                   → x + conv 3×3(conv 5×5(x)), 15→30→15, ReLU → flatten (N, 375) → linear 10
    ```
    """
    features = nn.Sequential(
        nn.Conv2d(input_shape[0], 20, kernel_size=5),
        nn.MaxPool2d(2),
        nn.ReLU(),
        PlainResidual(20, 30),
        nn.Conv2d(20, 15, kernel_size=3),
        nn.MaxPool2d(2),
        nn.ReLU(),
        PlainResidual(15, 30),
        nn.Flatten(),
    )
    (num_features,) = output_shape(features, input_shape)
    return nn.Sequential(*features, nn.Linear(num_features, num_classes))


@register("tutorial-resnet18-cifar10")
def tutorial_resnet18_cifar10(input_shape: InputShape, num_classes: int) -> nn.Sequential:
    """Four strided residual blocks behind a stride-3 stem, 4,910,410 parameters on CIFAR-10.

    ```text
    (N, 3, 32, 32) → conv 3×3 stride 3 (N, 64, 10, 10) → batch norm → ReLU
                   → block 64 (5×5) → block 128 (3×3) → block 256 (2×2) → block 512 (1×1)
                   → global average (N, 512) → linear (N, 10)
    ```

    Each block strides by 2 and projects its shortcut. Called ResNet-18 by its source, which has
    half of that network's blocks; the stem keeps 100 positions of the picture's 1,024.
    """
    layers: list[nn.Module] = [
        nn.Conv2d(input_shape[0], 64, kernel_size=3, stride=3),
        nn.BatchNorm2d(64),
        nn.ReLU(),
    ]
    output_shape(nn.Sequential(*layers), input_shape)
    channels = 64
    for width in (64, 128, 256, 512):
        layers.append(BasicBlock(channels, width, stride=2, bias=True, always_project=True))
        channels = width
    return nn.Sequential(*layers, GlobalAveragePool(), nn.Linear(channels, num_classes))


def _stem(stem: str, input_shape: InputShape, width: int) -> list[nn.Module]:
    if stem not in STEMS:
        raise ModelError(f"there is no stem '{stem}'", expected=f"one of: {', '.join(STEMS)}")
    channels, size_px = input_shape[0], min(input_shape[1:])
    tail: list[nn.Module] = [nn.BatchNorm2d(width), nn.ReLU()]
    if stem != "imagenet":
        stride = 1 if stem == "small" else 2
        return [nn.Conv2d(channels, width, 3, stride, padding=1, bias=False), *tail]
    if size_px < SMALLEST_FOR_IMAGENET_STEM_PX:
        warnings.warn(
            f"the 'imagenet' stem shrinks a {size_px}-px picture to {-(-size_px // 4)} px before"
            " the first block; it is made for 224 px: use stem = 'small'",
            stacklevel=2,
        )
    convolution = nn.Conv2d(channels, width, 7, stride=2, padding=3, bias=False)
    return [convolution, *tail, nn.MaxPool2d(3, stride=2, padding=1)]
