"""The cheapest path through a row, against trying every path."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from thumbnet.reading.paths import Glyph, best_path, path_of
from thumbnet.reading.pieces import Piece
from thumbnet.reading.rows import Row

NOTHING = np.zeros((28, 28), np.float32)


def bar(left: int, height: int = 40, width: int = 12, cut_cost: float | None = None) -> Piece:
    return Piece(0, left, np.ones((height, width), bool), 0.8, cut_cost)


def row_of(atoms: list[Piece]) -> Row:
    return Row(list(atoms), 40.0, 0.0)


def as_some_digit(certain: list[float]) -> np.ndarray:
    """Certainties of candidates that are all more like a 3 than like anything else."""
    return np.outer(certain, np.where(np.arange(10) == 3, 1.0, 0.1))


def cheapest(
    atoms: list[Piece], glyphs: list[Glyph], certain: list[float], expect: int | None = None
) -> list[int]:
    return best_path(atoms, row_of(atoms), glyphs, as_some_digit(certain), expect).chosen


def all_groups(num: int, most: int = 3) -> list[tuple[int, int]]:
    return [(a, b) for a in range(num) for b in range(a + 1, min(a + most, num) + 1)]


def test_one_digit_of_two_atoms_wins_where_it_is_certain() -> None:
    atoms = [bar(0), bar(13)]
    glyphs = [Glyph(a, b, NOTHING, 0.0) for a, b in [(0, 1), (0, 2), (1, 2)]]
    assert cheapest(atoms, glyphs, [0.3, 0.99, 0.3]) == [1]
    assert cheapest(atoms, glyphs, [0.99, 0.3, 0.99]) == [0, 2]


def test_a_cut_must_be_worth_it() -> None:
    glyphs = [Glyph(a, b, NOTHING, 0.0) for a, b in [(0, 1), (0, 2), (1, 2)]]
    touching = [bar(0), bar(12, cut_cost=1.0)]
    assert cheapest(touching, glyphs, [0.99, 0.7, 0.99]) == [1]
    apart = [bar(0), bar(13)]
    assert cheapest(apart, glyphs, [0.99, 0.7, 0.99]) == [0, 2]


def test_a_speck_is_left_out_and_a_digit_is_not() -> None:
    speck = Piece(30, 20, np.ones((4, 4), bool), 0.8)
    atoms = [bar(0), speck, bar(30)]
    glyphs = [Glyph(a, a + 1, NOTHING, 0.0) for a in range(3)]
    assert cheapest(atoms, glyphs, [0.9, 0.02, 0.02]) == [0, 2]


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
    found = best_path(atoms, row_of(atoms), glyphs, as_some_digit(certain), expect)
    assert total(tuple(found.chosen)) == pytest.approx(min(total(path) for path in paths))
    assert found.cost == pytest.approx(total(tuple(found.chosen)))


def test_a_count_that_no_path_has_is_ignored() -> None:
    atoms = [bar(0)]
    assert cheapest(atoms, [Glyph(0, 1, NOTHING, 0.0)], [0.9], 4) == [0]


def test_a_path_of_a_text_is_as_long_as_it_and_the_cheapest_that_says_it() -> None:
    atoms = [bar(0), bar(13), bar(26)]
    glyphs = [Glyph(a, b, NOTHING, 0.0) for a, b in all_groups(3)]
    certain = np.full((len(glyphs), 10), 0.01)
    # The first atom is a 1, the other two together a 4; all three together look most like an 8.
    certain[all_groups(3).index((0, 1)), 1] = 0.6
    certain[all_groups(3).index((1, 3)), 4] = 0.6
    certain[all_groups(3).index((0, 3)), 8] = 0.9
    row = row_of(atoms)
    assert best_path(atoms, row, glyphs, certain, None).chosen == [all_groups(3).index((0, 3))]
    found = path_of("14", atoms, row, glyphs, certain)
    assert found is not None
    assert [(glyphs[index].start, glyphs[index].stop) for index in found.chosen] == [(0, 1), (1, 3)]
    assert found.cost == pytest.approx(-2 * np.log(0.6) + 2 * 0.05)
    other = path_of("99", atoms, row, glyphs, certain)
    assert other is not None
    assert other.cost > found.cost
    assert path_of("1234", atoms, row, glyphs, certain) is None
