"""Small pictures for pages: encoded as they are, and maps laid over them as colour."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thumbnet.evaluation.canvas import BLUE, ORANGE

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.uint8]

MAX_SIDE_PX = 64
"""Longer sides are scaled down: a page holds hundreds of pictures."""
_MAX_PNG_BYTES = 4500
"""A 32×32 picture in colour is smaller, so that it stays exact; above, a JPEG takes its place."""
_JPEG_QUALITY = 88
# Of what lies under a map; pale, so that its colours are seen.
_PALENESS = 0.35
_DARK = 64


def to_pixels(picture: Any) -> Pixels:
    """Return uint8 ``(H, W)`` grey or ``(H, W, 3)`` RGB of a uint8 tensor ``(C, H, W)``."""
    pixels: Pixels = np.ascontiguousarray(picture.cpu().numpy().transpose(1, 2, 0))
    return pixels[:, :, 0] if pixels.shape[2] == 1 else pixels


def thumbnail_uri(pixels: Pixels) -> str:
    """Return a picture as a data URI, at most 64 px a side and about 4 kB.

    PNG, exact, where that is small; else JPEG. Equal pixels give equal text.

    Args:
        pixels: uint8 ``(H, W)`` or ``(H, W, 3)``.
    """
    from PIL.Image import fromarray

    image = fromarray(pixels)
    image.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
    content, form = _encoded(image, "png"), "png"
    if len(content) > _MAX_PNG_BYTES:
        content, form = _encoded(image, "jpeg", quality=_JPEG_QUALITY), "jpeg"
    return f"data:image/{form};base64,{base64.b64encode(content).decode('ascii')}"


def _encoded(image: Image, form: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def overlay(
    pixels: Pixels, values: NDArray[np.floating[Any]], limit: float, background: float
) -> Pixels:
    """Lay a map over a picture: blue where it is above 0, orange where below, none at 0.

    The picture under it is grey and pale, its ink dark on light whichever it was.

    Args:
        pixels: uint8 ``(H, W)`` or ``(H, W, 3)``.
        values: ``(H, W)``.
        limit: the absolute value that has the full colour; larger ones have it too.
        background: the grey level, 0 to 255, of what is empty; a dark one is turned to light.

    Returns:
        uint8 ``(H, W, 3)``.
    """
    grey = pixels.astype(np.float64)
    if grey.ndim == 3:
        grey = grey @ (0.299, 0.587, 0.114)
    shade = grey if background < _DARK else 255 - grey
    paper = (255 - _PALENESS * shade)[:, :, None]
    strength = np.clip(np.abs(values) / limit, 0, 1)[:, :, None] if limit > 0 else 0.0
    colour = np.where((values > 0)[:, :, None], _rgb(BLUE), _rgb(ORANGE))
    return np.rint(paper + strength * (colour - paper)).astype(np.uint8)


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)], dtype=np.float64)


def map_limit(*maps: NDArray[np.floating[Any]]) -> float:
    """Return the value that gets the full colour: 995 in 1000 of the maps' pixels are below it.

    Integrated gradients have a few pixels far above all others, beside which these would be pale.
    """
    values = np.abs(np.concatenate([np.ravel(each) for each in maps]))
    return float(np.quantile(values, 0.995)) or float(values.max())
