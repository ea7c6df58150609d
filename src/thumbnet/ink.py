"""Random changes of glyphs in MNIST's frame: what pens, paper, scanners and cameras do to them.

Pure batched functions on float ``(N, 1, H, W)`` in [0, 255], ink white on black, each with an
explicit generator on the pictures' device. ``share`` is the probability that a picture changes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from thumbnet.frame import BOX_PX, Square

_FULL = 255.0


def random_stroke_width(images: Tensor, generator: torch.Generator, max_px: float) -> Tensor:
    """Widen or narrow the strokes by up to ``max_px`` on each side, grey morphology.

    Narrowing stops where less than a third of the ink would be left.
    """
    amount = (torch.rand(len(images), generator=generator, device=images.device) * 2 - 1) * max_px
    amount = amount[:, None, None, None]
    for step in range(int(max_px) + 1):
        wider = functional.max_pool2d(images, 3, 1, 1)
        narrower = -functional.max_pool2d(-images, 3, 1, 1)
        left = narrower.sum((1, 2, 3)) / images.sum((1, 2, 3)).clamp(min=1.0)
        allowed = ((left - 0.15) / 0.35).clamp(0.0, 1.0)[:, None, None, None]
        images = images + (amount - step).clamp(0.0, 1.0) * (wider - images)
        images = images + (-amount - step).clamp(0.0, 1.0) * allowed * (narrower - images)
    return images


def random_resolution(
    images: Tensor, generator: torch.Generator, min_px: int, share: float
) -> Tensor:
    """Show some pictures as if scanned with as few as ``min_px`` pixels to 20, half of them binary.

    The number of pixels is uniform in [``min_px``, 20].
    """
    size = images.shape[2]
    chance, pixels, binary = torch.rand(3, len(images), generator=generator, device=images.device)
    step = BOX_PX / (min_px + pixels * (BOX_PX - min_px))
    middle = torch.full_like(step, size / 2)
    coarse = Square(middle - step * size / 2, middle - step * size / 2, step).cut(
        images[:, 0], size
    )
    sharp = (coarse > 0.4 * _FULL).float() * _FULL
    coarse = torch.where((binary < 0.5)[:, None, None], sharp, coarse)
    back = Square(middle - size / 2 / step, middle - size / 2 / step, 1 / step)
    changed = back.cut(coarse, size)[:, None]
    return torch.where((chance < share)[:, None, None, None], changed, images)


def random_blur(images: Tensor, generator: torch.Generator, share: float) -> Tensor:
    """Blur some pictures, by up to two passes of a mean over 3×3."""
    chance, amount = torch.rand(2, len(images), generator=generator, device=images.device)
    amount = (torch.where(chance < share, amount, 0.0) * 2)[:, None, None, None]
    for step in range(2):
        mean = functional.avg_pool2d(images, 3, 1, 1)
        images = images + (amount - step).clamp(0.0, 1.0) * (mean - images)
    return images


def random_gaps(images: Tensor, generator: torch.Generator, share: float) -> Tensor:
    """Break the strokes of some pictures along a straight line 1 to 2 px wide."""
    num_images, _, height, width = images.shape
    draws = torch.rand(4, num_images, generator=generator, device=images.device)
    angle = draws[1] * torch.pi
    offset = (draws[2] - 0.5) * BOX_PX * 0.8
    rows = torch.arange(height, device=images.device) + 0.5 - height / 2
    columns = torch.arange(width, device=images.device) + 0.5 - width / 2
    across = (
        torch.sin(angle)[:, None, None] * rows[:, None] + torch.cos(angle)[:, None, None] * columns
    )
    distance = (across - offset[:, None, None]).abs()
    kept = (distance - (0.5 + draws[3])[:, None, None] / 2).clamp(0.0, 1.0)
    return torch.where((draws[0] < share)[:, None, None, None], images * kept[:, None], images)


def random_noise(images: Tensor, generator: torch.Generator, deviation: float) -> Tensor:
    """Add grain near the ink, its deviation uniform in [0, ``deviation``], and vary the darkness.

    Far from the ink there is none, because the frame cuts it away there.
    """
    shape = (2, len(images), 1, 1, 1)
    strength, fading = torch.rand(shape, generator=generator, device=images.device)
    grain = torch.randn(images.shape, generator=generator, device=images.device)
    near = functional.max_pool2d(images, 5, 1, 2) / _FULL
    noisy: Tensor = images * (1 - 0.3 * fading) + grain * near * (deviation * strength)
    return noisy.clamp(0.0, _FULL)


def random_neighbours(images: Tensor, generator: torch.Generator, share: float) -> Tensor:
    """Let the edge of another picture of the batch reach into some pictures from a side."""
    num_images, _, _, width = images.shape
    chance, far, side = torch.rand(3, num_images, generator=generator, device=images.device)
    shift = (0.6 + 0.25 * far) * width * torch.where(side < 0.5, -1.0, 1.0)
    zeros = torch.zeros_like(shift)
    beside = Square(zeros, shift, zeros + 1).cut(images.roll(1, 0)[:, 0], width)[:, None]
    return torch.where((chance < share)[:, None, None, None], torch.maximum(images, beside), images)
