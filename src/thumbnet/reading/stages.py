"""Pictures of every step of a reading, for a person to look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from thumbnet.reading.marks import Marks
from thumbnet.reading.pieces import Piece
from thumbnet.reading.strips import draw_strips

_PALETTE = np.array(
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233]],
    np.uint8,
)
"""Okabe and Ito's colours, which the colour-blind tell apart."""


def draw_stages(
    grey: np.ndarray, marks: Marks, atoms: Sequence[Piece], strips: Sequence[np.ndarray]
) -> list[tuple[str, np.ndarray]]:
    """Return the name and the picture of each step, in order, all as large as ``grey``.

    The last, the rows as strips, is of another size, and missing where there is none.
    """
    ruled = np.stack([np.where(marks.ink, 0, 255)] * 3, 2).astype(np.uint8)
    ruled[marks.rulings] = _PALETTE[1]
    return [
        ("grey", grey),
        ("paper", np.clip(marks.paper, 0, 255).astype(np.uint8)),
        ("contrast", np.rint(255 * (1 - marks.contrast)).astype(np.uint8)),
        ("ink", np.where(marks.ink, 0, 255).astype(np.uint8)),
        ("rulings", ruled),
        ("pieces", _coloured(marks.pieces, grey.shape)),
        ("cuts", _coloured(atoms, grey.shape)),
        *([("strips", draw_strips(strips))] if strips else []),
    ]


def _coloured(pieces: Sequence[Piece], shape: tuple[int, ...]) -> np.ndarray:
    """Paint each piece in a colour that differs from its neighbours'."""
    picture = np.full((*shape, 3), 255, np.uint8)
    for index, piece in enumerate(pieces):
        window = picture[piece.top : piece.bottom, piece.left : piece.right]
        window[piece.mask] = _PALETTE[index % len(_PALETTE)]
    return picture
