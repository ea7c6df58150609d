"""Filled shapes with a surface, as things have that are photographed rather than drawn."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from thumbnet.datasets.negative_drawings import fit_drawing
from thumbnet.datasets.negative_pen import CANVAS_PX, SIZE_PX, finish

_OUTLINE_SHARE = 0.4
_GRID_Y, _GRID_X = np.mgrid[:SIZE_PX, :SIZE_PX] / SIZE_PX


def silhouette(rng: np.random.Generator) -> np.ndarray:
    """Make a filled drawing or a filled symmetric shape: uint8 ``(64, 64)``, white on black."""
    if rng.random() < _OUTLINE_SHARE:
        drawn = fit_drawing(rng)
        filled = ndimage.binary_fill_holes(drawn > 60)
        picture = np.where(filled, 255, drawn).astype(np.uint8)
    else:
        picture = finish(_symmetric_shape(rng), rng)
    shaded = picture * _surface(rng)
    pixels: np.ndarray = np.clip(shaded, 0, 255).astype(np.uint8)
    return pixels


def _symmetric_shape(rng: np.random.Generator) -> Image.Image:
    """Fill a profile and its mirror image, as of a vase, a leaf or a shirt."""
    num_points = int(rng.integers(4, 11))
    heights = np.linspace(0.08, 0.92, num_points)
    widths = rng.uniform(0.05, 0.42, num_points)
    if rng.random() < 0.5:
        widths = ndimage.gaussian_filter1d(widths, 0.8)
    right = np.stack([0.5 + widths, heights], 1)
    left = np.stack([0.5 - widths, heights], 1)[::-1]
    outline = np.concatenate([right, left])
    if rng.random() < 0.3:
        outline = outline[:, ::-1]
    centred = (outline - 0.5) * rng.uniform(0.6, 0.95) + 0.5 + rng.normal(0, 0.01, outline.shape)
    image = Image.new("L", (CANVAS_PX, CANVAS_PX))
    ImageDraw.Draw(image).polygon((np.clip(centred, 0.04, 0.96) * CANVAS_PX).ravel().tolist(), 255)
    return image


def _surface(rng: np.random.Generator) -> np.ndarray:
    """Return a brightness between 0.25 and 1 for every pixel: even, shaded, striped or mottled."""
    depth = rng.uniform(0, 0.75)
    direction = rng.uniform(0, 2 * np.pi)
    along = np.cos(direction) * _GRID_X + np.sin(direction) * _GRID_Y
    kind = rng.integers(4)
    if kind == 0:
        return np.ones((SIZE_PX, SIZE_PX))
    if kind == 1:
        pattern = (along - along.min()) / np.ptp(along)
    elif kind == 2:
        pattern = (np.sin(along * rng.uniform(15, 60)) > rng.uniform(-0.5, 0.5)).astype(float)
    else:
        grain = ndimage.gaussian_filter(rng.standard_normal((SIZE_PX, SIZE_PX)), rng.uniform(1, 5))
        pattern = (grain - grain.min()) / np.ptp(grain)
    brightness: np.ndarray = 1 - depth * pattern
    return brightness
