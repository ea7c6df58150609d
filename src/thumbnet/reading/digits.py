"""From the recogniser's answer on a glyph to a digit, and to why it is unsure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from thumbnet.reading.glyphs import stroke_share
from thumbnet.reading.options import ALL_DIGITS, ReadOptions
from thumbnet.reading.paths import Glyph
from thumbnet.reading.picture import Picture
from thumbnet.reading.pieces import Piece, bounds
from thumbnet.reading.result import UNSURE, Box, Digit

if TYPE_CHECKING:
    from thumbnet.inference.recogniser import Answers

_SMALL_PX = 14
_PALE = 0.15
_THIN, _THICK = 0.03, 0.5
_SECOND = 0.25
_SURE, _WIDE = 0.9, 1.1
_ALWAYS_SAID = ("cut-off", "touching")


def certainties(answers: Answers, charset: str) -> np.ndarray:
    """Return how probable each candidate is to be each digit: ``(N, 10)``, 0 if not allowed."""
    allowed = np.array([digit in charset for digit in ALL_DIGITS])
    # The score is the largest probability among the classes and "none": so this is the same for
    # another digit than the most probable one.
    share = answers.score / np.maximum(answers.probability, 1e-6)
    certainty = answers.probabilities * allowed * share[:, None]
    refused = answers.refused[:, None]
    return np.asarray(np.where(refused, np.minimum(certainty, 0.1), certainty))


def make_digit(
    answers: Answers,
    index: int,
    glyph: Glyph,
    atoms: list[Piece],
    picture: Picture,
    options: ReadOptions,
    probabilities: np.ndarray,
) -> Digit:
    """Return what is said of a glyph.

    Args:
        answers: of the recogniser, on all candidates.
        index: of this glyph among them.
        glyph: the glyph.
        atoms: of its row.
        picture: for the size and the place.
        options: which digits may occur, and how certain they must be.
        probabilities: ``(10,)``, of this glyph, by all that is known of it.
    """
    label = max(options.charset, key=lambda digit: float(probabilities[int(digit)]))
    probability = float(probabilities[int(label)])
    refused = bool(answers.refused[index])
    not_allowed = label != str(int(answers.label[index]))
    pieces = atoms[glyph.start : glyph.stop]
    codes = _diagnosis(glyph, pieces, atoms, picture)
    if refused:
        top, left, bottom, right = bounds(pieces)
        is_wide = right - left > _WIDE * (bottom - top)
        codes.insert(0, "two-digits" if is_wide and probabilities.max() < _SURE else "not-a-digit")
    elif not_allowed:
        codes.insert(0, "not-allowed")
    elif float(np.sort(probabilities)[-2]) > _SECOND:
        codes.insert(0, "unsure")
    shown = not refused and probability >= options.min_confidence
    if not refused and not shown:
        codes.append("below-confidence")
    return Digit(
        text=label if shown else UNSURE,
        box=_upright_box(pieces, picture),
        label=label,
        probability=probability,
        score=float(answers.score[index]),
        probabilities={str(name): float(value) for name, value in enumerate(probabilities)},
        refused=refused,
        seen=answers.seen[index],
        diagnosis=tuple(
            code for code in codes if not shown or probability < _SURE or code in _ALWAYS_SAID
        ),
    )


def _diagnosis(
    glyph: Glyph, pieces: list[Piece], atoms: list[Piece], picture: Picture
) -> list[str]:
    """Return the codes of all that may make a glyph hard to read."""
    codes = []
    top, left, bottom, right = bounds(pieces)
    height, width = picture.grey.shape
    if min(top, left) == 0 or bottom == height or right == width:
        codes.append("cut-off")
    after = atoms[glyph.stop] if glyph.stop < len(atoms) else None
    if pieces[0].cut_cost is not None or (after is not None and after.cut_cost is not None):
        codes.append("touching")
    elif sum(1 for piece in pieces if piece.cut_cost is None) > 1:
        codes.append("broken")
    if max(bottom - top, right - left) / picture.scale < _SMALL_PX:
        codes.append("too-small")
    share = stroke_share(glyph.framed)
    if share < _THIN:
        codes.append("too-thin")
    elif share > _THICK:
        codes.append("too-thick")
    if min(piece.contrast for piece in pieces) < _PALE:
        codes.append("too-pale")
    return codes


def _upright_box(pieces: list[Piece], picture: Picture) -> Box:
    top, left, bottom, right = (edge / picture.scale for edge in bounds(pieces))
    return Box(
        math.floor(left),
        math.floor(top),
        min(picture.width, math.ceil(right)),
        min(picture.height, math.ceil(bottom)),
    )
