"""Connected ink, and which of it may be writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_PIXELS = 6
MOST_PIECES = 1500
_PALE = 0.45
_SPANS = 0.6
_PARTS_SHARE = 0.45
_EDGE_SHARE = 0.25
_FLAT, _UPRIGHT, _LONG, _VERY_LONG = 4.0, 8.0, 1.2, 1.8
_SEVERAL_ALIKE, _ALIKE = 4, 0.08


@dataclass(frozen=True, eq=False)
class Piece:
    """Connected ink, or a part that was cut from it.

    Attributes:
        top: first row, in working pixels.
        left: first column.
        mask: bool ``(h, w)``.
        contrast: mean of its ink.
        cut_cost: what the cut to the piece before it costs, see ``cuts``; None where none was made.
    """

    top: int
    left: int
    mask: np.ndarray
    contrast: float
    cut_cost: float | None = None

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.mask.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.mask.shape[1])

    @property
    def bottom(self) -> int:
        """The row below the last."""
        return self.top + self.height

    @property
    def right(self) -> int:
        """The column after the last."""
        return self.left + self.width

    @property
    def area(self) -> int:
        """How many pixels are ink."""
        return int(self.mask.sum())

    @property
    def middle(self) -> tuple[float, float]:
        """Middle of the box, down and right."""
        return self.top + self.height / 2, self.left + self.width / 2


def bounds(pieces: Sequence[Piece]) -> tuple[int, int, int, int]:
    """Return top, left, bottom and right of the box around pieces, of which there is one."""
    return (
        min(piece.top for piece in pieces),
        min(piece.left for piece in pieces),
        max(piece.bottom for piece in pieces),
        max(piece.right for piece in pieces),
    )


def find_pieces(ink: np.ndarray, contrast: np.ndarray) -> list[Piece]:
    """Return the connected ink that may be writing, without specks and shadows.

    Args:
        ink: bool ``(h, w)``.
        contrast: float32 ``(h, w)``.
    """
    height, width = ink.shape
    pieces = [
        piece for piece in _connected(ink, contrast) if not _is_surroundings(piece, height, width)
    ]
    return _largest(_without_remains(_without_pale(pieces)))


def _without_remains(pieces: list[Piece]) -> list[Piece]:
    """Drop what is left of printed lines: flat or upright ones that are longer than any digit.

    Uprights that are only somewhat longer go where there are several alike, as between the boxes of
    a form: the digits 1 of a hand are not.
    """
    flat: list[Piece] = []
    upright: list[Piece] = []
    others: list[Piece] = []
    for piece in pieces:
        if piece.width >= _FLAT * piece.height:
            flat.append(piece)
        elif piece.height >= _UPRIGHT * piece.width:
            upright.append(piece)
        else:
            others.append(piece)
    if not flat and not upright:
        return others
    height = usual_height(others or pieces)
    heights = np.array([piece.height for piece in upright])
    alike = len(upright) >= _SEVERAL_ALIKE and heights.std() < _ALIKE * heights.mean()
    longest = (_LONG if alike else _VERY_LONG) * height
    others += [piece for piece in flat if piece.width < _LONG * height]
    return others + [piece for piece in upright if piece.height < longest]


def usual_height(pieces: list[Piece]) -> float:
    """Return the height that most of the ink has: the median of the heights, weighted by size."""
    return _weighted_median(
        [float(piece.height) for piece in pieces],
        # Less than the area: one blot must not outweigh a line of thin digits.
        [max(piece.height, piece.width) ** 1.5 for piece in pieces],
    )


def _weighted_median(values: list[float], weights: list[float]) -> float:
    """Return the smallest value up to which lies more than half of the weight."""
    order = np.argsort(values)
    total = np.cumsum(np.array(weights)[order])
    return float(np.array(values)[order][np.searchsorted(total, total[-1] / 2, side="right")])


def is_part(piece: Piece, height: float) -> bool:
    """Return whether a piece is too small to be a digit of this height by itself."""
    return max(piece.height, piece.width * 0.8) < _PARTS_SHARE * height


def _connected(ink: np.ndarray, contrast: np.ndarray) -> list[Piece]:
    from scipy import ndimage

    labels, num = ndimage.label(ink, np.ones((3, 3), bool))
    if num == 0:
        return []
    areas = np.bincount(labels.ravel(), minlength=num + 1)
    sums = np.bincount(labels.ravel(), contrast.ravel(), minlength=num + 1)
    pieces = []
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        if areas[number] >= LEAST_PIXELS:
            mask = labels[place] == number
            shade = float(sums[number] / areas[number])
            pieces.append(Piece(place[0].start, place[1].start, mask, shade))
    return pieces


def _is_surroundings(piece: Piece, height: int, width: int) -> bool:
    """Return whether a piece is what lies about the sheet: it spans the picture's edge."""
    touches = (
        piece.top == 0, piece.left == 0, piece.bottom == height, piece.right == width,
    )  # fmt: skip
    if not any(touches):
        return False
    along = piece.width / width if touches[0] or touches[2] else 0.0
    down = piece.height / height if touches[1] or touches[3] else 0.0
    if max(along, down) > _SPANS or sum(touches) > 1:
        return True
    return piece.mask.mean() > _SPANS and max(along, down) > _EDGE_SHARE


def _without_pale(pieces: list[Piece]) -> list[Piece]:
    """Drop what is much paler than most of the ink: print from the other side, stains, grain."""
    if not pieces:
        return []
    # Large pieces know best how dark the pen is; squares make specks count for nothing.
    usual = _weighted_median(
        [piece.contrast for piece in pieces],
        [float(max(piece.height, piece.width) ** 2) for piece in pieces],
    )
    return [piece for piece in pieces if piece.contrast >= _PALE * usual]


def _largest(pieces: list[Piece]) -> list[Piece]:
    """Keep the time bounded: a carpet has more specks than any page has digits."""
    if len(pieces) <= MOST_PIECES:
        return pieces
    return sorted(pieces, key=lambda piece: -max(piece.height, piece.width))[:MOST_PIECES]
