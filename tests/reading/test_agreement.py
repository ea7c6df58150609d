"""Two opinions on a row: when the whole row's is followed, and when the glyphs' own."""

from __future__ import annotations

import numpy as np
import pytest
from test_row_recogniser import answer_of

from thumbnet.reading.agreement import (
    WEIGHT,
    WEIGHT_BESIDE_OTHERS,
    agree,
    combined,
    is_confirmed,
    is_denied,
)
from thumbnet.reading.paths import Glyph
from thumbnet.reading.pieces import Piece
from thumbnet.reading.row_recogniser import NONE
from thumbnet.reading.rows import Row

FRAMED = np.zeros((28, 28), np.float32)
ATOMS = [
    Piece(0, 0, np.ones((40, 14), bool), 0.8),
    Piece(0, 14, np.ones((40, 14), bool), 0.8, cut_cost=1.0),
]
ROW = Row(list(ATOMS), 40.0, 0.0)
GLYPHS = [Glyph(0, 1, FRAMED, 0.0), Glyph(0, 2, FRAMED, 0.0), Glyph(1, 2, FRAMED, 0.0)]


def certain_of(*glyphs: dict[int, float]) -> np.ndarray:
    certain = np.full((len(glyphs), 10), 0.01)
    for row, digits in zip(certain, glyphs, strict=True):
        for digit, certainty in digits.items():
            row[digit] = certainty
    return certain


# A pair that looks a little more like one 4 than like a 1 and a 7.
PAIR = certain_of({1: 0.7}, {4: 0.8}, {7: 0.7})
SURE_PAIR = answer_of((NONE, 0.9), (1, 0.95), (NONE, 0.9), (7, 0.95), (NONE, 0.9))


def test_the_glyphs_alone_decide_without_a_second_opinion() -> None:
    chosen = agree(ATOMS, ROW, GLYPHS, PAIR, None, None)
    assert chosen == [(1, None)]


def test_a_sure_second_opinion_parts_what_touches() -> None:
    chosen = agree(ATOMS, ROW, GLYPHS, PAIR, None, SURE_PAIR)
    assert [index for index, _ in chosen] == [0, 2]
    assert [seen.argmax() for _, seen in chosen if seen is not None] == [1, 7]


def test_an_unsure_second_opinion_does_not() -> None:
    unsure = answer_of((NONE, 0.9), (1, 0.3), (4, 0.25), (7, 0.3), (NONE, 0.9))
    whole = certain_of({1: 0.1}, {4: 0.99}, {7: 0.1})
    chosen = agree(ATOMS, ROW, GLYPHS, whole, None, unsure)
    assert chosen == [(1, None)]


def test_it_is_not_followed_against_the_number_that_is_expected() -> None:
    assert agree(ATOMS, ROW, GLYPHS, PAIR, 1, SURE_PAIR) == [(1, None)]


@pytest.mark.parametrize("expect", [None, 2])
def test_where_both_part_a_row_alike_both_are_heard(expect: int | None) -> None:
    certain = certain_of({1: 0.9}, {4: 0.1}, {9: 0.6, 7: 0.4})
    chosen = agree(ATOMS, ROW, GLYPHS, certain, expect, SURE_PAIR)
    assert [index for index, _ in chosen] == [0, 2]
    assert all(seen is not None for _, seen in chosen)


def test_together_they_are_as_sure_as_their_mean() -> None:
    glyph, whole = np.full(10, 0.01), np.full(10, 0.001)
    glyph[[4, 9]] = 0.5, 0.42
    whole[[4, 9]] = 0.1, 0.89
    both = combined(glyph, whole, 2 / 3)
    assert both.sum() == pytest.approx(1)
    assert both.argmax() == 9
    assert 0.7 < both[9] < 0.8
    assert combined(glyph, None, 2 / 3) is glyph


def test_a_hand_that_the_recogniser_knows_is_not_overruled() -> None:
    mine, usual = np.full(10, 0.0001), np.full(10, 0.001)
    mine[1] = 0.999
    usual[[1, 7]] = 0.005, 0.99
    assert combined(mine, usual, WEIGHT).argmax() == 7
    assert combined(mine, usual, WEIGHT_BESIDE_OTHERS).argmax() == 1


NOTHING_SEEN = answer_of((NONE, 0.99), (NONE, 0.99), (NONE, 0.99), (NONE, 0.99))


def test_a_row_is_denied_where_nothing_is_seen_in_its_place() -> None:
    assert is_denied("17", NOTHING_SEEN)
    assert not is_denied("17", SURE_PAIR)
    assert not is_denied("17", answer_of((NONE, 0.6), (1, 0.3), (NONE, 0.6), (7, 0.3)))


def test_a_lone_digit_is_harder_to_deny() -> None:
    assert is_denied("11", NOTHING_SEEN)
    assert not is_denied("1", NOTHING_SEEN)


def test_three_digits_that_are_surely_seen_are_confirmed() -> None:
    three = answer_of((1, 0.95), (NONE, 0.9), (7, 0.95), (NONE, 0.9), (3, 0.95))
    assert is_confirmed("173", three)
    assert not is_confirmed("17", SURE_PAIR)
    assert not is_confirmed("178", three)
