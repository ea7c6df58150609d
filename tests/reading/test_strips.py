"""Rows cut out as strips: straight, at one height, with and without what is beside them."""

from __future__ import annotations

import numpy as np
import pytest

from thumbnet.reading.pieces import Piece
from thumbnet.reading.rows import Row
from thumbnet.reading.strips import DIGIT_PX, LONGEST_PX, STRIP_PX, cut_strip, draw_strips


def row_of_bars(
    lefts: list[int], tops: list[int], height: int = 60, width: int = 20
) -> tuple[Row, np.ndarray]:
    """Return bars and the contrast of a picture that has them and nothing else."""
    pieces = [
        Piece(top, left, np.ones((height, width), bool), 0.5)
        for left, top in zip(lefts, tops, strict=True)
    ]
    contrast = np.zeros((max(tops) + height + 40, max(lefts) + width + 40), np.float32)
    for piece in pieces:
        contrast[piece.top : piece.bottom, piece.left : piece.right] = 0.5
    return Row(pieces, float(height), 0.0), contrast


def rows_inked(strip: np.ndarray) -> tuple[int, int]:
    inked = np.flatnonzero((strip[0] > 128).any(1))
    return int(inked[0]), int(inked[-1])


@pytest.mark.parametrize("height", [20, 60, 150])
def test_a_digit_is_20_pixels_high_in_the_middle_and_black(height: int) -> None:
    row, contrast = row_of_bars([50, 200], [90, 90], height)
    strip = cut_strip(row, contrast)
    assert strip is not None
    assert strip.dtype == np.uint8
    assert strip.shape[:2] == (2, STRIP_PX)
    first, last = rows_inked(strip)
    assert first == pytest.approx((STRIP_PX - DIGIT_PX) / 2, abs=1)
    assert last == pytest.approx((STRIP_PX + DIGIT_PX) / 2 - 1, abs=1)
    assert strip.max() == 255
    assert np.abs(strip[0].astype(int) - strip[1]).max() <= 1


def test_a_row_that_climbs_becomes_level() -> None:
    lefts = list(range(40, 640, 60))
    row, contrast = row_of_bars(lefts, [200 - round(0.2 * left) for left in lefts])
    row.slope = -0.2
    strip = cut_strip(row, contrast)
    assert strip is not None
    first, last = rows_inked(strip)
    assert last - first <= DIGIT_PX + 3


def test_what_belongs_to_no_piece_is_in_the_second_channel_only() -> None:
    row, contrast = row_of_bars([50, 120], [90, 90])
    contrast[118:121] = 0.3
    strip = cut_strip(row, contrast)
    assert strip is not None
    between = slice(20, 28)
    assert strip[0, :, between].max() == 0
    assert strip[1, :, between].max() > 60


def test_beyond_the_picture_there_is_paper() -> None:
    row, contrast = row_of_bars([0, 40], [0, 0])
    strip = cut_strip(row, contrast[:60, :60])
    assert strip is not None
    assert strip[:, :4].max() == 0
    assert strip[:, :, :6].max() == 0


def test_a_piece_that_sticks_out_above_is_cut_off_there() -> None:
    row, contrast = row_of_bars([50, 90, 130, 170, 210], [90] * 5)
    tall = Piece(0, 250, np.ones((150, 20), bool), 0.5)
    contrast[0:150, 250:270] = 0.5
    strip = cut_strip(
        Row([*row.pieces, tall], row.height, 0.0), np.pad(contrast, ((0, 0), (0, 60)))
    )
    assert strip is not None
    assert strip.shape[1] == STRIP_PX
    assert strip[0, 0, 60:80].max() == 255


def test_a_row_that_is_far_too_long_is_not_cut_out() -> None:
    row, contrast = row_of_bars([40, 40 + 3 * LONGEST_PX], [90, 90])
    assert cut_strip(row, contrast) is None


def test_drawn_strips_show_own_ink_black_and_the_rest_grey() -> None:
    strip = np.zeros((2, STRIP_PX, 30), np.uint8)
    strip[:, 10, 5] = 255
    strip[1, 20] = 255
    sheet = draw_strips([strip, np.zeros((2, STRIP_PX, 50), np.uint8)])
    assert sheet.dtype == np.uint8
    assert sheet.shape == (2 * STRIP_PX + 4, 50)
    assert sheet[10, 5] == 0
    assert sheet[20, 3] == 170
    assert (sheet[STRIP_PX:] == 255).all()
