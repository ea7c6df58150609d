"""A whole row as one small picture, which the row recogniser reads without cutting it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from thumbnet.reading.glyphs import with_rim
from thumbnet.reading.pieces import Piece, bounds
from thumbnet.reading.rows import Row

STRIP_PX, DIGIT_PX = 32, 20
"""Height of a strip, and of a digit of usual height in it."""

LONGEST_PX = 768
_MARGIN_PX = 8
_SMOOTH_HEIGHTS = 1.2
_STRONGEST = 0.95
_APART_PX = 4


def cut_strip(row: Row, contrast: np.ndarray) -> np.ndarray | None:
    """Return a row straightened and scaled, as the row recogniser takes it.

    Its two channels are the row's own pieces, and all that is there: what was taken for a printed
    line or belongs to another row is in the second only.

    Args:
        row: of pieces.
        contrast: float32 ``(h, w)`` of the whole picture, see ``ink_contrast``.

    Returns:
        uint8 ``(2, 32, W)``, or None where W would be above 768.
    """
    step = row.height / DIGIT_PX
    _, left, _, right = bounds(row.pieces)
    width = round((right - left) / step) + 2 * _MARGIN_PX
    if width > LONGEST_PX:
        return None
    xs = left + (np.arange(width) + 0.5 - _MARGIN_PX) * step
    curve = np.clip(middle_of(row, xs), 0, len(contrast))
    low, high = float(curve.min()), float(curve.max())
    half = STRIP_PX / 2 * step
    # Whole working pixels about all that the strip shows; what lies beyond the picture is paper.
    top, bottom = int(np.floor(low - half)) - 1, int(np.ceil(high + half)) + 1
    first, last = int(np.floor(xs[0] - step)), int(np.ceil(xs[-1] + step))
    everything = _window(contrast, top, bottom, first, last)
    own = everything * _ink_of(row.pieces, top, first, everything.shape)
    inked = own[own > 0]
    strongest = max(float(np.quantile(inked, _STRONGEST)), 0.03) if len(inked) else 1.0
    shift = (curve - half - top) / step
    channels = []
    for channel in (own, everything):
        size = (
            max(1, round((last - first) / step)),
            max(STRIP_PX + 2, round((bottom - top) / step)),
        )
        small = np.asarray(Image.fromarray(channel).resize(size, Image.Resampling.BILINEAR))
        columns = np.clip(np.rint((xs - first) / step - 0.5).astype(np.int64), 0, size[0] - 1)
        channels.append(_straightened(small[:, columns], shift))
    strip = np.clip(np.stack(channels) / strongest, 0, 1)
    return np.asarray(np.rint(255 * strip), np.uint8)


def middle_of(row: Row, xs: np.ndarray) -> np.ndarray:
    """Return the height of the row's middle at places across: a smooth curve through its bodies."""
    bodies = row.bodies or row.pieces
    down, right = np.array([piece.middle for piece in bodies]).T
    rest = down - row.slope * right
    # A tall glyph or two joined rows' ends must not draw the curve away.
    usual = float(np.median(rest))
    away = np.abs(xs[:, None] - right) / (_SMOOTH_HEIGHTS * row.height)
    weights = np.exp(-0.5 * away**2) + 1e-3 / len(bodies)
    smooth = (weights * (rest - usual)).sum(1) / weights.sum(1)
    return np.asarray(usual + smooth + row.slope * xs)


def _window(contrast: np.ndarray, top: int, bottom: int, left: int, right: int) -> np.ndarray:
    """Return part of a picture, 0 beyond its edges."""
    window = np.zeros((bottom - top, right - left), np.float32)
    height, width = contrast.shape
    rows = slice(max(top, 0), min(bottom, height))
    columns = slice(max(left, 0), min(right, width))
    inner = window[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    inner[:] = contrast[rows, columns]
    return window


def _ink_of(pieces: Sequence[Piece], top: int, left: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return where the ink of pieces is in a window, with its soft rim: bool, of that shape."""
    mask = np.zeros(shape, bool)
    for piece in pieces:
        down, right = piece.top - top, piece.left - left
        first, last = max(-down, 0), min(shape[0] - down, piece.height)
        if first < last:
            # A strip is as wide as its pieces, but a tall one may stick out above or below.
            mask[down + first : down + last, right : right + piece.width] |= piece.mask[first:last]
    return with_rim(mask)


def _straightened(picture: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return ``(32, W)``: each column from its own height on, between pixels linearly."""
    start = np.floor(shift).astype(np.int64)
    part = (shift - start)[None]
    rows = start[None] + np.arange(STRIP_PX)[:, None]
    last = len(picture) - 1
    upper = np.take_along_axis(picture, np.clip(rows, 0, last), 0)
    lower = np.take_along_axis(picture, np.clip(rows + 1, 0, last), 0)
    return np.asarray((1 - part) * upper + part * lower)


def draw_strips(strips: Sequence[np.ndarray]) -> np.ndarray:
    """Return strips one below the other: own ink black, all else that is there grey.

    Args:
        strips: uint8 ``(2, 32, W)`` each, of which there is one.

    Returns:
        uint8 ``(h, w)``.
    """
    widest = max(strip.shape[2] for strip in strips)
    sheet = np.full((len(strips) * (STRIP_PX + _APART_PX) - _APART_PX, widest), 255, np.uint8)
    for index, (own, everything) in enumerate(strips):
        top = index * (STRIP_PX + _APART_PX)
        shade = np.maximum(own, everything // 3)
        sheet[top : top + STRIP_PX, : own.shape[1]] = 255 - shade
    return sheet
