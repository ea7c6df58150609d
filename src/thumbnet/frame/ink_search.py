"""Where the ink of a glyph is, in a picture of any size and of either polarity."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from thumbnet.frame.resampling import (
    Square,
    blur,
    centre_of_mass,
    clamped_weights,
    extent,
    pixel_centres,
)

CANVAS_PX, CELLS = 128, 32
CELL_PX = CANVAS_PX // CELLS
"""The picture is fitted to a canvas of this size to find its ink, and to cells to connect it."""
INK_LEVEL = 0.3
"""Ink has at least this share of the strongest contrast,"""
LOWEST_CONTRAST = 0.06
"""and at least this."""

_BELOW_ALL = -10.0
_REACH_PX = 16
_CROWD_CELLS, _DENSE_SHARE = 9, 0.35
_GROWTH_CELLS, _GROWTH_STEPS = 7, 8


def fit_to_canvas(grey: Tensor) -> tuple[Square, Tensor, Tensor]:
    """Return the canvas as a field of the picture, the picture on it in [0, 1], and where it is.

    The longer side fills the canvas; what is beside the picture repeats its edge, and ``inside``,
    bool as float ``(N, 128, 128)``, is 0 there.
    """
    height, width = grey.shape[1:]
    zeros = torch.zeros_like(grey[:, 0, 0])
    tall, wide = torch.full_like(zeros, height), torch.full_like(zeros, width)
    step = torch.maximum(tall, wide) / CANVAS_PX
    middle = step * (CANVAS_PX / 2)
    square = Square(tall / 2 - middle, wide / 2 - middle, step)
    places = pixel_centres(CANVAS_PX, grey)
    down = square.top[:, None] + places * step[:, None]
    across = square.left[:, None] + places * step[:, None]
    in_rows, in_columns = (
        (down > 0) & (down < tall[:, None]),
        (across > 0) & (across < wide[:, None]),
    )
    inside = (in_rows[:, :, None] & in_columns[:, None, :]).to(grey.dtype)
    rows = clamped_weights(down, step, height)
    columns = clamped_weights(across, step, width)
    return square, rows @ grey @ columns.transpose(1, 2) / 255, inside


def ink_is_dark(canvas: Tensor, inside: Tensor) -> Tensor:
    """Return bool ``(N,)``: whether the ink is darker than the paper.

    Ink is the minority: against the mean of their neighbourhood, the values lean towards it; and
    the picture's border shows paper.
    """
    mean = blur(canvas * inside, 63) / blur(inside, 63).clamp(min=1e-3)
    detail = (canvas - mean) * inside
    area = inside.sum((1, 2))
    deviation = ((detail**2).sum((1, 2)) / area).sqrt().clamp(min=1e-4)
    skew = (detail**3).sum((1, 2)) / area / deviation**3
    edge = inside * (blur(inside, 9) < 0.999)
    border = (detail * edge).sum((1, 2)) / edge.sum((1, 2)).clamp(min=1.0) / deviation
    # A picture without any lean, such as an even one, is decided alike whatever is rounded how.
    return skew - 2 * border < 1e-6


def estimate_paper(canvas: Tensor) -> Tensor:
    """Return what the paper would be without the ink, ``(N, 128, 128)``: a grey closing.

    Strokes narrower than a quarter of the canvas are closed; a shadow keeps its edge.
    """
    widened = _largest_nearby(canvas)
    return -_largest_nearby(-widened)


def _largest_nearby(values: Tensor) -> Tensor:
    """Return the maximum over 33 × 33 of ``(N, L, L)`` in [-1, 1], by doubling along each axis."""
    padded = functional.pad(values, (_REACH_PX,) * 4, value=_BELOW_ALL)
    return _largest_after(_largest_after(padded).transpose(1, 2)).transpose(1, 2)


def _largest_after(values: Tensor) -> Tensor:
    """Return the maximum of each and the next 32 of ``(N, L + 32, …)``: ``(N, L, …)``."""
    for step in (1, 2, 4, 8, 16, 1):
        values = torch.maximum(values[:, :-step], values[:, step:])
    return values


def find_ink(contrast: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the glyph's region, its box and its centre of mass, in canvas pixels.

    Args:
        contrast: ``(N, 128, 128)``, 0 where there is paper.

    Returns:
        The region as float ``(N, 128, 128)``, 1 about the glyph's ink; ``(N, 4)`` top, left,
        height and width; ``(N, 2)`` down and right.
    """
    strongest = contrast.flatten(1).topk(CANVAS_PX * CANVAS_PX // 200).values.mean(1)
    level = (INK_LEVEL * strongest).clamp(min=LOWEST_CONTRAST)[:, None, None]
    mask = (contrast > level).to(contrast.dtype)
    mask = mask * (blur(mask, 5) > 4.5 / 25)
    density = mask.reshape(-1, CELLS, CELL_PX, CELLS, CELL_PX).mean((2, 4))
    cells = glyph_cells(density[:, None])
    mask = mask * _spread_cells(cells)
    top, height = extent(mask.amax(2) > 0, mask.dtype)
    left, width = extent(mask.amax(1) > 0, mask.dtype)
    ink = torch.minimum(contrast, strongest[:, None, None]) * mask
    region = _spread_cells(functional.max_pool2d(cells, 3, 1, 1))
    # What was blurred before it was compared is half a pixel wider on each side.
    box = torch.stack([top + 0.5, left + 0.5, height - 1, width - 1], 1).clamp(min=0.0)
    return region, box, torch.stack(centre_of_mass(ink), 1)


def glyph_cells(density: Tensor) -> Tensor:
    """Return, as 0 and 1, the cells of the glyph: where ink is dense, and what is linked to that.

    A glyph may be of several parts, since strokes break and a 5 may have its roof beside it. Specks
    and grain are thin. Gaps of two cells are bridged.

    Args:
        density: ``(N, 1, 32, 32)``, the share of each cell that is ink.
    """
    cells = (density > 0).to(density.dtype)
    crowd = blur(density[:, 0], _CROWD_CELLS)[:, None] * cells
    reached = (crowd > _DENSE_SHARE * crowd.amax((2, 3), keepdim=True)).to(density.dtype)
    for _ in range(_GROWTH_STEPS):
        reached = functional.max_pool2d(reached, _GROWTH_CELLS, 1, _GROWTH_CELLS // 2) * cells
    return reached


def _spread_cells(cells: Tensor) -> Tensor:
    """Return ``(N, 1, 32, 32)`` as ``(N, 128, 128)``, every cell as its pixels."""
    num = len(cells)
    spread = cells[:, 0, :, None, :, None].expand(num, CELLS, CELL_PX, CELLS, CELL_PX)
    return spread.reshape(num, CANVAS_PX, CANVAS_PX)
