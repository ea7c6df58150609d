"""Pieces of ink put into MNIST's frame, as the recogniser was taught to see digits.

The same procedure as in ``thumbnet.frame``, which does it in the network's graph for pictures whose
ink is still to be found: 20 pixels for the longer side, full contrast, gentle evening of very thin
and very thick strokes, 28×28 about the centre of mass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from thumbnet.reading.pieces import Piece, bounds

SIZE_PX, BOX_PX = 28, 20
_STRONGEST = 16
_LEVEL, _TURNED_INK = 0.04, 0.3
_OFF_CENTRE_PX = 1.5
_PAPER_LEVEL, _FULL_LEVEL = 0.12, 0.9
_THINNEST, _THICKEST = 0.03, 0.42


def frame_glyph(pieces: Sequence[Piece], contrast: np.ndarray, slope: float = 0.0) -> np.ndarray:
    """Return pieces that make one glyph as float32 ``(28, 28)`` in [0, 1], not yet evened.

    Args:
        pieces: of one glyph.
        contrast: float32 ``(h, w)`` of the whole picture.
        slope: of the row that the glyph stands in, pixels down for each to the right.
    """
    ink = glyph_ink(pieces, contrast)
    if abs(slope) >= _LEVEL:
        ink = _upright(ink, slope)
    height, width = ink.shape
    step = max(height, width) / BOX_PX
    size = (max(1, round(width / step)), max(1, round(height / step)))
    small = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BILINEAR))
    small = _full_contrast(small)
    return _centred(small)


def glyph_ink(pieces: Sequence[Piece], contrast: np.ndarray) -> np.ndarray:
    """Return the contrast of pieces, 0 beside them: float32, cut to their common box."""
    top, left, bottom, right = bounds(pieces)
    mask = np.zeros((bottom - top, right - left), bool)
    for piece in pieces:
        rows = slice(piece.top - top, piece.bottom - top)
        mask[rows, piece.left - left : piece.right - left] |= piece.mask
    return np.asarray(contrast[top:bottom, left:right] * with_rim(mask), np.float32)


def with_rim(mask: np.ndarray) -> np.ndarray:
    """Return a mask, bool ``(h, w)``, and the pixels beside it.

    The soft rim of a stroke is not in its mask; without it a digit would be jagged.
    """
    rim = mask.copy()
    rim[1:] |= mask[:-1]
    rim[:-1] |= mask[1:]
    rim[:, 1:] |= mask[:, :-1]
    rim[:, :-1] |= mask[:, 1:]
    return rim


def even_strokes(ink: np.ndarray) -> np.ndarray:
    """Thicken what a thin pen wrote and thin what a thick one did: float32 ``(N, 28, 28)``."""
    from scipy import ndimage

    total = np.maximum(ink.sum((1, 2)), 1e-3)
    eroded = ndimage.minimum_filter(ink, (1, 3, 3), mode="constant", cval=np.inf)
    blurred = ndimage.uniform_filter(ink, (0, 3, 3), mode="constant")
    widened = np.maximum(ink, np.minimum(2.2 * blurred, 1.0))
    surviving = (eroded.sum((1, 2)) / total)[:, None, None]
    thinner = np.clip((surviving - _THICKEST) / 0.4, 0.0, 0.7)
    thicker = np.clip((_THINNEST - surviving) / _THINNEST, 0.0, 1.0)
    return np.asarray(ink + thinner * (eroded - ink) + thicker * (widened - ink), np.float32)


def to_pixels(glyphs: Sequence[np.ndarray]) -> np.ndarray:
    """Return framed glyphs as the recogniser takes them: uint8 ``(N, 28, 28, 1)``."""
    ink = np.stack(glyphs)
    evened = _within_box(even_strokes(ink), ink > 0)
    return np.asarray(np.rint(255 * np.clip(evened, 0, 1)), np.uint8)[..., None]


def is_centred(pixels: np.ndarray) -> np.ndarray:
    """Return which of uint8 ``(N, 28, 28, 1)`` have their ink about the middle: bool ``(N,)``.

    The others, most of whose ink is at one end, are no digits, and the recogniser would search them
    for their ink, which takes long.
    """
    ink = pixels[..., 0].astype(np.float32)
    total = np.maximum(ink.sum((1, 2)), 1)
    places = np.arange(SIZE_PX) + 0.5 - SIZE_PX / 2
    down, right = ink.sum(2) @ places / total, ink.sum(1) @ places / total
    return np.asarray(np.maximum(np.abs(down), np.abs(right)) <= _OFF_CENTRE_PX)


def stroke_share(glyph: np.ndarray) -> float:
    """Return which share of a framed glyph's ink a thinning by a pixel would leave, in [0, 1]."""
    from scipy import ndimage

    eroded = ndimage.minimum_filter(glyph, 3, mode="constant", cval=0.0)
    return float(eroded.sum() / max(glyph.sum(), 1e-3))


def _upright(ink: np.ndarray, slope: float) -> np.ndarray:
    """Turn the ink of a glyph as if its row ran level, and cut it to its ink anew."""
    angle_deg = math.degrees(math.atan(slope))
    turned = Image.fromarray(ink).rotate(angle_deg, Image.Resampling.BILINEAR, expand=True)
    pixels = np.asarray(turned)
    inked = pixels > _TURNED_INK * float(pixels.max())
    if not inked.any():
        return ink
    down, right = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
    return np.asarray(pixels[down[0] : down[-1] + 1, right[0] : right[-1] + 1])


def _full_contrast(ink: np.ndarray) -> np.ndarray:
    """Stretch so that the paper is 0 and full strokes are 1; no side of the box becomes empty."""
    flat = np.sort(ink, axis=None)[-_STRONGEST:]
    strongest = max(float(flat.mean()), 0.03)
    share = np.clip((ink / strongest - _PAPER_LEVEL) / (_FULL_LEVEL - _PAPER_LEVEL), 0, 1)
    # The recogniser knows a framed picture by its 20 pixels and would search others for ink.
    for edge in (share[0], share[-1], share[:, 0], share[:, -1]):
        edge[edge.argmax()] = max(float(edge.max()), 1 / 255)
    return np.asarray(share, np.float32)


def _centred(small: np.ndarray) -> np.ndarray:
    """Put ink on 28×28 with its centre of mass in the middle, to the nearest pixel."""
    height, width = small.shape
    total = max(float(small.sum()), 1e-6)
    down = float((small.sum(1) * (np.arange(height) + 0.5)).sum()) / total
    right = float((small.sum(0) * (np.arange(width) + 0.5)).sum()) / total
    top = int(np.clip(round(SIZE_PX / 2 - down), 0, SIZE_PX - height))
    left = int(np.clip(round(SIZE_PX / 2 - right), 0, SIZE_PX - width))
    framed = np.zeros((SIZE_PX, SIZE_PX), np.float32)
    framed[top : top + height, left : left + width] = small
    return framed


def _within_box(evened: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Keep what was thickened inside the box, and its sides where they were."""
    rows, columns = np.asarray(ink.any(2)), np.asarray(ink.any(1))
    spans = _span(rows)[:, :, None] & _span(columns)[:, None, :]
    kept = np.where(spans, evened, 0)
    # Thinning may not take away a side of the box either.
    return np.maximum(kept, np.where(ink, 1 / 255, 0))


def _span(filled: np.ndarray) -> np.ndarray:
    """Return, for bool ``(N, L)``, everything from the first true to the last."""
    after = np.logical_or.accumulate(filled, 1)
    before = np.logical_or.accumulate(filled[:, ::-1], 1)[:, ::-1]
    return np.asarray(after & before)
