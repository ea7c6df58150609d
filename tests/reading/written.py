"""Rows of MNIST's digits on plain paper, for the tests of reading."""

from __future__ import annotations

import numpy as np
from PIL import Image

from thumbnet.datasets.mnist import load_mnist

PAPER, INK = 235, 40


def mnist_digits(text: str, seed: int = 0) -> list[np.ndarray]:
    """Return a test image of each digit of ``text``: uint8 ``(28, 28)``, white on black."""
    images = load_mnist("test")
    labels = images.labels.numpy()
    rng = np.random.default_rng(seed)
    chosen = [rng.choice(np.flatnonzero(labels == int(digit))[:400]) for digit in text]
    return [images.images[index, 0].numpy() for index in chosen]


def write_rows(
    texts: list[str],
    *,
    size_px: int = 56,
    gap_px: int = 12,
    tilt_deg: float = 0.0,
    wave_px: float = 0.0,
    seed: int = 0,
) -> np.ndarray:
    """Return rows of digits as dark ink on paper: uint8 ``(H, W)``.

    Args:
        texts: the rows.
        size_px: what MNIST's 20 pixels become.
        gap_px: between the boxes of neighbours.
        tilt_deg: by how much the rows rise to the right.
        wave_px: by how much every other digit stands lower.
        seed: chooses the images.
    """
    height = len(texts) * 2 * size_px + size_px
    width = 2 * size_px + max(len(text) for text in texts) * (size_px + gap_px)
    ink = np.zeros((height, width), np.uint8)
    for number, text in enumerate(texts):
        left = size_px
        for index, digit in enumerate(mnist_digits(text, seed + number)):
            image = Image.fromarray(digit)
            image = image.crop(image.getbbox())
            scale = size_px / 20
            sides = (max(2, round(image.width * scale)), max(2, round(image.height * scale)))
            pixels = np.asarray(image.resize(sides, Image.Resampling.BICUBIC))
            top = size_px + number * 2 * size_px + (size_px - sides[1]) // 2
            top += round(wave_px * (index % 2))
            place = ink[top : top + sides[1], left : left + sides[0]]
            np.maximum(place, pixels, out=place)
            left += sides[0] + gap_px
    if tilt_deg:
        turned = Image.fromarray(ink).rotate(tilt_deg, Image.Resampling.BICUBIC, expand=True)
        ink = np.asarray(turned)
    return (PAPER - ink.astype(np.float32) / 255 * (PAPER - INK)).astype(np.uint8)
