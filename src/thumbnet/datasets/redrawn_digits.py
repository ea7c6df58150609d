"""Digits of a data set written again with other pens, as a photo shows them.

MNIST's strokes are 28 pixels' worth of a scanner's blur. A photo of a ball-point pen is sharp and
thin, one of a marker thick with round ends: the centre line of each digit is found and drawn anew.
"""

from __future__ import annotations

import math
import zlib

import numpy as np
from PIL import Image

from thumbnet.datasets.negative_pen import SIZE_PX, finish
from thumbnet.datasets.scene_ink import draw_trace, trace_digit
from thumbnet.errors import DataError

_DRAWN_PX = 48.0
_MARGIN_PX = 2


def redraw_digits(digits: np.ndarray, num: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures uint8 ``(num, 64, 64)``, white on black, and which digit each was, int64.

    Args:
        digits: uint8 ``(M, 28, 28)``, white on black, each with ink.
        num: how many, at most M.
        seed: chooses digits and pens.

    Raises:
        DataError: there are fewer digits than that.
    """
    if not 0 <= num <= len(digits) or seed < 0:
        raise DataError(
            "no digits can be drawn again",
            got=f"num {num}, seed {seed}",
            expected=f"0 to {len(digits)} digits, and a seed of 0 or more",
        )
    rng = np.random.default_rng([zlib.crc32(b"redrawn digits"), seed])
    chosen = rng.choice(len(digits), num, replace=False)
    pictures = np.zeros((num, SIZE_PX, SIZE_PX), np.uint8)
    for place, index in enumerate(chosen):
        pictures[place] = _redrawn(digits[index], rng)
    return pictures, chosen


def _redrawn(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    trace = trace_digit(digit)
    # Fine pens are the more usual.
    radius_px = _DRAWN_PX / 2 * (0.045 + 0.15 * rng.random() ** 1.7)
    shade, _ = draw_trace(
        trace,
        _DRAWN_PX,
        slant=trace.slant + 0.12 * rng.standard_normal(),
        turn_deg=5 * rng.standard_normal(),
        stretch=math.exp(0.12 * rng.standard_normal()),
        radius_px=max(radius_px, 0.8),
    )
    ink = Image.fromarray(np.rint(255 * shade).astype(np.uint8))
    ink = ink.crop(ink.getbbox())
    room = SIZE_PX - 2 * _MARGIN_PX
    if max(ink.size) > room:
        share = room / max(ink.size)
        width, height = (max(1, round(side * share)) for side in ink.size)
        ink = ink.resize((width, height), Image.Resampling.BOX)
    page = Image.new("L", (SIZE_PX, SIZE_PX))
    free = np.array([SIZE_PX - ink.width, SIZE_PX - ink.height]) - 2 * _MARGIN_PX
    left, top = _MARGIN_PX + rng.integers(0, free + 1)
    page.paste(ink, (int(left), int(top)))
    return finish(page, rng)
