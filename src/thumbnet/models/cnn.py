"""Plain convolutional networks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import nn

from thumbnet.errors import ModelError
from thumbnet.models.layers import GlobalAveragePool, make_activation, output_shape
from thumbnet.models.registry import InputShape, register, require_positive

HEADS = ("average", "flatten")


@register("cnn")
def cnn(
    input_shape: InputShape,
    num_classes: int,
    widths: Sequence[int] = (16, 32, 64),
    kernel_size: int = 3,
    stem_stride: int = 1,
    batch_norm: bool = True,
    activation: str = "relu",
    dropout: float = 0.0,
    head: str = "flatten",
) -> nn.Sequential:
    """Convolutions that double the view: one block for each width, pooled by 2 after every block.

    ```text
    (N, C, H, W) → [conv k×k widths[i] → batch norm → activation → max-pool 2]…
                 → flatten, or global average → dropout → linear (N, K)
    ```

    The first convolution may stride (``stem_stride=2``) in place of its block's pooling.

    Args:
        input_shape: ``(channels, height, width)``.
        num_classes: K.
        widths: output channels of each convolution.
        kernel_size: odd; padded so that a convolution of stride 1 keeps the size.
        stem_stride: stride of the first convolution; above 1 its block is not pooled.
        batch_norm: normalise before the activation (Ioffe and Szegedy 2015, 1502.03167); the
            convolutions then have no bias, since the norm would cancel it.
        activation: a name of ``thumbnet.models.layers.ACTIVATIONS``.
        dropout: probability of zeroing an input of the last layer.
        head: ``"flatten"`` or ``"average"`` (global average pooling).

    Raises:
        ModelError: an argument is out of range, or the picture is too small for the pooling.
    """
    require_positive("widths", widths)
    require_positive("kernel_size", [kernel_size])
    require_positive("stem_stride", [stem_stride])
    if kernel_size % 2 == 0:
        raise ModelError("'kernel_size' must be odd", got=kernel_size)
    if head not in HEADS:
        raise ModelError(f"there is no head '{head}'", expected=f"one of: {', '.join(HEADS)}")
    if not widths:
        raise ModelError("'widths' is empty", expected="at least one convolution")
    if not 0 <= dropout < 1:
        raise ModelError("'dropout' must be a probability below 1", got=dropout)
    layers: list[nn.Module] = []
    channels = input_shape[0]
    for index, width in enumerate(widths):
        stride = stem_stride if index == 0 else 1
        layers.append(
            nn.Conv2d(channels, width, kernel_size, stride, kernel_size // 2, bias=not batch_norm)
        )
        if batch_norm:
            layers.append(nn.BatchNorm2d(width))
        layers.append(make_activation(activation))
        if stride == 1:
            layers.append(nn.MaxPool2d(2))
        channels = width
    layers.append(nn.Flatten() if head == "flatten" else GlobalAveragePool())
    (num_features,) = output_shape(nn.Sequential(*layers), input_shape)
    if dropout > 0:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(num_features, num_classes))


@register("tutorial-cnn")
def tutorial_cnn(input_shape: InputShape, num_classes: int) -> nn.Sequential:
    """One batch-normalised convolution and three linear layers, 442,446 parameters on MNIST.

    ```text
    (N, 1, 28, 28) → conv 5×5 pad 2 (N, 32, 28, 28) → batch norm → ReLU → max-pool 2 (N, 32, 14, 14)
                   → flatten (N, 6272) → linear 70 → tanh → linear 30 → tanh → linear 10
    ```
    """
    features = nn.Sequential(
        nn.Conv2d(input_shape[0], 32, kernel_size=5, padding=2),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
    )
    num_features = math.prod(output_shape(features, input_shape))
    return nn.Sequential(
        *features,
        nn.Linear(num_features, 70),
        nn.Tanh(),
        nn.Linear(70, 30),
        nn.Tanh(),
        nn.Linear(30, num_classes),
    )
