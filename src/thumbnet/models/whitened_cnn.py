"""Convolutional networks whose first layer is computed from the pictures instead of learnt."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from thumbnet.errors import ModelError
from thumbnet.models.layers import make_activation, output_shape
from thumbnet.models.registry import InputShape, register, require_positive

NUM_PATCHES = 200_000
_CHUNK = 100


class PatchWhitening(nn.Conv2d):
    """A convolution whose filters are the principal directions of the pictures' patches.

    Half of the filters are the eigenvectors of the patches' covariance with the largest
    eigenvalues λ, divided by √(λ + 5e-4); the others are their negatives, so that a rectifier after
    them loses nothing. Each output then has about the same variance (Jordan 2024, 2404.00498).

    Args:
        in_channels: C of ``(N, C, H, W)``.
        out_channels: even, at most ``2 · C · kernel_size²``.
        kernel_size: of the patches.
        stride: of the convolution.
        train_filters: go on to train the filters; otherwise only the bias is trained.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        train_filters: bool = False,
    ) -> None:
        limit = 2 * in_channels * kernel_size**2
        if out_channels % 2 or out_channels > limit:
            raise ModelError(
                "'stem_width' must be even and at most twice the values of a patch",
                got=out_channels,
                expected=f"at most {limit}",
            )
        super().__init__(in_channels, out_channels, kernel_size, stride)
        self.weight.requires_grad_(train_filters)

    @torch.no_grad()
    def initialise_from(self, images: Tensor) -> None:
        """Compute the filters from normalised float ``images`` ``(N, C, H, W)``; bias to zero."""
        patches = _spread_patches(images, self.kernel_size[0]).double()
        values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
        count = self.out_channels // 2
        filters = (vectors / torch.sqrt(values + 5e-4)).T.flip(0)[:count]
        filters = filters.reshape(count, *self.weight.shape[1:])
        self.weight.copy_(torch.cat([filters, -filters]))
        if self.bias is not None:
            self.bias.zero_()


def _spread_patches(images: Tensor, size_px: int) -> Tensor:
    """Return every n-th patch, flat ``(M, C·size²)``, so that M is at most ``NUM_PATCHES``."""
    height, width = (length - size_px + 1 for length in images.shape[2:])
    step = math.ceil(len(images) * height * width / NUM_PATCHES)
    chosen, first = [], 0
    # Some images at a time: all patches of 5,000 digits would take 300 MB.
    for chunk in torch.split(images, _CHUNK):
        view = chunk.unfold(2, size_px, 1).unfold(3, size_px, 1).permute(0, 2, 3, 1, 4, 5)
        patches = view.reshape(-1, images.shape[1] * size_px**2)
        chosen.append(patches[-first % step :: step].clone())
        first += len(patches)
    return torch.cat(chosen)


class Scale(nn.Module):
    """Multiplies by a constant, e.g. logits, which sets how fast a softmax saturates."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, values: Tensor) -> Tensor:
        """Return ``factor · values``."""
        return values * self.factor


@register("whitened-cnn")
def whitened_cnn(
    input_shape: InputShape,
    num_classes: int,
    stem_width: int | None = None,
    stem_kernel: int = 2,
    stem_stride: int = 1,
    train_stem: bool = False,
    widths: Sequence[int] = (64, 256, 256),
    block_convolutions: int = 2,
    first_stride: int = 1,
    activation: str = "gelu",
    norm_momentum: float = 0.4,
    norm_scale: bool = True,
    identity_start: bool = False,
    head: str = "max",
    logit_scale: float = 0.125,
) -> nn.Sequential:
    """A patch-whitening layer, then blocks that pool before they normalise.

    ```text
    (N, C, H, W) → whitening k×k → activation
                 → [conv 3×3 → max-pool 2 → batch norm → activation
                    → (conv 3×3 → batch norm → activation)…]…
                 → max-pool, or flatten → linear (N, K) without bias → scale
    ```

    The design of cifar10-airbench (Jordan 2024, 2404.00498). With ``head = "max"`` it takes
    pictures of other sizes than its own too. Pooling first makes every
    later operation of the block work on a quarter of the values.

    Args:
        input_shape: ``(channels, height, width)``.
        num_classes: K.
        stem_width: filters of the whitening layer, even; None for all, twice a patch's values.
        stem_kernel: side of its patches.
        stem_stride: its stride.
        train_stem: train its filters too; they only begin as the whitening.
        widths: channels of each block.
        block_convolutions: convolutions in each block.
        first_stride: stride of the first block's first convolution; above 1 it is not pooled.
        activation: a name of ``thumbnet.models.layers.ACTIVATIONS``.
        norm_momentum: share of a batch in batch norm's running statistics: large, for short runs.
        norm_scale: train batch norm's scale; otherwise it stays 1.
        identity_start: the first filters of each convolution begin as the identity, one for each
            input channel (Dirac), so that the blocks pass on what they get.
        head: ``"max"`` (the largest value of each channel) or ``"flatten"``.
        logit_scale: what the logits are multiplied by.

    Raises:
        ModelError: an argument is out of range, or the picture is too small for the pooling.
    """
    require_positive("widths", widths)
    require_positive("stem_kernel", [stem_kernel])
    if stem_width is None:
        stem_width = 2 * input_shape[0] * stem_kernel**2
    require_positive("stem_width", [stem_width])
    require_positive("stem_stride", [stem_stride])
    require_positive("first_stride", [first_stride])
    require_positive("block_convolutions", [block_convolutions])
    if head not in ("max", "flatten"):
        raise ModelError(f"there is no head '{head}'", expected="one of: max, flatten")
    channels = stem_width
    layers: list[nn.Module] = [
        PatchWhitening(input_shape[0], stem_width, stem_kernel, stem_stride, train_stem),
        make_activation(activation),
    ]
    for block, width in enumerate(widths):
        for index in range(block_convolutions):
            stride = first_stride if block == index == 0 else 1
            convolution = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
            if identity_start:
                nn.init.dirac_(convolution.weight.data[:channels])
            layers.append(convolution)
            if index == 0 and stride == 1:
                layers.append(nn.MaxPool2d(2))
            norm = nn.BatchNorm2d(width, momentum=norm_momentum)
            norm.weight.requires_grad_(norm_scale)
            layers.append(norm)
            layers.append(make_activation(activation))
            channels = width
    if head == "max":
        layers.append(GlobalMaxPool())
    layers.append(nn.Flatten())
    (num_features,) = output_shape(nn.Sequential(*layers), input_shape)
    return nn.Sequential(
        *layers, nn.Linear(num_features, num_classes, bias=False), Scale(logit_scale)
    )


class GlobalMaxPool(nn.Module):
    """Largest value over height and width: ``(N, C, H, W)`` → ``(N, C)``."""

    def forward(self, features: Tensor) -> Tensor:
        """Take each channel's largest value."""
        return features.amax(dim=(2, 3))
