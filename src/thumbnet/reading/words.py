"""Which words of a row are numbers, and which are of letters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from thumbnet.reading.pieces import is_part
from thumbnet.reading.rows import Row

_PROMISING, _SEVERAL, _FEW_BODIES = 0.6, 0.9, 4
_LONG_ROW, _MOST = 15, 0.7
_WORD_GAP, _LONG_WORD, _SURE = 0.7, 3, 0.9


def numbers_in(row: Row, certainties: Sequence[float]) -> list[tuple[Row, list[float]]]:
    """Return what of a row is worth cutting, each with the certainties of its pieces.

    Of a row of digits that is all between the words of letters at its ends; of any other row its
    numbers, each as a row of its own. A word ends at a gap. Two letters may look like a number
    (``is``), and a number like two letters; three hardly do.

    Args:
        row: to be judged.
        certainties: how probable each of its pieces is to be a digit as it is.
    """
    words = _words(row, certainties)
    if _may_be_digits(row, certainties):
        while len(words) > 1 and _is_of_letters(*words[0]):
            del words[0]
        while len(words) > 1 and _is_of_letters(*words[-1]):
            del words[-1]
        pieces = [piece for word, _ in words for piece in word.pieces]
        return [(replace(row, pieces=pieces), [each for _, of_word in words for each in of_word])]
    return [word for word in words if _is_number(*word)]


def _may_be_digits(row: Row, certainties: Sequence[float]) -> bool:
    """Return whether most of a row's pieces are digits, or several in one.

    The letters of a word can be cut into parts of which many look like a 1 or a 7.
    """
    bodies = digits = several = 0
    for piece, certainty in zip(row.pieces, certainties, strict=True):
        if not is_part(piece, row.height):
            bodies += 1
            if certainty >= _PROMISING:
                digits += 1
            elif piece.width > _SEVERAL * row.height:
                several += 1
    if bodies >= _LONG_ROW:
        return digits >= _MOST * bodies
    return 2 * (digits + several) >= bodies and (digits >= several or bodies <= _FEW_BODIES)


def _words(row: Row, certainties: Sequence[float]) -> list[tuple[Row, list[float]]]:
    """Return a row's words, from left to right, with the certainties of their pieces."""
    words: list[tuple[Row, list[float]]] = []
    right = -math.inf
    for piece, certainty in zip(row.pieces, certainties, strict=True):
        if piece.left - right > _WORD_GAP * row.height:
            words.append((replace(row, pieces=[]), []))
        words[-1][0].pieces.append(piece)
        words[-1][1].append(certainty)
        right = max(right, piece.right)
    return words


def _is_of_letters(row: Row, certainties: Sequence[float]) -> bool:
    return len(row.bodies) >= _LONG_WORD and not _may_be_digits(row, certainties)


def _is_number(row: Row, certainties: Sequence[float]) -> bool:
    """Return whether a word is long and surely of digits alone."""
    pairs = zip(row.pieces, certainties, strict=True)
    return len(row.bodies) >= _LONG_WORD and all(
        certainty >= _SURE or is_part(piece, row.height) for piece, certainty in pairs
    )
