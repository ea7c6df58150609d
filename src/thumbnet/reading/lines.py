"""Which rows are rows of digits, and which are words, specks or carpets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from thumbnet.reading.result import Digit, Line

_CERTAIN_ROW, _STROKES, _LONG_ROW = 0.85, 0.75, 8
_LONE = 0.55
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
    strokes = sum(digit.label in "17" for digit in read) / len(digits)
    if len(digits) >= _LONG_ROW and strokes > _STROKES:
        return False
    num_cut = sum("touching" in digit.diagnosis for digit in read)
    if num_cut + len(digits) - len(read) <= len(read) - num_cut:
        return True
    certainty = sum(digit.score * digit.probability for digit in read) / len(digits)
    return certainty > _CERTAIN_ROW and strokes < _STROKES


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


def reading_weight(lines: tuple[Line, ...]) -> float:
    """Return how much was read: the more digits and the more certain, the likelier the polarity."""
    digits = [digit for line in lines for digit in line.digits]
    return sum(-0.5 if digit.refused else digit.score * digit.probability for digit in digits)
