"""Digits that are no longer one digit: cut in half, run together, or crossed out.

The labels are not known here, so a cut that may leave another digit is told by its shape alone.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from thumbnet.datasets.negative_pen import (
    CANVAS_PX,
    MARGIN_PX,
    SIZE_PX,
    finish,
    ink_stroke,
    smooth,
    turn,
)
from thumbnet.errors import DataError

_INK = 60
_ROOM_PX = SIZE_PX - 2 * MARGIN_PX
_ROW_PX = 40  # Height of digits while they are joined.
_NARROW = 0.45  # Width by height, below which a digit is mostly a 1.
_MAX_TRIES = 40
_GRID_Y, _GRID_X = np.mgrid[:SIZE_PX, :SIZE_PX].astype(np.float32)


def half_digit(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut a digit so that about 35–60 % of its ink remains.

    A remainder is refused, and another digit tried, if it is a bar that does not lie (1), has a
    closed loop (0, 6, 9), is a roof on a leg (7), or is not clearly wider than tall, since whole
    digits seldom are.

    Args:
        digits: uint8 ``(M, 28, 28)``, white on black.
        rng: chooses the digit and the cut.

    Returns:
        uint8 ``(64, 64)``, white on black.

    Raises:
        DataError: every one of many cuts was refused, as all are if the digits are all 1.
    """
    for _ in range(_MAX_TRIES):
        ink = _one_digit(digits, rng)
        if ink.width < _NARROW * ink.height:
            continue  # Half of a 1 is a 1.
        size = rng.uniform(0.75, 1.0) * _ROOM_PX
        remainder = _without_specks(_cut(np.asarray(_placed(ink, size, rng)), rng))
        if _is_no_digit(remainder):
            return finish(Image.fromarray(remainder), rng)
    raise DataError(
        "no digit could be cut so that what is left is none",
        got=f"{_MAX_TRIES} cuts of {len(digits)} images, all refused",
        expected="images of many digits, not only of 1",
        fix="pass more digits",
    )


def joined_digits(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Set two digits, sometimes three, side by side so that they touch or nearly do.

    Args:
        digits: uint8 ``(M, 28, 28)``, white on black.
        rng: chooses the digits and how they stand.

    Returns:
        uint8 ``(64, 64)``, white on black.
    """
    num = 2 if rng.random() < 0.8 else 3
    row = np.zeros((2 * _ROW_PX, 6 * _ROW_PX), np.uint8)
    last_width = 0
    for index in range(num):
        ink = _one_digit(digits, rng)
        scale = _ROW_PX * rng.uniform(0.8, 1.0) / max(ink.size)
        width, height = (max(round(side * scale), 3) for side in ink.size)
        pixels = np.asarray(ink.resize((width, height), Image.Resampling.BICUBIC))
        top = _ROW_PX // 2 + int(rng.integers(_ROW_PX - height + 5))
        band = row[top : top + height]
        # A 1 pushed into another stroke only thickens it: 11 would be a 1, and 41 a 4.
        closest = 2 if min(width, last_width) < _NARROW * _ROW_PX else -5
        left = max(_touching(band, pixels) + round(rng.uniform(closest, 4)), 0) if index else 0
        last_width = width
        place = band[:, left : left + width]
        np.maximum(place, pixels, out=place)
    size = rng.uniform(0.7, 1.0) * _ROOM_PX
    return finish(_placed(_cropped(Image.fromarray(row)), size, rng), rng)


def crossed_out_digit(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cross a digit out by four to eight strokes, straight or wavy.

    Args:
        digits: uint8 ``(M, 28, 28)``, white on black.
        rng: chooses the digit and the strokes.

    Returns:
        uint8 ``(64, 64)``, white on black.
    """
    digit = _placed(_one_digit(digits, rng), rng.uniform(0.65, 0.85) * _ROOM_PX, rng)
    left, top, right, bottom = digit.getbbox() or (0, 0, SIZE_PX, SIZE_PX)
    centre = np.array([left + right, top + bottom]) / 2
    # A narrow digit is crossed out as widely as any other.
    half = np.maximum(np.array([right - left, bottom - top]) / 2 * rng.uniform(0.9, 1.15), 14)
    canvas = Image.new("L", (CANVAS_PX, CANVAS_PX))
    draw = ImageDraw.Draw(canvas)
    width_px = rng.uniform(2.0, 4.5)
    low, high = MARGIN_PX + width_px / 2, SIZE_PX - MARGIN_PX - width_px / 2
    for stroke in _crossing_strokes(rng):
        placed = np.clip(centre + stroke * half, low, high)
        ink_stroke(draw, placed, width_px * rng.uniform(0.85, 1.0, len(placed)))
    crossed = np.maximum(np.asarray(digit), np.asarray(canvas.reduce(CANVAS_PX // SIZE_PX)))
    return finish(Image.fromarray(crossed), rng)


def _touching(band: np.ndarray, pixels: np.ndarray) -> int:
    """Return the column where a digit, pushed from the right, first touches what stands there."""
    # The boxes of slanted digits overlap long before their ink does.
    ends = np.where(band > _INK, np.arange(1, band.shape[1] + 1), 0).max(axis=1)
    starts = np.argmax(pixels > _INK, axis=1)
    both = (pixels > _INK).any(axis=1) & (ends > 0)
    return int((ends - starts)[both].max()) if both.any() else int(ends.max())


def _crossing_strokes(rng: np.random.Generator) -> list[np.ndarray]:
    """Return strokes that cover the square from -1 to 1: side by side, or in two directions."""
    angle = rng.uniform(-70, 70)
    other = angle + (rng.uniform(50, 90) if rng.random() < 0.5 else 0)
    waves = rng.uniform(0, 0.25) if rng.random() < 0.4 else 0.0
    strokes = []
    for index, place in enumerate(np.linspace(-0.8, 0.8, rng.integers(4, 9))):
        across = np.stack([np.linspace(-1, 1, 5), np.full(5, place)], axis=1)
        across[:, 1] += waves * (np.arange(5) % 2 - 0.5)
        across += rng.standard_normal(2) * [0.1, 0.06] + rng.standard_normal((5, 2)) * 0.03
        strokes.append(turn(smooth(across, 3), other if index % 2 else angle))
    return strokes


def _one_digit(digits: np.ndarray, rng: np.random.Generator) -> Image.Image:
    return _cropped(Image.fromarray(digits[rng.integers(len(digits))]))


def _cropped(image: Image.Image) -> Image.Image:
    return image.crop(image.getbbox())


def _placed(ink: Image.Image, size_px: float, rng: np.random.Generator) -> Image.Image:
    """Scale ink so that its longer side is ``size_px``; put it on 64×64 within the margin."""
    scale = size_px / max(ink.size)
    width, height = (max(round(side * scale), 1) for side in ink.size)
    image = Image.new("L", (SIZE_PX, SIZE_PX))
    corner = MARGIN_PX + rng.integers([_ROOM_PX - width + 1, _ROOM_PX - height + 1])
    image.paste(
        ink.resize((width, height), Image.Resampling.BICUBIC), (int(corner[0]), int(corner[1]))
    )
    return image


def _cut(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Keep one side of a line: mostly the upper or lower, less often the left or right."""
    # The side that is kept lies against this direction, in degrees: 90 keeps the upper part.
    direction = rng.choice([90, 270, 0, 180], p=[0.4, 0.4, 0.1, 0.1])
    angle = math.radians(direction + rng.normal(0, 12))
    along = _GRID_X * math.cos(angle) + _GRID_Y * math.sin(angle)
    along -= along.min()
    ink = np.bincount(along.astype(np.int64).ravel(), weights=pixels.ravel())
    shares = np.cumsum(ink) / max(ink.sum(), 1)
    line = float(np.searchsorted(shares, rng.uniform(0.38, 0.57)))
    kept: np.ndarray = (pixels * np.clip(line - along, 0, 1)).astype(np.uint8)
    return kept


def _without_specks(pixels: np.ndarray) -> np.ndarray:
    """Remove the pieces of less than a tenth of the ink that a cut may leave."""
    from scipy.ndimage import label

    pieces, num = label(pixels > 0)
    if num < 2:
        return pixels
    sizes = np.bincount(pieces.ravel(), weights=pixels.ravel())
    cleaned: np.ndarray = pixels * (sizes >= 0.1 * sizes.sum())[pieces]
    return cleaned


def _is_no_digit(pixels: np.ndarray) -> bool:
    """Return whether what a cut has left is wide, and no slanted bar, loop or roof on a leg."""
    ink = pixels > _INK
    ys, xs = np.nonzero(ink)
    if len(xs) < 40 or np.ptp(xs) < 1.3 * np.ptp(ys):
        return False
    spread, axes = np.linalg.eigh(np.cov(xs, ys))
    is_bar = spread[0] < 0.12 * spread[1]
    lies = abs(axes[0, 1]) > 0.9  # Within about 25° of level.
    if is_bar:
        return bool(lies)
    return not _is_roof_on_leg(xs, ys) and not _has_loop(ink)


def _is_roof_on_leg(xs: np.ndarray, ys: np.ndarray) -> bool:
    """Return whether the lowest third of the ink is less than half as wide as the highest."""
    top, height = ys.min(), np.ptp(ys) + 1
    above, below = xs[ys < top + height / 3], xs[ys >= top + 2 * height / 3]
    return bool(np.ptp(below) < 0.5 * np.ptp(above))


def _has_loop(ink: np.ndarray) -> bool:
    """Return whether a part of the background is cut off from the picture's edge."""
    from scipy.ndimage import label

    return bool(label(~ink)[1] > 1)
