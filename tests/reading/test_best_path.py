"""The cheapest path through a row, against trying every path."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from thumbnet.reading.paths import Glyph, best_path
from thumbnet.reading.pieces import Piece
from thumbnet.reading.rows import Row

NOTHING = np.zeros((28, 28), np.float32)


def bar(left: int, height: int = 40, width: int = 12, cut_cost: float | None = None) -> Piece:
    return Piece(0, left, np.ones((height, width), bool), 0.8, cut_cost)


def row_of(atoms: list[Piece]) -> Row:
    return Row(list(atoms), 40.0, 0.0)


def all_groups(num: int, most: int = 3) -> list[tuple[int, int]]:
    return [(a, b) for a in range(num) for b in range(a + 1, min(a + most, num) + 1)]


def test_one_digit_of_two_atoms_wins_where_it_is_certain() -> None:
    atoms = [bar(0), bar(13)]
    glyphs = [Glyph(a, b, NOTHING, 0.0) for a, b in [(0, 1), (0, 2), (1, 2)]]
    row = row_of(atoms)
    assert best_path(atoms, row, glyphs, [0.3, 0.99, 0.3], None) == [1]
    assert best_path(atoms, row, glyphs, [0.99, 0.3, 0.99], None) == [0, 2]


def test_a_cut_must_be_worth_it() -> None:
    glyphs = [Glyph(a, b, NOTHING, 0.0) for a, b in [(0, 1), (0, 2), (1, 2)]]
    touching = [bar(0), bar(12, cut_cost=1.0)]
    assert best_path(touching, row_of(touching), glyphs, [0.99, 0.7, 0.99], None) == [1]
    apart = [bar(0), bar(13)]
    assert best_path(apart, row_of(apart), glyphs, [0.99, 0.7, 0.99], None) == [0, 2]


def test_a_speck_is_left_out_and_a_digit_is_not() -> None:
    speck = Piece(30, 20, np.ones((4, 4), bool), 0.8)
    atoms = [bar(0), speck, bar(30)]
    glyphs = [Glyph(a, a + 1, NOTHING, 0.0) for a in range(3)]
    assert best_path(atoms, row_of(atoms), glyphs, [0.9, 0.02, 0.02], None) == [0, 2]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("expect", [None, 2, 3])
def test_it_is_the_cheapest_of_all_paths(seed: int, expect: int | None) -> None:
    rng = np.random.default_rng(seed)
    num = 5
    # Whole bodies, which are never left out here: that keeps the oracle to the groupings.
    atoms = [bar(20 * index, width=30) for index in range(num)]
    groups = all_groups(num)
    glyphs = [Glyph(a, b, NOTHING, float(rng.random())) for a, b in groups]
    certain = rng.uniform(0.3, 1.0, len(groups)).tolist()

    def total(path: tuple[int, ...]) -> float:
        return sum(-np.log(certain[i]) + glyphs[i].shape_cost + 0.05 for i in path)

    paths = []
    for breaks in product([False, True], repeat=num - 1):
        edges = [0, *(i + 1 for i, broken in enumerate(breaks) if broken), num]
        pairs = list(pairwise(edges))
        if all(pair in groups for pair in pairs):
            paths.append(tuple(groups.index(pair) for pair in pairs))
    if expect is not None:
        paths = [path for path in paths if len(path) == expect]
    found = best_path(atoms, row_of(atoms), glyphs, certain, expect)
    assert total(tuple(found)) == pytest.approx(min(total(path) for path in paths))


def test_a_count_that_no_path_has_is_ignored() -> None:
    atoms = [bar(0)]
    assert best_path(atoms, row_of(atoms), [Glyph(0, 1, NOTHING, 0.0)], [0.9], 4) == [0]
