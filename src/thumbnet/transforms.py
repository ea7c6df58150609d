"""Pure functions on whole batches, each with an explicit generator: no per-image Python."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def normalise(
    images: Tensor, scale: float = 255.0, mean: Sequence[float] = (), std: Sequence[float] = ()
) -> Tensor:
    """Return ``(images / scale - mean) / std`` as float32.

    Args:
        images: uint8 ``(N, C, H, W)``.
        scale: what a pixel is divided by first; 255 maps to [0, 1].
        mean: one value per channel, or one for all, or none to subtract nothing.
        std: likewise; none to divide by nothing.
    """
    result = images.to(torch.float32, copy=True).div_(scale)
    if len(mean):
        result.sub_(_per_channel(mean, result))
    if len(std):
        result.div_(_per_channel(std, result))
    return result


def random_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability ½. Any dtype, ``(N, C, H, W)``."""
    flipped = torch.rand(len(images), generator=generator, device=images.device) < 0.5
    return torch.where(flipped[:, None, None, None], images.flip(3), images)


def random_crop(images: Tensor, padding_px: int, generator: torch.Generator) -> Tensor:
    """Shift each image by up to ``padding_px`` whole pixels in both axes, edges reflected.

    Any dtype, ``(N, C, H, W)`` → the same shape.
    """
    num_images, _, height, width = images.shape
    offsets = torch.randint(
        -padding_px, padding_px + 1, (2, num_images), generator=generator, device=images.device
    )
    rows = _reflect(torch.arange(height, device=images.device) + offsets[0][:, None], height)
    columns = _reflect(torch.arange(width, device=images.device) + offsets[1][:, None], width)
    batch = torch.arange(num_images, device=images.device)[:, None, None]
    # Advanced indices around a slice put the channel axis last.
    return images[batch, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def random_affine(
    images: Tensor,
    generator: torch.Generator,
    *,
    rotation_degrees: float = 0.0,
    translation_px: float = 0.0,
    scale: float = 0.0,
    shear_degrees: float = 0.0,
) -> Tensor:
    """Rotate, shift, scale and shear each image about its centre, bilinear, zeros outside.

    Args:
        images: float ``(N, C, H, W)``, un-normalised, so that zero is the background.
        generator: on the images' device.
        rotation_degrees: uniform in ±this.
        translation_px: uniform in ±this for each axis.
        scale: factor uniform in [1 - scale, 1 + scale], for both axes alike.
        shear_degrees: horizontal slant, uniform in ±this.
    """
    num_images, _, height, width = images.shape
    draws = torch.rand(5, num_images, generator=generator, device=images.device) * 2 - 1
    angle = draws[0] * math.radians(rotation_degrees)
    slant = torch.tan(draws[1] * math.radians(shear_degrees))
    factor = 1 / (1 + draws[2] * scale)
    cosine, sine = torch.cos(angle) * factor, torch.sin(angle) * factor
    # affine_grid takes the map from output to input in coordinates of [-1, 1], in which a picture
    # that is not square is stretched: what moves one axis into the other needs their ratio.
    across = (cosine * slant - sine) * (height / width)
    down = sine * (width / height)
    first_row = (cosine, across, draws[3] * translation_px * 2 / width)
    second_row = (down, sine * slant + cosine, draws[4] * translation_px * 2 / height)
    matrices = torch.stack([torch.stack(first_row, 1), torch.stack(second_row, 1)], 1)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def _per_channel(values: Sequence[float], images: Tensor) -> Tensor:
    return torch.tensor(values, dtype=images.dtype, device=images.device)[:, None, None]


def _reflect(index: Tensor, size: int) -> Tensor:
    index = index.abs()
    return torch.where(index >= size, 2 * (size - 1) - index, index)
