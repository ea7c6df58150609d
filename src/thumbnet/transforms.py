"""Pure functions on whole batches, each with an explicit generator: no per-image Python."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

ELASTIC_SPACING_PX = 7


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
    return flip(images, torch.rand(len(images), generator=generator, device=images.device) < 0.5)


def flip(images: Tensor, mirrored: Tensor) -> Tensor:
    """Mirror left to right those of ``images`` ``(N, C, H, W)`` that ``mirrored`` (bool) says."""
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


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


def views(images: Tensor, mirror: bool, shift_px: int) -> Iterator[tuple[Tensor, float]]:
    """Yield the views of float ``images`` ``(N, C, H, W)`` that a prediction averages, and weights.

    The images with weight ½ and their shifts by ``shift_px`` up-left and down-right, edges
    reflected, with ¼ each; the images alone with 1 where ``shift_px`` is 0. ``mirror`` splits every
    weight between the view and its mirror image.
    """
    height, width = images.shape[2:]
    shown = [(images, 1.0)]
    if shift_px:
        padded = functional.pad(images, (shift_px,) * 4, mode="reflect")
        up_left = padded[:, :, 2 * shift_px :, 2 * shift_px :]
        shown = [(images, 0.5), (up_left, 0.25), (padded[:, :, :height, :width], 0.25)]
    for view, weight in shown:
        if mirror:
            yield view.flip(3), weight / 2
        yield view, weight / 2 if mirror else weight


def resize(images: Tensor, size_px: int) -> Tensor:
    """Return ``images`` ``(N, C, H, W)`` at ``size_px`` × ``size_px``, bilinear and anti-aliased.

    uint8 stays uint8, rounded; floats stay floats.
    """
    return functional.interpolate(
        images, (size_px, size_px), mode="bilinear", align_corners=False, antialias=True
    )


def random_warp(
    images: Tensor,
    generator: torch.Generator,
    *,
    rotation_degrees: float = 0.0,
    translation_px: float = 0.0,
    scale: float = 0.0,
    shear_degrees: float = 0.0,
    aspect: float = 0.0,
    elastic_px: float = 0.0,
) -> Tensor:
    """Rotate, shift, scale, shear and bend each image about its centre, bilinear, zeros outside.

    Bending is the elastic deformation of Simard et al. 2003 ("Best Practices for Convolutional
    Neural Networks"), with noise that is smooth because it is drawn on a coarse grid, a point every
    7 px, and interpolated, which costs less than blurring a field of full size.

    Args:
        images: float ``(N, C, H, W)``, un-normalised, so that zero is the background.
        generator: on the images' device.
        rotation_degrees: uniform in ±this.
        translation_px: uniform in ±this for each axis.
        scale: factor uniform in [1 - scale, 1 + scale], for both axes alike.
        shear_degrees: horizontal slant, uniform in ±this.
        aspect: width over height changes by a factor whose logarithm is uniform in ±this.
        elastic_px: standard deviation of the displacement at the points of the coarse grid.
    """
    num_images, _, height, width = images.shape
    draws = torch.rand(5, num_images, generator=generator, device=images.device) * 2 - 1
    angle = draws[0] * math.radians(rotation_degrees)
    slant = torch.tan(draws[1] * math.radians(shear_degrees))
    factor = 1 / (1 + draws[2] * scale)
    cosine, sine = torch.cos(angle) * factor, torch.sin(angle) * factor
    # The map from output to input in coordinates of [-1, 1], in which a picture that is not square
    # is stretched: what moves one axis into the other needs their ratio.
    across = (cosine * slant - sine) * (height / width)
    down = sine * (width / height)
    first_row = (cosine, across, draws[3] * translation_px * 2 / width)
    second_row = (down, sine * slant + cosine, draws[4] * translation_px * 2 / height)
    factors = torch.stack([torch.stack(first_row, 1), torch.stack(second_row, 1)], 1)
    if aspect:
        stretch = torch.rand(num_images, generator=generator, device=images.device) * 2 - 1
        half = torch.exp(stretch * aspect / 2)
        factors = factors * torch.stack([1 / half, half, torch.ones_like(half)], 1)[:, None]
    basis = _affine_basis(height, width, images.device)
    if elastic_px:
        smooth = _smooth_basis(height, width, images.device)
        shape = (num_images, 2, len(smooth))
        noise = torch.randn(shape, generator=generator, device=images.device)
        in_grid_units = torch.tensor([[2 / width], [2 / height]], device=images.device)
        factors = torch.cat([factors, noise * (elastic_px * in_grid_units)], 2)
        basis = torch.cat([basis, smooth])
    # One product for all places of all pictures: affine_grid takes ten times as long.
    places = factors.flatten(0, 1) @ basis
    grid = places.view(num_images, 2, height, width).permute(0, 2, 3, 1)
    return functional.grid_sample(images, grid, align_corners=False)


@cache
def _affine_basis(height: int, width: int, device: torch.device) -> Tensor:
    """Return ``(3, H·W)``: each pixel's x and y in coordinates of [-1, 1], and 1."""
    x = (2 * torch.arange(width) + 1) / width - 1
    y = (2 * torch.arange(height) + 1) / height - 1
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([columns, rows, torch.ones(height, width)]).flatten(1).to(device)


@cache
def _smooth_basis(height: int, width: int, device: torch.device) -> Tensor:
    """Return ``(points, H·W)``: what each point of the coarse grid adds to each pixel.

    Bicubic interpolation is linear in the values at the points, so that a product with this matrix
    does it for a whole batch.
    """
    rows, columns = height // ELASTIC_SPACING_PX + 1, width // ELASTIC_SPACING_PX + 1
    points = torch.eye(rows * columns).view(rows * columns, 1, rows, columns)
    field = functional.interpolate(points, (height, width), mode="bicubic", align_corners=True)
    return field.flatten(1).to(device)


def _per_channel(values: Sequence[float], images: Tensor) -> Tensor:
    return torch.tensor(values, dtype=images.dtype, device=images.device)[:, None, None]


def _reflect(index: Tensor, size: int) -> Tensor:
    index = index.abs()
    return torch.where(index >= size, 2 * (size - 1) - index, index)
