"""Multi-layer perceptrons."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import nn

from thumbnet.errors import ModelError
from thumbnet.models.layers import make_activation
from thumbnet.models.registry import InputShape, register, require_positive


@register("mlp")
def mlp(
    input_shape: InputShape,
    num_classes: int,
    widths: Sequence[int] = (256, 128),
    dropout: float = 0.0,
    activation: str = "relu",
) -> nn.Sequential:
    """Fully connected layers, each but the last followed by activation and dropout.

    ```text
    (N, C, H, W) → flatten (N, C·H·W) → [linear widths[i] → activation → dropout]… → linear (N, K)
    ```

    Args:
        input_shape: ``(channels, height, width)``.
        num_classes: K.
        widths: the hidden layers' sizes; empty for a linear classifier.
        dropout: probability of zeroing a hidden unit in training (Srivastava et al. 2014).
        activation: a name of ``thumbnet.models.layers.ACTIVATIONS``.

    Raises:
        ModelError: a width is not positive, or ``dropout`` is outside [0, 1).
    """
    require_positive("widths", widths)
    if not 0 <= dropout < 1:
        raise ModelError("'dropout' must be a probability below 1", got=dropout)
    layers: list[nn.Module] = [nn.Flatten()]
    size = math.prod(input_shape)
    for width in widths:
        layers += [nn.Linear(size, width), make_activation(activation)]
        if dropout > 0:
            layers.append(nn.Dropout(dropout))
        size = width
    return nn.Sequential(*layers, nn.Linear(size, num_classes))


@register("tutorial-mlp")
def tutorial_mlp(input_shape: InputShape, num_classes: int) -> nn.Sequential:
    """Five-layer perceptron, 575,050 parameters on MNIST.

    ```text
    (N, 1, 28, 28) → 784 → 512 → 256 → 128 → 64 → 10, ReLU after each but the last
    ```
    """
    return mlp(input_shape, num_classes, widths=(512, 256, 128, 64))


@register("tutorial-dropout-mlp")
def tutorial_dropout_mlp(input_shape: InputShape, num_classes: int) -> nn.Sequential:
    """Three-layer perceptron with dropout, 136,074 parameters on MNIST.

    ```text
    (N, 1, 28, 28) → 784 → 128 → ReLU → dropout ½ → 256 → ReLU → dropout ½ → 10
    ```
    """
    return mlp(input_shape, num_classes, widths=(128, 256), dropout=0.5)
