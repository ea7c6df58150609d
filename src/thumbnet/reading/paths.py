"""Which pieces of a row make which digits: the cheapest path through all groupings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thumbnet.reading.cuts import cut_piece
from thumbnet.reading.glyphs import frame_glyph
from thumbnet.reading.pieces import Piece, bounds, is_part
from thumbnet.reading.rows import Row

MOST_ATOMS = 6
"""A glyph is made of at most so many parts."""

_CERTAIN, _ONE = 0.97, 0.9
_WIDEST = 1.9
_LEAST = 0.005
_CUT_COST, _CROSSING_COST = 0.7, 0.5
_WIDE_FROM, _WIDE_COST = 1.0, 1.0
_GAP_COST, _FREE_GAP = 6.0, 0.06
_SHORT_COST, _SHORT_FROM = 2.0, 0.6
_GLYPH_COST = 0.05
_DROP_COST = 25.0


@dataclass(frozen=True)
class Glyph:
    """A candidate: neighbouring atoms of a row, taken for one digit.

    Attributes:
        start: the first atom.
        stop: the atom after the last.
        framed: float32 ``(28, 28)``, see ``frame_glyph``.
        shape_cost: what its shape costs, whatever it says.
    """

    start: int
    stop: int
    framed: np.ndarray
    shape_cost: float


def atoms_of(row: Row, certainties: Sequence[float]) -> list[Piece]:
    """Return the pieces of a row, cut wherever digits may touch, from left to right.

    A piece that is a digit as it is, and no wider than one, is left whole.
    """
    atoms: list[Piece] = []
    for piece, certainty in zip(row.pieces, certainties, strict=True):
        is_whole = certainty >= _CERTAIN and piece.width <= _ONE * row.height
        atoms += [piece] if is_whole else cut_piece(piece, row.height)
    return atoms


def candidates(atoms: Sequence[Piece], row: Row, contrast: np.ndarray) -> list[Glyph]:
    """Return every group of neighbouring atoms that may be one digit."""
    found = []
    for start in range(len(atoms)):
        for stop in range(start + 1, min(start + MOST_ATOMS, len(atoms)) + 1):
            group = atoms[start:stop]
            _, left, _, right = bounds(group)
            if stop > start + 1 and right - left > _WIDEST * row.height:
                break
            cost = _shape_cost(group, row.height)
            found.append(Glyph(start, stop, frame_glyph(group, contrast, row.slope), cost))
    return found


@dataclass(frozen=True)
class Path:
    """Candidates, from left to right, that explain a row.

    Attributes:
        chosen: their indices.
        cost: the negative logarithm of how well they do, up to a constant of the row.
    """

    chosen: list[int]
    cost: float


def best_path(
    atoms: Sequence[Piece],
    row: Row,
    glyphs: Sequence[Glyph],
    certainties: np.ndarray,
    expect: int | None,
) -> Path:
    """Return the candidates that together explain a row best.

    Viterbi's algorithm over the places between atoms. A candidate costs the negative logarithm of
    its certainty, what its shape costs and what its cut costs; an atom may be left out as a speck
    at a cost that grows with its size.

    Args:
        atoms: of the row.
        row: for the height of its digits.
        glyphs: the candidates.
        certainties: ``(N, 10)``, how probable each candidate is to be each digit, in [0, 1].
        expect: how many digits there must be; ignored where no path has so many.
    """
    steps = _steps(atoms, row, glyphs)
    costs = _costs(certainties).min(1, keepdims=True)
    path = None
    if expect is not None:
        path = _cheapest(steps, np.repeat(costs, expect, 1), True)
    return path or _cheapest(steps, costs, False) or Path([], 0.0)


def path_of(
    text: str,
    atoms: Sequence[Piece],
    row: Row,
    glyphs: Sequence[Glyph],
    certainties: np.ndarray,
) -> Path | None:
    """Return the candidates that explain a row best if it says ``text``; see ``best_path``.

    None where there are fewer atoms than digits.
    """
    labels = [int(digit) for digit in text]
    return _cheapest(_steps(atoms, row, glyphs), _costs(certainties)[:, labels], True)


_Steps = list[list[tuple[int, float, int | None]]]


def _steps(atoms: Sequence[Piece], row: Row, glyphs: Sequence[Glyph]) -> _Steps:
    """Return, for each place between atoms, how it is reached: from where, the cost, by what."""
    steps: _Steps = [[] for _ in range(len(atoms) + 1)]
    for index, glyph in enumerate(glyphs):
        cost = glyph.shape_cost + _GLYPH_COST + _cut_cost(atoms[glyph.start])
        steps[glyph.stop].append((glyph.start, cost, index))
    for stop, atom in enumerate(atoms, 1):
        steps[stop].append((stop - 1, _drop_cost(atom, row.height), None))
    return steps


def _costs(certainties: np.ndarray) -> np.ndarray:
    return np.asarray(-np.log(np.maximum(certainties, _LEAST)))


def _cheapest(steps: _Steps, costs: np.ndarray, counted: bool) -> Path | None:
    """Return the cheapest way from 0 to the end.

    Args:
        steps: see ``_steps``.
        costs: ``(N, L)``, of each candidate as the first, second … glyph.
        counted: whether it must be exactly ``L`` glyphs; otherwise the first column holds for all.
    """
    num = costs.shape[1] if counted else 0
    # Of each place between atoms, by the number of glyphs before it: cost, from where, by what.
    ways: list[list[tuple[float, int, int | None]]]
    ways = [[(math.inf, 0, None)] * (num + 1) for _ in steps]
    ways[0][0] = (0.0, 0, None)
    for stop, reached in enumerate(steps[1:], 1):
        for start, cost, index in reached:
            more = int(counted and index is not None)
            for count, (before, *_) in enumerate(ways[start][: num + 1 - more]):
                own = 0.0 if index is None else float(costs[index, count])
                if before + cost + own < ways[stop][count + more][0]:
                    ways[stop][count + more] = (before + cost + own, start, index)
    total = ways[-1][num][0]
    if total == math.inf:
        return None
    chosen: list[int] = []
    place, count = len(steps) - 1, num
    while place > 0:
        _, start, index = ways[place][count]
        if index is not None:
            chosen.append(index)
            count -= int(counted)
        place = start
    return Path(chosen[::-1], total)


def _shape_cost(group: Sequence[Piece], height: float) -> float:
    """Return what is against one digit of this shape: too wide, gaps inside, too low."""
    top, left, bottom, right = bounds(group)
    cost = _WIDE_COST * max((right - left) / height - _WIDE_FROM, 0.0)
    cost += _SHORT_COST * max(_SHORT_FROM - (bottom - top) / height, 0.0)
    reach = group[0].right
    for piece in group[1:]:
        gap = (piece.left - reach) / height
        cost += _GAP_COST * max(gap - _FREE_GAP, 0.0)
        reach = max(reach, piece.right)
    return cost


def _cut_cost(first: Piece) -> float:
    if first.cut_cost is None:
        return 0.0
    return _CUT_COST + _CROSSING_COST * max(first.cut_cost - 1, 0.0)


def _drop_cost(atom: Piece, height: float) -> float:
    """Return what leaving an atom out costs: little for a speck, too much for a digit."""
    share = atom.area / height**2
    cost = 0.1 + _DROP_COST * share
    return cost if is_part(atom, height) else cost + 4.0
