"""Where digits that touch may be parted: paths from top to bottom that cross little ink."""

from __future__ import annotations

import numpy as np
from PIL import Image

from thumbnet.reading.pieces import LEAST_PIXELS, Piece

_ROWS = 40
_WIDE = 0.62
_MARGIN = 0.12
_APART = 0.14
_MOST_CUTS = 7
_PAPER_COST = 0.02
_MOST_CROSSED = 2.6


def cut_piece(piece: Piece, height: float) -> list[Piece]:
    """Return the parts into which a piece may be cut, from left to right; itself if it is narrow.

    A minimal-cost path goes down through a picture whose cost is its ink (as seams in Avidan and
    Shamir, "Seam Carving", 2007): around strokes for nothing, through a stroke for its width.

    Args:
        piece: connected ink.
        height: of a digit in its row, in working pixels.
    """
    if piece.width < _WIDE * height or piece.height < 0.5 * height:
        return [piece]
    small = _reduced(piece.mask)
    stroke = _stroke_width(small)
    seams, crossed = _seams(small)
    digit = height * small.shape[0] / piece.height
    chosen = [
        index
        for index in _spaced(seams, crossed, digit)
        if crossed[index] / stroke <= _MOST_CROSSED
    ]
    if not chosen:
        return [piece]
    chosen.sort(key=lambda index: float(seams[:, index].mean()))
    return _parted(piece, seams[:, chosen], small.shape, crossed[chosen] / stroke)


def _reduced(mask: np.ndarray) -> np.ndarray:
    height, width = mask.shape
    rows = min(_ROWS, height)
    columns = max(3, round(width * rows / height))
    image = Image.fromarray(mask.astype(np.uint8) * np.uint8(255))
    return np.asarray(image.resize((columns, rows), Image.Resampling.BOX), np.float32) / 255


def _stroke_width(ink: np.ndarray) -> float:
    """Return the usual width of a stroke: twice the mean distance to the paper, from its ridge."""
    from scipy import ndimage

    distance = ndimage.distance_transform_edt(np.pad(ink > 0.5, 1))
    inside = distance[distance > 0]
    # The mean distance over a bar of width w is w / 4.
    return float(max(4 * inside.mean() - 1, 1.0)) if len(inside) else 1.0


def _seams(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the paths that end at each column of the last row: ``(rows, columns)``, and their ink.

    A path moves by one column a row at most.
    """
    rows, columns = ink.shape
    cost = ink.astype(np.float64)
    total = cost[0].copy()
    steps = np.zeros((rows, columns), np.int64)
    for row in range(1, rows):
        padded = np.pad(total, 1, constant_values=np.inf)
        # Straight down is the cheapest of equals.
        ways = np.stack([padded[1:-1], padded[:-2] + _PAPER_COST, padded[2:] + _PAPER_COST])
        best = ways.argmin(0)
        steps[row] = np.array([0, -1, 1])[best]
        total = cost[row] + ways.min(0)
    seams = np.empty((rows, columns), np.int64)
    seams[-1] = np.arange(columns)
    for row in range(rows - 1, 0, -1):
        seams[row - 1] = seams[row] + steps[row, seams[row]]
    crossed = np.take_along_axis(ink, seams, 1).sum(0)
    return seams, crossed


def _spaced(seams: np.ndarray, crossed: np.ndarray, digit: float) -> list[int]:
    """Return the cheapest paths that are apart from each other and from the sides."""
    middles = seams.mean(0)
    columns = seams.shape[1]
    margin = min(_MARGIN * digit, columns / 4)
    chosen: list[int] = []
    for index in np.argsort(crossed, kind="stable"):
        if not margin <= middles[index] <= columns - margin:
            continue
        if all(abs(middles[index] - middles[other]) >= _APART * digit for other in chosen):
            chosen.append(int(index))
        if len(chosen) == _MOST_CUTS:
            break
    return chosen


def _parted(
    piece: Piece, seams: np.ndarray, shape: tuple[int, ...], costs: np.ndarray
) -> list[Piece]:
    rows = np.minimum(np.arange(piece.height) * shape[0] // piece.height, shape[0] - 1)
    edges = (seams[rows] + 0.5) * (piece.width / shape[1])
    columns = np.arange(piece.width) + 0.5
    index = (columns[None, :, None] > edges[:, None, :]).sum(2)
    parts: list[Piece] = []
    cost: float | None = None
    for number in range(seams.shape[1] + 1):
        if number > 0:
            cost = float(costs[number - 1])
        mask = piece.mask & (index == number)
        if mask.sum() < LEAST_PIXELS:
            continue
        down, right = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        cropped = mask[down[0] : down[-1] + 1, right[0] : right[-1] + 1]
        place = piece.top + int(down[0]), piece.left + int(right[0])
        parts.append(Piece(*place, cropped, piece.contrast, cost if parts else None))
    return parts or [piece]
