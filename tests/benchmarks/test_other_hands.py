"""Digits of other people: how they are enlarged, and how the table shows the results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from other_hands import DIGITS, ENLARGED, HEIGHT_PX, INK, PAPER, ROWS, compose_page, enlarge
from other_hands_tables import other_hands


def test_a_digit_of_blocks_becomes_a_stroke_with_edges() -> None:
    blocks = np.zeros((8, 8))
    blocks[1:7, 3:5] = 16
    digit = enlarge(blocks)
    assert digit.shape == (10 * ENLARGED, 10 * ENLARGED)
    # Two blocks wide and six high, where the picture is darker than its half.
    inked = digit > 0.5
    assert abs(np.ptp(np.flatnonzero(inked.any(0))) + 1 - 2 * ENLARGED) <= 2
    assert abs(np.ptp(np.flatnonzero(inked.any(1))) + 1 - 6 * ENLARGED) <= 2
    assert (digit.min(), digit.max()) == (0, 1)


def test_a_page_has_its_rows_in_dark_ink_and_repeats_with_its_seed() -> None:
    digits = np.zeros((2, 10 * ENLARGED, 10 * ENLARGED))
    digits[0, 10:60, 20:26] = 1
    digits[1, 10:60, 20:50] = 1
    page, rows = compose_page(digits, np.array([1, 8]), np.random.default_rng(3))
    again, same = compose_page(digits, np.array([1, 8]), np.random.default_rng(3))
    assert (page == again).all()
    assert rows == same
    assert len(rows) == ROWS
    assert all(DIGITS[0] <= len(row) <= DIGITS[1] and set(row) <= {"1", "8"} for row in rows)
    assert abs(int(np.median(page)) - PAPER) < 3
    dark = page < (INK + PAPER) / 2
    # Each row has its ink in a band of its own.
    bands = dark.reshape(ROWS, 2 * HEIGHT_PX, -1).any((1, 2))
    assert bands.all()


def test_the_table_shows_shares_intervals_and_the_hardest_digits(tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    assert other_hands("en", result) == "*Not measured yet.*"
    by_digit = {str(digit): 1.0 for digit in range(10)} | {"4": 0.9, "9": 0.875, "1": 0.95}
    facts = {
        "alone": {
            "digits": 1797,
            "accuracy": 0.978,
            "accuracy_interval": [0.97, 0.984],
            "refused": 0.013,
            "accuracy_by_digit": by_digit,
        },
        "rows": {
            "rows": 600,
            "rows_right": 0.9,
            "rows_right_interval": [0.87, 0.92],
            "wrong_digits": 0.02,
        },
    }
    result.write_text(json.dumps(facts), encoding="utf-8")
    table = other_hands("en", result)
    assert "| 1,797 digits, 600 rows | |" in table
    assert "| one by one: right | 97.8% [97.0, 98.4] |" in table
    assert "| of which least | 9: 87.5%, 4: 90.0%, 1: 95.0% |" in table
    assert "| 行中的错误数字 | 2.0% |" in other_hands("zh", result)
