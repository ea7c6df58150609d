"""Regular patterns, which only test a refusal: ruled and squared paper, bar codes, boards."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from thumbnet.datasets.negative_pen import MARGIN_PX, SIZE_PX

_GRID_Y, _GRID_X = (np.mgrid[:SIZE_PX, :SIZE_PX] - (SIZE_PX - 1) / 2).astype(np.float32)


def grid(rng: np.random.Generator) -> np.ndarray:
    """Make ruled, squared or dotted paper, a bar code or a board: uint8 ``(64, 64)``."""
    values = _GRIDS[rng.integers(len(_GRIDS))](rng)
    if rng.random() < 0.3:
        values = values + rng.uniform(0.02, 0.15) * rng.standard_normal(values.shape)
    values = np.clip(values, 0, 1) * rng.uniform(120, 255)
    return np.asarray(values, np.uint8)


def _tilted(rng: np.random.Generator, largest_deg: float) -> tuple[np.ndarray, np.ndarray]:
    angle = math.radians(rng.uniform(-largest_deg, largest_deg))
    cos, sin = math.cos(angle), math.sin(angle)
    shift = rng.uniform(0, 40, 2)
    return _GRID_X * cos + _GRID_Y * sin + shift[0], _GRID_Y * cos - _GRID_X * sin + shift[1]


def _lines(along: np.ndarray, spacing: float, width: float) -> np.ndarray:
    distance = np.abs((along + spacing / 2) % spacing - spacing / 2)
    return np.asarray(np.clip(width / 2 - distance + 0.5, 0, 1))


def _ruled(rng: np.random.Generator) -> np.ndarray:
    along, across = _tilted(rng, 6)
    values = _lines(across, rng.uniform(5, 18), rng.uniform(0.8, 2.5))
    if rng.random() < 0.3:
        values = np.maximum(values, _lines(along, 60, rng.uniform(0.8, 2)))
    return values


def _squared(rng: np.random.Generator) -> np.ndarray:
    along, across = _tilted(rng, 10)
    spacing, width = rng.uniform(5, 18), rng.uniform(0.8, 2.5)
    return np.asarray(np.maximum(_lines(along, spacing, width), _lines(across, spacing, width)))


def _dotted(rng: np.random.Generator) -> np.ndarray:
    along, across = _tilted(rng, 10)
    spacing, width = rng.uniform(5, 14), rng.uniform(1.2, 3)
    return np.asarray(np.minimum(_lines(along, spacing, width), _lines(across, spacing, width)))


def _bar_code(rng: np.random.Generator) -> np.ndarray:
    along, across = _tilted(rng, 8)
    edges = np.cumsum(rng.integers(1, 5, 90)) * rng.uniform(0.8, 1.6) - 60
    bars = np.searchsorted(edges, along) % 2
    # A code that does not fill the picture stands between two straight ends.
    height = rng.uniform(12, 45)
    return np.asarray(bars * (np.abs(across - across.mean()) < height), np.float32)


def _board(rng: np.random.Generator) -> np.ndarray:
    along, across = _tilted(rng, 10)
    cell = rng.uniform(4, 16)
    return np.asarray((np.floor(along / cell) + np.floor(across / cell)) % 2, np.float32)


def _square_code(rng: np.random.Generator) -> np.ndarray:
    num_cells = int(rng.integers(9, 24))
    cells = (rng.random((num_cells, num_cells)) < 0.5) * np.uint8(255)
    side = int(rng.integers(40, 59))
    values = np.zeros((SIZE_PX, SIZE_PX), np.float32)
    top, left = rng.integers(MARGIN_PX, SIZE_PX - side - MARGIN_PX + 1, 2)
    code = Image.fromarray(cells).resize((side, side), Image.Resampling.NEAREST)
    values[top : top + side, left : left + side] = np.asarray(code, np.float32) / 255
    return values


_GRIDS: tuple[Callable[[np.random.Generator], np.ndarray], ...] = (
    *(_ruled, _squared, _dotted, _bar_code, _board, _square_code),
)
