"""From a picture to rows of ink: everything before anything is recognised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thumbnet.reading.ink import find_ink
from thumbnet.reading.paper import estimate_paper, ink_contrast
from thumbnet.reading.picture import Picture
from thumbnet.reading.pieces import Piece, find_pieces
from thumbnet.reading.rows import Row, find_rows
from thumbnet.reading.rulings import find_rulings


@dataclass(frozen=True, eq=False)
class Marks:
    """What is on the paper, in working pixels.

    Attributes:
        paper: float32 ``(h, w)``, its grey without the ink.
        contrast: float32 ``(h, w)`` in [0, 1], how much darker the ink is.
        ink: bool ``(h, w)``.
        rulings: bool ``(h, w)``, printed lines and boxes.
        pieces: of what is left of the ink.
        rows: of what may be writing, from top to bottom.
    """

    paper: np.ndarray
    contrast: np.ndarray
    ink: np.ndarray
    rulings: np.ndarray
    pieces: list[Piece]
    rows: list[Row]


def find_marks(picture: Picture) -> Marks:
    """Find the ink in a picture, without its printed lines, and which of it stands in a row."""
    paper = estimate_paper(picture)
    contrast = ink_contrast(picture, paper)
    ink, faint = find_ink(contrast, picture.window_px)
    rulings = find_rulings(faint, contrast)
    pieces = find_pieces(ink & ~rulings, contrast)
    return Marks(paper, contrast, ink, rulings, pieces, find_rows(pieces))
