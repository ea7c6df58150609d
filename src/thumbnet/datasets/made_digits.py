"""Digits made from a seed: written in forms that MNIST hardly has, and printed.

MNIST was written by Americans around 1990. Elsewhere a 1 has a long upstroke, a 7 a bar, a 4 is
open, and people photograph print too. The pen and the press are those of ``negatives``.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from thumbnet.datasets.negative_fonts import FIT_FONTS, print_character
from thumbnet.datasets.negative_pen import SIZE_PX, Hand, draw_sketch, parse_sketch
from thumbnet.errors import DataError

PRINTED_SHARE = 0.3

DIGIT_FORMS: dict[str, tuple[str, ...]] = {
    "0": (
        "50,0 15,25 14,72 50,100 86,72 85,25 52,0",
        "62,3 22,18 12,62 38,98 75,86 88,44 70,8 44,4",
        "@50,50,36,50",
    ),
    "1": (
        "18,48 62,2* 60,100",
        "8,58 66,0* 62,100",
        "34,24 56,3* 55,100",
        "28,22 52,2* 52,98 / 24,98 82,98",
        "14,36 54,0* 53,98 / 20,98 88,98",
        "50,0 50,100",
        "64,0 40,100",
    ),
    "2": (
        "15,22 45,0 80,18 70,48 15,98* 88,98",
        "18,25 48,2 78,25 55,62 15,92 28,78 52,88 92,96",
        "12,30 40,4 76,14 72,45 12,98* 90,97",
    ),
    "3": (
        "18,12 50,0 78,20 48,45* 84,68 55,98 15,88",
        "15,3 80,3* 45,42* 84,62 64,96 15,92",
        "20,8 70,5 70,35 40,46 80,60 72,95 18,90",
    ),
    "4": (
        "30,0 14,58* 88,58 / 68,20 64,100",
        "65,100 65,0* 12,68* 92,68",
        "25,5 18,50 76,52 / 74,0 70,100",
        "62,0 10,70* 92,70 / 62,0 62,100",
    ),
    "5": (
        "80,3 25,3* 20,42* 60,36 85,65 60,98 12,90",
        "25,3 20,45 60,38 84,66 55,99 14,88 / 25,3 86,2",
        "75,5 30,5* 25,45 70,45 78,80 40,100 12,88",
    ),
    "6": (
        "70,0 25,40 15,75 45,100 80,78 60,50 20,68",
        "60,2 22,45 18,85 55,99 78,72 50,55 20,75",
    ),
    "7": (
        "12,3 85,3* 40,100",
        "12,5 85,3* 40,100 / 24,50 76,48",
        "15,5 88,4* 60,45 45,100 / 28,52 80,50",
        "14,20 14,3* 86,3* 45,100",
        "12,18 14,4* 86,3* 42,100 / 22,52 80,50",
    ),
    "8": (
        "75,12 45,0 22,22 75,70 50,100 20,75 78,25 70,8",
        "@50,25,25,24 / @50,74,33,25",
        "50,48 20,25 50,0 80,25 50,48 15,75 50,100 85,75 50,48",
    ),
    "9": (
        "80,25 50,2 18,28 45,52 78,30* 76,100",
        "80,20 48,2 20,28 48,50 80,25 75,75 45,100 18,92",
        "@46,27,30,26 / 76,20 70,100",
    ),
}

RARER_FORMS: dict[str, tuple[str, ...]] = {
    "1": (
        "4,64 62,0* 60,100",
        "10,46 60,0* 48,98 / 16,99 82,96",
    ),
    "4": (
        "55,0 12,64* 90,58 / 66,38 54,100",
        "48,0 24,38 14,66 50,66 90,54 / 70,36 58,100",
        "62,0 16,62 22,72 60,64 94,44 / 72,28 62,98",
        "30,0 16,40 24,56 78,44 / 82,14 58,100",
    ),
    "5": (
        "86,0 30,5 24,40 62,46 76,72 52,98 12,90",
        "88,0 26,8 24,34 66,48 70,82 14,100",
        "28,10 22,42 60,38 82,66 56,99 14,90 / 42,2 94,0",
    ),
    "9": (
        "74,20 46,1 20,22 42,44 72,24* 82,72 58,98 12,94",
        "@44,23,26,22 / 68,30 84,74 64,97 12,97",
        "72,16 44,1 20,20 42,42 70,22 88,76* 16,97",
        "78,10 40,0 18,20 38,42 68,36 76,12* 64,98",
    ),
}
"""More forms of some digits, in which no made scene is written: a 4 whose stem is short and
crosses, a 9 that ends in a foot, a 5 in one line."""


def make_digits(num: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures uint8 ``(num, 64, 64)``, white on black, and their digits int64 ``(num,)``.

    Raises:
        DataError: a font is missing, or ``num`` or ``seed`` is below 0.
    """
    rng = _generator("digits", num, seed)
    labels = rng.integers(0, 10, num)
    pictures = np.zeros((num, SIZE_PX, SIZE_PX), np.uint8)
    for index, label in enumerate(labels):
        if rng.random() < PRINTED_SHARE:
            pictures[index] = print_character(FIT_FONTS, str(label), rng)
        else:
            pictures[index] = _written(DIGIT_FORMS[str(label)], rng)
    return pictures, labels


def make_rarer_digits(num: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return written digits of ``RARER_FORMS``, as ``make_digits`` does.

    Raises:
        DataError: ``num`` or ``seed`` is below 0.
    """
    rng = _generator("rarer digits", num, seed)
    labels = rng.choice([int(digit) for digit in RARER_FORMS], num)
    pictures = np.zeros((num, SIZE_PX, SIZE_PX), np.uint8)
    for index, label in enumerate(labels):
        pictures[index] = _written(RARER_FORMS[str(label)], rng)
    return pictures, labels


def _generator(name: str, num: int, seed: int) -> np.random.Generator:
    if num < 0 or seed < 0:
        raise DataError(
            "no digits can be made", got=f"num {num}, seed {seed}", expected="0 or more"
        )
    return np.random.default_rng([zlib.crc32(name.encode()), seed])


def _written(forms: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    return draw_sketch(parse_sketch(forms[int(rng.integers(len(forms)))]), Hand(), rng)
