"""How a reading is compared with what a photo says, and what is counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

REFUSED = "?"  # what a reader says of a sign that it does not take for a digit


@dataclass(frozen=True)
class Score:
    """How one photo, or many, were read.

    Attributes:
        photos: number of photos.
        photos_right: of which nothing is wrong.
        rows: number of rows of digits that are there.
        rows_right: that were read exactly.
        digits: number of digits that are there.
        edits: digits to change, add or remove until the rows are right.
        false_digits: read on photos that show none.
        time_s: spent on reading.
        others: other signs on photos that show no digits, such as letters and drawings.
    """

    photos: int = 0
    photos_right: int = 0
    rows: int = 0
    rows_right: int = 0
    digits: int = 0
    edits: int = 0
    false_digits: int = 0
    time_s: float = 0.0
    others: int = 0

    def __add__(self, other: Score) -> Score:
        """Return the score of both."""
        return Score(
            *(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True))
        )


def score(truth: Sequence[str], got: Sequence[str], time_s: float = 0.0, others: int = 0) -> Score:
    """Compare the rows of one photo with the rows that were read.

    A row of nothing but refusals says nothing, and is left out; a refusal within a row is an error.
    """
    rows = [row for row in got if row.strip(REFUSED)]
    edits, rows_right = compare_rows(truth, rows)
    read = sum(character != REFUSED for row in rows for character in row)
    return Score(
        1,
        int(list(truth) == rows),
        len(truth),
        rows_right,
        sum(map(len, truth)),
        edits,
        0 if truth else read,
        time_s,
        0 if truth else others,
    )


def compare_rows(truth: Sequence[str], got: Sequence[str]) -> tuple[int, int]:
    """Align rows in their order; return the least edits, and the most rows exactly right with them.

    A missing row costs its digits, and so does one too many.
    """
    # best[j]: edits, and minus the rows right, of the rows so far against the first j of got.
    best = [(sum(map(len, got[:count])), 0) for count in range(len(got) + 1)]
    for row in truth:
        before, best = best, [(best[0][0] + len(row), best[0][1])]
        for count, other in enumerate(got):
            edits, right = before[count]
            best.append(
                min(
                    (edits + edit_distance(row, other), right - (row == other)),
                    (before[count + 1][0] + len(row), before[count + 1][1]),
                    (best[count][0] + len(other), best[count][1]),
                )
            )
    return best[-1][0], -best[-1][1]


def edit_distance(first: str, second: str) -> int:
    """Return Levenshtein's distance: characters to change, add or remove."""
    costs = list(range(len(second) + 1))
    for index, one in enumerate(first, 1):
        diagonal, costs[0] = costs[0], index
        for place, other in enumerate(second, 1):
            changed = diagonal + (one != other)
            diagonal = costs[place]
            costs[place] = min(changed, costs[place] + 1, costs[place - 1] + 1)
    return costs[-1]


def wilson(successes: int, num: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, 1927); (0, 1) of nothing."""
    if num == 0:
        return 0.0, 1.0
    z = 1.959964
    share, spread = successes / num, z * z / num
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / num + spread / num / 4) / (1 + spread)
    return max(centre - half, 0.0), min(centre + half, 1.0)
