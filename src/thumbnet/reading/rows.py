"""Which pieces stand in one row, however tilted or wavy it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thumbnet.reading.pieces import Piece, is_part, usual_height

_NEAR_HEIGHTS = 3.5
_CLOSE, _CLOSE_HEIGHTS = 0.6, 4.6
_STEEPEST = 0.35
_ALIKE = 0.5
_STEEP_COUNTS, _RIDGE_HEIGHTS = 3.0, 2.0
_SAME_LEVEL, _WITHIN, _TUCK = 0.5, 0.6, 0.4
_MEMORY, _FULL = 3, 0.8
_REACH, _DOWN_COUNTS = 0.6, 1.5
_SMALLEST_PX = 9


@dataclass
class Row:
    """Pieces from left to right.

    Attributes:
        pieces: in order of their middles.
        height: of a digit in this row, in working pixels.
        slope: pixels down for each to the right.
    """

    pieces: list[Piece]
    height: float
    slope: float

    @property
    def bodies(self) -> list[Piece]:
        """Pieces that are large enough to be a digit by themselves."""
        return [piece for piece in self.pieces if not is_part(piece, self.height)]


def find_rows(pieces: list[Piece]) -> list[Row]:
    """Return the rows, from top to bottom; small parts go to the row that they lie in."""
    if not pieces:
        return []
    height = usual_height(pieces)
    bodies = [piece for piece in pieces if not is_part(piece, height)]
    parts = [piece for piece in pieces if is_part(piece, height)]
    chains = _chains(bodies, _links(bodies))
    slope = _common_slope(chains)
    chains = _absorbed(_joined(chains, slope), slope)
    rows = [Row(chain, _row_height(chain), slope) for chain in chains]
    rows = [row for row in rows if row.height >= _SMALLEST_PX]
    if not rows:
        return []
    _share_out(parts, rows)
    for row in rows:
        row.pieces.sort(key=lambda piece: piece.middle[1])
    return sorted(rows, key=lambda row: _level(row.pieces, slope))


def _links(bodies: list[Piece]) -> dict[int, int]:
    """Return the right neighbour of each piece that has one, as index → index.

    The nearest pairs are linked first, each piece to one on each side; a step up or down counts
    three times a step to the right, so that a row may wave.
    """
    down, right = np.array([piece.middle for piece in bodies]).T
    heights = np.array([piece.height for piece in bodies], np.float64)
    lefts, rights = np.array([(piece.left, piece.right) for piece in bodies]).T
    pairs: list[tuple[float, int, int]] = []
    for index, height in enumerate(heights):
        dy, dx = np.abs(down - down[index]), right - right[index]
        mean = (heights + height) / 2
        distance = (dx + _STEEP_COUNTS * dy) / mean
        most = np.where(lefts - rights[index] < _CLOSE * mean, _CLOSE_HEIGHTS, _NEAR_HEIGHTS)
        near = (dx > 0) & (dx > dy / 2) & (distance < most)
        near &= np.minimum(heights, height) >= _ALIKE * np.maximum(heights, height)
        pairs += [(float(distance[other]), index, int(other)) for other in np.flatnonzero(near)]
    links: dict[int, int] = {}
    taken: set[int] = set()
    for _, index, other in sorted(pairs):
        if index not in links and other not in taken:
            links[index] = other
            taken.add(other)
    return links


def _common_slope(chains: list[list[Piece]]) -> float:
    """Return the slope that fits all chains best: least squares, each about its own middle.

    A ridge draws it to 0 where the chains are too short to tell a slope from digits' own heights.
    """
    down_right = 0.0
    height = usual_height([piece for chain in chains for piece in chain])
    right_right = (_RIDGE_HEIGHTS * height) ** 2
    for chain in chains:
        down, right = np.array([piece.middle for piece in chain]).T
        right = right - right.mean()
        down_right += float((right * down).sum())
        right_right += float((right**2).sum())
    return float(np.clip(down_right / right_right, -_STEEPEST, _STEEPEST))


def _chains(bodies: list[Piece], links: dict[int, int]) -> list[list[Piece]]:
    chains = []
    for first in set(range(len(bodies))) - set(links.values()):
        chain = [bodies[first]]
        while first in links:
            first = links[first]
            chain.append(bodies[first])
        chains.append(chain)
    return sorted(chains, key=lambda chain: (chain[0].left, chain[0].top))


def _joined(chains: list[list[Piece]], slope: float) -> list[list[Piece]]:
    """Join chains that continue one another on the same level across a wide gap."""
    joined: list[list[Piece]] = []
    for chain in chains:
        start = _level_band(chain[:_MEMORY], slope)
        best, best_gap = None, np.inf
        for other in joined:
            gap = chain[0].left - other[-1].right
            if -_TUCK * chain[0].height <= gap < best_gap and (
                _overlap(start, _level_band(other[-_MEMORY:], slope)) > _SAME_LEVEL
            ):
                best, best_gap = other, gap
        if best is None:
            joined.append(list(chain))
        else:
            best += chain
    return joined


def _absorbed(chains: list[list[Piece]], slope: float) -> list[list[Piece]]:
    """Give chains that lie within a longer row, as the lower half of a broken digit does, to it."""
    rows: list[list[Piece]] = []
    for chain in sorted(chains, key=lambda chain: -sum(piece.height for piece in chain)):
        middle = float(np.mean([piece.middle[1] for piece in chain]))
        band = _level_band(chain, slope)
        for row in rows:
            # Other broken halves would make the row look lower than it is.
            least = _FULL * _row_height(row)
            whole = [piece for piece in row if piece.height >= least]
            near = sorted(whole, key=lambda piece: abs(piece.middle[1] - middle))[:_MEMORY]
            reach = _row_height(near)
            beside = row[0].left - reach < middle < row[-1].right + reach
            if beside and _overlap(band, _level_band(near, slope)) > _WITHIN:
                row += chain
                row.sort(key=lambda piece: piece.middle[1])
                break
        else:
            rows.append(list(chain))
    return rows


def _level_band(pieces: list[Piece], slope: float) -> tuple[float, float]:
    """Return the mean upper and lower edge of pieces, as if their row ran level."""
    shifts = [slope * piece.middle[1] for piece in pieces]
    tops = [piece.top - shift for piece, shift in zip(pieces, shifts, strict=True)]
    bottoms = [piece.bottom - shift for piece, shift in zip(pieces, shifts, strict=True)]
    return float(np.mean(tops)), float(np.mean(bottoms))


def _overlap(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return which share of the lower of two bands both have in common."""
    common = min(first[1], second[1]) - max(first[0], second[0])
    return common / max(min(first[1] - first[0], second[1] - second[0]), 1.0)


def _row_height(chain: list[Piece]) -> float:
    return float(np.median([piece.height for piece in chain]))


def _share_out(parts: list[Piece], rows: list[Row]) -> None:
    """Add each part to the row whose nearest piece it lies beside, if one is near enough."""
    owners = [(row, piece) for row in rows for piece in row.pieces]
    edges = np.array([(p.left, p.right, p.top, p.bottom) for _, p in owners], np.float64)
    heights = np.array([row.height for row, _ in owners])
    for part in parts:
        left, right, top, bottom = edges.T
        across = np.maximum(np.maximum(left - part.right, part.left - right), 0)
        down = np.maximum(np.maximum(top - part.bottom, part.top - bottom), 0)
        distance = np.hypot(across, _DOWN_COUNTS * down) / heights
        nearest = int(distance.argmin())
        if distance[nearest] < _REACH:
            owners[nearest][0].pieces.append(part)


def _level(pieces: list[Piece], slope: float) -> float:
    return float(np.mean([piece.middle[0] - slope * piece.middle[1] for piece in pieces]))
