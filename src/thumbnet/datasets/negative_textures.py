"""Pictures without strokes: noise, dirt, empty paper, and blots."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from thumbnet.datasets.negative_pen import CANVAS_PX, SIZE_PX, finish, fit_points, turn

BLANK_SHARE = 0.15

_GRID_Y, _GRID_X = (np.mgrid[:SIZE_PX, :SIZE_PX] - (SIZE_PX - 1) / 2).astype(np.float32)
_Maker = Callable[[np.random.Generator], np.ndarray]


def noise(rng: np.random.Generator) -> np.ndarray:
    """Make speckle, grain, smooth noise or a gradient, or nothing: uint8 ``(64, 64)``."""
    if rng.random() < BLANK_SHARE:
        return np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    values = _NOISES[rng.integers(len(_NOISES))](rng)
    return np.clip(values, 0, 255).astype(np.uint8)


def blot(rng: np.random.Generator) -> np.ndarray:
    """Make filled blobs, a lying bar or a filled polygon: uint8 ``(64, 64)``, white on black."""
    image = Image.new("L", (CANVAS_PX, CANVAS_PX))
    draw = ImageDraw.Draw(image)
    outlines = _BLOTS[rng.integers(len(_BLOTS))](rng)
    # All outlines are placed together, so that the splashes stay around their blob.
    joined = np.concatenate(outlines)
    placed = fit_points(joined, rng.uniform(22, 58), 0.5, rng) * (CANVAS_PX / SIZE_PX)
    ends = np.cumsum([len(outline) for outline in outlines])
    for outline in np.split(placed, ends[:-1]):
        draw.polygon(outline.ravel().tolist(), fill=255)
    return finish(image, rng)


def _paper_grain(rng: np.random.Generator) -> np.ndarray:
    grain = rng.standard_normal((SIZE_PX, SIZE_PX), dtype=np.float32)
    return grain * rng.uniform(3, 25) + rng.uniform(0, 25)


def _white_noise(rng: np.random.Generator) -> np.ndarray:
    return rng.random((SIZE_PX, SIZE_PX), dtype=np.float32) * rng.uniform(80, 256)


def _speckle(rng: np.random.Generator) -> np.ndarray:
    num_cells = int(rng.choice([16, 32, 64]))
    cells = (rng.random((num_cells, num_cells)) < rng.uniform(0.02, 0.2)) * np.uint8(255)
    return _enlarged(cells, Image.Resampling.BICUBIC)


def _dust(rng: np.random.Generator) -> np.ndarray:
    values = np.zeros((SIZE_PX, SIZE_PX), np.float32)
    for x, y in rng.uniform(-27, 27, (rng.integers(3, 16), 2)):
        distance = np.hypot(_GRID_X - x, _GRID_Y - y)
        values += 255 * np.clip(rng.uniform(0.7, 2.2) - distance, 0, 1)
    return values


def _smooth_noise(rng: np.random.Generator) -> np.ndarray:
    num_cells = int(rng.integers(5, 26))
    cells = rng.integers(0, 256, (num_cells, num_cells), dtype=np.uint8)
    return _enlarged(cells, Image.Resampling.BICUBIC) * rng.uniform(0.4, 1.0)


def _patches(rng: np.random.Generator) -> np.ndarray:
    return (_smooth_noise(rng) - rng.uniform(70, 120)) * rng.uniform(4, 20)


def _octaves(rng: np.random.Generator) -> np.ndarray:
    values = np.zeros((SIZE_PX, SIZE_PX), np.float32)
    for power in range(2, 7):
        cells = rng.integers(0, 256, (2**power, 2**power), dtype=np.uint8)
        values += _enlarged(cells, Image.Resampling.BILINEAR) * 0.6 ** (power - 1)
    return values - rng.uniform(40, 110)


def _gradient(rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(0, 2 * math.pi)
    along = (_GRID_X * math.cos(angle) + _GRID_Y * math.sin(angle)) / 90 + 0.5
    if rng.random() < 0.4:
        centre = rng.uniform(-40, 40, 2)
        along = np.hypot(_GRID_X - centre[0], _GRID_Y - centre[1]) / 80
    grain = rng.standard_normal(along.shape, dtype=np.float32) * rng.uniform(0, 0.08)
    return np.asarray((along + grain) * rng.uniform(100, 255))


def _enlarged(cells: np.ndarray, filter_: Image.Resampling) -> np.ndarray:
    image = Image.fromarray(cells).resize((SIZE_PX, SIZE_PX), filter_)
    return np.asarray(image, np.float32)


def _blob(rng: np.random.Generator) -> np.ndarray:
    angles = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    orders = np.arange(2, 8)[:, None]
    sizes = rng.standard_normal((6, 1)) * rng.uniform(0.2, 0.6) / orders
    radius = 1 + (sizes * np.cos(orders * angles + rng.uniform(0, 6.3, (6, 1)))).sum(axis=0)
    radius = np.maximum(radius, 0.25)
    stretch = rng.uniform(0.9, 1.6)
    return np.stack([radius * np.cos(angles) * stretch, radius * np.sin(angles)], axis=1)


def _one_blob(rng: np.random.Generator) -> list[np.ndarray]:
    return [_blob(rng)]


def _splash(rng: np.random.Generator) -> list[np.ndarray]:
    drops = [
        _blob(rng) * rng.uniform(0.08, 0.5) + rng.uniform(-2.2, 2.2, 2)
        for _ in range(rng.integers(2, 9))
    ]
    return [_blob(rng), *drops]


def _lying_bar(rng: np.random.Generator) -> list[np.ndarray]:
    # Never steeper than 25°: a standing bar is a 1.
    return [turn(_box(rng.uniform(0.07, 0.45)), rng.uniform(-25, 25))]


def _solid_box(rng: np.random.Generator) -> list[np.ndarray]:
    return [turn(_box(rng.uniform(0.5, 1.4)), rng.normal(0, 10))]


def _polygon(rng: np.random.Generator) -> list[np.ndarray]:
    num_corners = int(rng.choice([3, 4, 5, 6, 8, 40]))
    angles = 2 * math.pi * (np.arange(num_corners) / num_corners + rng.random())
    radius = 1 + rng.uniform(0, 0.15) * rng.standard_normal(num_corners) * (num_corners < 40)
    stretch = rng.uniform(0.9, 1.7)
    return [np.stack([stretch * radius * np.cos(angles), radius * np.sin(angles)], axis=1)]


def _boxes(rng: np.random.Generator) -> list[np.ndarray]:
    angle = rng.uniform(-20, 20)
    places = np.linspace(-1, 1, rng.integers(2, 4))
    return [
        turn(_box(rng.uniform(0.1, 0.3)) * [rng.uniform(0.5, 1), 1] + [0, place], angle)
        for place in places
    ]


def _box(height: float) -> np.ndarray:
    return np.array([[-1, -height], [1, -height], [1, height], [-1, height]])


_NOISES: tuple[_Maker, ...] = (
    *(_paper_grain, _white_noise, _speckle, _dust, _smooth_noise, _patches, _octaves, _gradient),
)
_BLOTS: tuple[Callable[[np.random.Generator], list[np.ndarray]], ...] = (
    *(_one_blob, _splash, _lying_bar, _solid_box, _polygon, _boxes),
)
