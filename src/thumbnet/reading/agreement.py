"""Two opinions on a row made one: its glyphs recognised one by one, and the row read whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from thumbnet.reading.lines import says_something, with_company
from thumbnet.reading.paths import Glyph, best_path, path_of
from thumbnet.reading.pieces import Piece
from thumbnet.reading.result import Digit
from thumbnet.reading.row_recogniser import RowAnswer
from thumbnet.reading.rows import Row

WEIGHT, WEIGHT_BESIDE_OTHERS = 2 / 3, 1 / 3
"""Of the row read whole in the pool; less beside a recogniser that may know a hand better."""

_LEAST = 1e-4
_DENIED, _DENIED_LONE = 5.0, 8.0
_SURE, _FEWEST = -1.0, 3


def agree(
    atoms: Sequence[Piece],
    row: Row,
    glyphs: Sequence[Glyph],
    certainties: np.ndarray,
    expect: int | None,
    whole: RowAnswer | None,
) -> list[tuple[int, np.ndarray | None]]:
    """Return which candidates make the digits of a row, and what the row read whole says of each.

    Where the two opinions part a row into different numbers of digits, the glyphs' way costs less
    than the other, or it would not be theirs. The other is taken if the row read whole finds its
    own text likelier by more than that.

    Args:
        atoms: of the row.
        row: for the height of its digits.
        glyphs: the candidates.
        certainties: ``(N, 10)``, see ``best_path``.
        expect: how many digits there must be; see ``best_path``.
        whole: the second opinion, if there is one.

    Returns:
        For each digit the index of its candidate, and probabilities ``(10,)``; None in place of
        these where the two opinions part the row differently.
    """
    path = best_path(atoms, row, glyphs, certainties, expect)
    if whole is None:
        return [(index, None) for index in path.chosen]
    text = whole.text
    if len(text) != len(path.chosen) and (expect is None or len(text) == expect):
        other = path_of(text, atoms, row, glyphs, certainties)
        own = "".join(str(certainties[index].argmax()) for index in path.chosen)
        likelier = whole.log_likelihood(text) - whole.log_likelihood(own)
        if other is not None and other.cost - path.cost < likelier:
            path = other
    if len(text) != len(path.chosen):
        return [(index, None) for index in path.chosen]
    return list(zip(path.chosen, whole.probabilities, strict=True))


def combined(glyph: np.ndarray, whole: np.ndarray | None, weight: float) -> np.ndarray:
    """Return the probabilities, ``(10,)``, that both opinions on a digit have together.

    Their weighted geometric mean, known as a logarithmic opinion pool (Genest and Zidek 1986). Not
    the product, which would count what both learned from the same digits twice.

    Args:
        glyph: of the glyph alone.
        whole: of the row read whole; None if that says nothing of this digit.
        weight: of ``whole``, in [0, 1].
    """
    if whole is None:
        return glyph
    mean = np.maximum(glyph, _LEAST) ** (1 - weight) * np.maximum(whole, _LEAST) ** weight
    return np.asarray(mean / mean.sum())


def judged(digits: list[Digit], whole: RowAnswer | None, least: float) -> list[Digit]:
    """Return the digits of a row that is one of digits, none where it is not.

    Args:
        digits: of a row, as both opinions together see them.
        whole: what the row read whole says.
        least: a refused digit less probable than this stays so; see ``with_company``.
    """
    text = "".join(digit.label for digit in digits)
    if whole is not None and is_denied(text, whole):
        return []
    confirmed = whole is not None and is_confirmed(text, whole)
    if not confirmed and not says_something(digits):
        return []
    return with_company(digits, least, confirmed)


def is_denied(text: str, whole: RowAnswer) -> bool:
    """Return whether the row read whole finds no digits where its glyphs look like some."""
    least = _DENIED if len(text) > 1 else _DENIED_LONE
    return not whole.text and whole.log_likelihood(text) < -least


def is_confirmed(text: str, whole: RowAnswer) -> bool:
    """Return whether the row read whole is sure of several digits, and of just these."""
    return len(text) >= _FEWEST and whole.text == text and whole.log_likelihood(text) > _SURE
