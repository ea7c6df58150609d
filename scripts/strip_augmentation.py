"""Strips changed at random: moved, bent, written with other pens, faded, blurred and spoilt."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

_STRETCH, _SQUEEZE = 1.25, 1.2
_SHEAR, _TILT, _SHIFT_PX = 0.35, 0.03, 2.0
_WAVE_PX, _WAVELENGTH_PX = 1.5, (40.0, 160.0)
_ELASTIC_PX = 0.45
_THICKER, _THINNER = 0.2, 0.75
_GAP = 0.25


def augment(strips: Tensor, widths: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return strips as float32 ``(N, 2, 32, W)`` in [0, 1], and how wide each is now.

    Args:
        strips: uint8 ``(N, 2, 32, W)``.
        widths: int64 ``(N,)``, how much of ``W`` each fills.
        generator: chooses everything.
    """
    chance = _Chance(len(strips), generator)
    moved, widths = _moved(strips.float() / 255, widths, chance)
    return _spoilt(_written(moved, chance), chance), widths


class _Chance:
    """Draws numbers for each of N strips, shaped to be multiplied with them."""

    def __init__(self, num: int, generator: torch.Generator) -> None:
        self.num = num
        self.generator = generator

    def between(self, low: float, high: float) -> Tensor:
        draw = torch.rand(self.num, 1, 1, 1, generator=self.generator)
        return low + (high - low) * draw

    def happens(self, probability: float) -> Tensor:
        return self.between(0, 1) < probability

    def field(self, channels: int, rows: int, columns: int) -> Tensor:
        return torch.rand(self.num, channels, rows, max(columns, 2), generator=self.generator)

    def normal(self, channels: int, rows: int, columns: int) -> Tensor:
        return torch.randn(self.num, channels, rows, max(columns, 2), generator=self.generator)


def _moved(strips: Tensor, widths: Tensor, chance: _Chance) -> tuple[Tensor, Tensor]:
    """Scale, shear, tilt, wave and bend, all in one resampling."""
    height, width = strips.shape[2:]
    down = (torch.arange(height) + 0.5 - height / 2)[None, None, :, None]
    right = (torch.arange(width) + 0.5)[None, None, None, :]
    stretch = chance.between(-math.log(_STRETCH), math.log(_STRETCH)).exp()
    squeeze = chance.between(-math.log(_STRETCH), math.log(_SQUEEZE)).exp()
    wave = chance.between(0, _WAVE_PX) * chance.happens(0.5)
    phase = chance.between(0, 2 * math.pi)
    length = chance.between(*_WAVELENGTH_PX)
    bend = _ELASTIC_PX * functional.interpolate(
        chance.normal(2, 4, width // 8), (height, width), mode="bicubic", align_corners=False
    )
    rows = (
        down * stretch
        + chance.between(-_SHIFT_PX, _SHIFT_PX)
        + chance.between(-_TILT, _TILT) * (right - width / 2)
        + wave * torch.sin(2 * math.pi * right / length + phase)
        + bend[:, :1]
    )
    columns = right * squeeze + chance.between(-_SHEAR, _SHEAR) * down + bend[:, 1:]
    grid = torch.stack([2 * columns / width - 1, 2 * rows / height], -1)[:, 0]
    moved = functional.grid_sample(strips, grid, align_corners=False)
    filled = (widths / squeeze.flatten()).ceil().clamp(max=width)
    return moved, filled.to(torch.int64)


def _written(strips: Tensor, chance: _Chance) -> Tensor:
    """Write with a thicker or a thinner pen, out of focus, in few pixels, paler, with gaps."""
    size = strips.shape[2:]
    pen, amount = chance.between(0, 1), chance.between(0, 1)
    thicker = strips + 0.7 * amount * (functional.max_pool2d(strips, 3, 1, 1) - strips)
    thinner = strips + 0.6 * amount * (-functional.max_pool2d(-strips, 3, 1, 1) - strips)
    strips = torch.where(pen < _THICKER, thicker, torch.where(pen > _THINNER, thinner, strips))
    blurred = functional.avg_pool2d(strips, 3, 1, 1, count_include_pad=False)
    strips = strips + chance.between(0, 1) * chance.happens(0.3) * (blurred - strips)
    share = 0.4 + 0.4 * float(torch.rand(1, generator=chance.generator))
    few = functional.interpolate(strips, scale_factor=share, mode="area")
    few = functional.interpolate(few, size, mode="bilinear", align_corners=False)
    strips = torch.where(chance.happens(0.15), few, strips)
    strips = (strips * chance.between(0.6, 1.3)).clamp(0, 1) ** chance.between(0.7, 1.4)
    worn = functional.interpolate(
        chance.field(1, 8, strips.shape[3] // 4), size, mode="bilinear", align_corners=False
    )
    return strips * torch.where(chance.happens(0.15) & (worn < _GAP), 0.25, 1.0)


def _spoilt(strips: Tensor, chance: _Chance) -> Tensor:
    """Add grain: on strokes alone in the first channel, everywhere in the second."""
    own, everything = strips[:, :1], strips[:, 1:]
    grain = chance.normal(1, *strips.shape[2:]) * chance.between(0, 0.12) * chance.happens(0.5)
    own = own + grain * (own > 0.05)
    # Now and then there is nothing but the row's own pieces to see.
    everything = torch.where(chance.happens(0.1), own, everything + grain)
    return torch.cat([own, everything], 1).clamp(0, 1)
