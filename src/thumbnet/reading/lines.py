"""Which rows are rows of digits, and which are words, specks or carpets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from thumbnet.reading.result import Digit, Line

_CERTAIN_ROW, _STROKES, _LONG_ROW = 0.85, 0.75, 8
_LONE = 0.55
_ALIKE = 2.0
_LEAST_OTHERS, _OTHERS_TO_DIGITS = 4.0, 2.0
_LEAST_BESIDE_STROKES, _BESIDE_STROKES_TO_DIGITS = 2.0, 0.5
_FEWEST_SURE, _SURE_ROW = 3, 0.8
_SURE_DIGITS, _SURE_SHARE = 3, 0.7
_LEAST_SCORE, _LIKELIER = 0.02, 0.5


def says_something(digits: list[Digit]) -> bool:
    """Return whether a row is one of digits: not a word that was cut into strokes.

    At least half of it was taken for digits; most of those were not cut from something else, unless
    they are certain; and a long row is not nearly all of 1 and 7, as the stems of letters are.
    """
    read = [digit for digit in digits if not digit.refused]
    if 2 * len(read) < len(digits) or not read:
        return False
    strokes = _share_of_strokes(digits)
    if len(digits) >= _LONG_ROW and strokes > _STROKES:
        return False
    num_cut = sum("touching" in digit.diagnosis for digit in read)
    if num_cut + len(digits) - len(read) <= len(read) - num_cut:
        return True
    return _certainty(digits) > _CERTAIN_ROW and strokes < _STROKES


def with_company(digits: list[Digit], least: float, is_confirmed: bool = False) -> list[Digit]:
    """Take what is refused in a row of digits for the digit that it is most likely to be.

    The recogniser sees one glyph alone. In a row of several others that are digits it is one, too,
    far more often than by itself; what looks like nothing at all, like several digits, or like two
    of them alike stays refused.

    Args:
        digits: of a row that says something.
        least: a digit less probable than this stays refused.
        is_confirmed: whether the row read whole says just these digits: then none stays refused
            for its looks.
    """
    read = sum(not digit.refused for digit in digits)
    if not is_confirmed and (read < _SURE_DIGITS or read < _SURE_SHARE * len(digits)):
        return digits
    least = max(least, _LIKELIER)
    return [
        replace(digit, text=digit.label, refused=False, diagnosis=_among(digit.diagnosis))
        if digit.refused
        and digit.probability >= least
        and (is_confirmed or (digit.score >= _LEAST_SCORE and "two-digits" not in digit.diagnosis))
        else digit
        for digit in digits
    ]


def _among(diagnosis: tuple[str, ...]) -> tuple[str, ...]:
    return (
        "among-digits",
        *(code for code in diagnosis if code not in ("not-a-digit", "two-digits")),
    )


def without_specks(lines: list[Line]) -> tuple[Line, ...]:
    """Leave out single digits that are far smaller than the rows beside them."""
    heights = [line.box.bottom - line.box.top for line in lines if len(line.digits) > 1]
    least = _LONE * float(np.median(heights)) if heights else 0.0
    return tuple(
        line for line in lines if len(line.digits) > 1 or line.box.bottom - line.box.top >= least
    )


def believable(
    lines: Sequence[Line], other_heights: Sequence[float], expect: int | None
) -> tuple[Line, ...]:
    """Leave out what looks like digits among much that does not: letters, edges of things.

    A page of text has strokes that are a 1 by themselves, and a photo of a room has bars. What is
    as high as a row and was refused with its own row tells where there are others. A row is
    believed beside at most so many to each digit of the picture, a single digit or a row of strokes
    beside fewer; one of several digits, most of which are certain, or of the length that is
    expected, is believed anywhere.

    Args:
        lines: that were read.
        other_heights: of what was refused with its whole row, in the picture's pixels.
        expect: how many digits a row has, if that is known.
    """
    num_digits = sum(not digit.refused for line in lines for digit in line.digits)
    heights = np.array(other_heights)

    def is_believed(line: Line) -> bool:
        height, count = line.box.bottom - line.box.top, len(line.digits)
        is_like = (heights * _ALIKE >= height) & (heights <= _ALIKE * height)
        num_others = int(is_like.sum())
        are_strokes = _share_of_strokes(line.digits) >= _STROKES
        if count == expect:
            return True
        if count == 1 or are_strokes:
            return num_others <= _LEAST_BESIDE_STROKES + _BESIDE_STROKES_TO_DIGITS * num_digits
        if count >= _FEWEST_SURE and _certainty(line.digits) >= _SURE_ROW:
            return True
        return num_others <= _LEAST_OTHERS + _OTHERS_TO_DIGITS * num_digits

    return tuple(line for line in lines if is_believed(line))


def _share_of_strokes(digits: Sequence[Digit]) -> float:
    """Return which share of a row was read as 1 or 7, as the stems of letters are."""
    return sum(digit.label in "17" for digit in digits if not digit.refused) / len(digits)


def _certainty(digits: Sequence[Digit]) -> float:
    """Return how certain the digits of a row are on average; what is refused counts as 0."""
    read = [digit for digit in digits if not digit.refused]
    return sum(digit.score * digit.probability for digit in read) / len(digits)


def reading_weight(lines: tuple[Line, ...]) -> float:
    """Return how much was read: the more digits and the more certain, the likelier the polarity."""
    digits = [digit for line in lines for digit in line.digits]
    return sum(-0.5 if digit.refused else digit.score * digit.probability for digit in digits)
