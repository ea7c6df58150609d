"""Digits as strokes, and a photo of digits, for a page to read."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from browser import Stroke

# One stroke each, in units of the paper's side.
ZERO: Stroke = [
    *[(0.5, 0.2), (0.32, 0.35), (0.32, 0.65), (0.5, 0.8), (0.68, 0.65), (0.68, 0.35), (0.5, 0.2)]
]
ONE: Stroke = [(0.5, 0.18), (0.5, 0.82)]
THREE: Stroke = [(0.34, 0.2), (0.66, 0.2), (0.48, 0.46), (0.68, 0.64), (0.5, 0.8), (0.32, 0.74)]
FIVE: Stroke = [
    *[(0.68, 0.2), (0.36, 0.2), (0.36, 0.46), (0.62, 0.5), (0.66, 0.68), (0.56, 0.8), (0.34, 0.8)]
]
SEVEN: Stroke = [(0.3, 0.2), (0.7, 0.2), (0.44, 0.82)]


def placed(stroke: Stroke, middle: float, size: float = 0.6) -> Stroke:
    """Return the stroke smaller, with its middle at this share of the paper's width."""
    return [(middle + size * (x - 0.5), 0.5 + size * (y - 0.5)) for x, y in stroke]


def photo(width_px: int, height_px: int, digits: list[tuple[Stroke, int, int]]) -> Image.Image:
    """Return a picture of digits, 120 pixels of paper each, at these places, on uneven paper."""
    image = Image.new("L", (width_px, height_px), 0)
    draw = ImageDraw.Draw(image)
    for stroke, left, top in digits:
        points = [(left + 120 * x, top + 120 * y) for x, y in stroke]
        draw.line(points, fill=255, width=9, joint="curve")
        for x, y in points:
            draw.ellipse((x - 4.5, y - 4.5, x + 4.5, y + 4.5), fill=255)
    ink = np.asarray(image.filter(ImageFilter.GaussianBlur(1)), np.float64) / 255
    light = np.linspace(0.82, 1, width_px)[None, :, None]
    noise = np.random.default_rng(7).normal(0, 2, (height_px, width_px, 1))
    paper = np.array([238, 233, 220]) * light
    pen = np.array([38, 44, 84])
    pixels = paper * (1 - ink[:, :, None]) + pen * ink[:, :, None] + noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


# A stroke, and where its 120 pixels of paper begin.
NUMBERS = [(THREE, 40, 60), (ONE, 140, 60), (SEVEN, 240, 60), (FIVE, 60, 220), (ZERO, 170, 220)]


def photo_of_numbers() -> Image.Image:
    """Return 317 and, below, 50; 420×400 pixels."""
    return photo(420, 400, NUMBERS)
