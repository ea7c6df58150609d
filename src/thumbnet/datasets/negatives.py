"""Pictures that are not digits, made from a seed, to teach and to test a recogniser's refusal.

What a reader of photos meets besides digits: letters, drawings, scribbles, digits cut off or run
together, dirt and empty paper. The kinds of ``TEST_KINDS`` share no font, drawing or pattern with
those of ``FIT_KINDS``, only the pen and the press, so that a refusal is tested on what it was not
taught. Letters that are written like a digit (``DIGIT_LOOKALIKES``) are in neither.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from thumbnet.datasets.negative_digits import crossed_out_digit, half_digit, joined_digits
from thumbnet.datasets.negative_drawings import fit_drawing
from thumbnet.datasets.negative_fonts import fit_letter, held_back_letter
from thumbnet.datasets.negative_grids import grid
from thumbnet.datasets.negative_held_back import held_back_drawing
from thumbnet.datasets.negative_letters import DIGIT_LOOKALIKES, stroke_letter
from thumbnet.datasets.negative_pen import SIZE_PX
from thumbnet.datasets.negative_scribbles import scribble
from thumbnet.datasets.negative_silhouettes import silhouette
from thumbnet.datasets.negative_textures import blot, noise
from thumbnet.errors import DataError, nearest

__all__ = ["DIGIT_LOOKALIKES", "FIT_KINDS", "SIZE_PX", "TEST_KINDS", "make_negatives"]

_FROM_NOTHING: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "font-letters": fit_letter,
    "stroke-letters": stroke_letter,
    "scribbles": scribble,
    "drawings": fit_drawing,
    "noise": noise,
    "blots": blot,
    "silhouettes": silhouette,
    "held-back-letters": held_back_letter,
    "held-back-drawings": held_back_drawing,
    "grids": grid,
}
_FROM_DIGITS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "half-digits": half_digit,
    "two-digits": joined_digits,
    "scribbled-out": crossed_out_digit,
}

FIT_KINDS: tuple[str, ...] = (
    *("font-letters", "stroke-letters", "scribbles", "drawings", "half-digits", "two-digits"),
    *("noise", "blots", "silhouettes"),
)
TEST_KINDS: tuple[str, ...] = (
    *("held-back-letters", "held-back-drawings", "scribbled-out", "grids"),
)


def make_negatives(kind: str, num: int, seed: int, digits: np.ndarray | None = None) -> np.ndarray:
    """Make pictures that are not one digit.

    Picture i depends on ``kind``, ``seed``, i and ``digits`` only, not on ``num``. The same pixels
    need the same versions of Pillow and Matplotlib, whose fonts and filters draw them.

    Args:
        kind: one of ``FIT_KINDS`` or ``TEST_KINDS``.
        num: how many pictures.
        seed: 0 to 2⁶⁴ - 1.
        digits: uint8 ``(M, 28, 28)``, white on black, for the kinds that cut or join digits. Those
            to fit with should come from training images, those to test with from others.

    Returns:
        uint8 ``(num, 64, 64)``, white ink (up to 255) on black (0).

    Raises:
        DataError: the kind is unknown, ``num`` or ``seed`` is out of range, the digits are missing,
            of another form or all 1, or a font is missing.
    """
    if kind not in (*FIT_KINDS, *TEST_KINDS):
        raise DataError(
            "unknown kind of negatives", got=kind, expected=nearest(kind, FIT_KINDS + TEST_KINDS)
        )
    if num < 0 or not 0 <= seed < 2**64:
        raise DataError(
            "no negatives can be made",
            got=f"num {num}, seed {seed}",
            expected="num of at least 0, and a seed from 0 to 2**64 - 1",
        )
    if kind in _FROM_DIGITS:
        digits = _checked_digits(kind, digits)
    pictures = np.zeros((num, SIZE_PX, SIZE_PX), np.uint8)
    for index in range(num):
        rng = _generator(kind, seed, index)
        if digits is not None and kind in _FROM_DIGITS:
            pictures[index] = _FROM_DIGITS[kind](digits, rng)
        else:
            pictures[index] = _FROM_NOTHING[kind](rng)
    return pictures


def _generator(kind: str, seed: int, index: int) -> np.random.Generator:
    # Philox counts instead of iterating, so each picture has a stretch of its own at a third of
    # the cost of seeding another generator.
    key = np.array([seed, zlib.crc32(kind.encode())], np.uint64)
    counter = np.array([0, 0, 0, index], np.uint64)
    return np.random.Generator(np.random.Philox(counter=counter, key=key))


def _checked_digits(kind: str, digits: np.ndarray | None) -> np.ndarray:
    expected = "uint8 (M, 28, 28), at least one image, each with ink"
    if digits is None:
        raise DataError(
            f"negatives of the kind '{kind}' are made from digits, and none were given",
            expected=expected,
            fix="pass digits=, for example the training images of MNIST",
        )
    if digits.dtype != np.uint8 or digits.ndim != 3 or digits.shape[1:] != (28, 28):
        raise DataError(
            "digits of the wrong form", got=f"{digits.dtype} {digits.shape}", expected=expected
        )
    if len(digits) == 0 or not digits.any(axis=(1, 2)).all():
        raise DataError("digits without ink", got=f"{len(digits)} images", expected=expected)
    return digits
