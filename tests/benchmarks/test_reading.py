"""What the benchmark of reading counts as right, as wrong, and as a digit where there is none."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest

from thumbnet.datasets.scene_kinds import CLEAN_KINDS, HARD_KINDS, KINDS
from thumbnet.errors import DataError


@pytest.fixture
def counting() -> ModuleType:
    return importlib.import_module("reading_score")


@pytest.fixture
def made() -> ModuleType:
    return importlib.import_module("reading_made")


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        *[("", "", 0), ("123", "123", 0), ("123", "", 3), ("", "12", 2), ("1234", "124", 1)],
        *[("1234", "1934", 1), ("12", "21", 2), ("7739885", "773988", 1), ("123", "456", 3)],
    ],
)
def test_edit_distance_counts_changes(
    counting: ModuleType, first: str, second: str, distance: int
) -> None:
    assert counting.edit_distance(first, second) == distance
    assert counting.edit_distance(second, first) == distance


@pytest.mark.parametrize(
    ("truth", "got", "edits", "right"),
    [
        (["12", "345"], ["12", "345"], 0, 2),
        (["12", "345"], ["345"], 2, 1),
        (["12", "345"], ["9", "12", "345"], 1, 2),
        (["12", "345"], ["12345"], 4, 0),
        (["12", "345"], ["345", "12"], 4, 1),
        (["12"], [], 2, 0),
        ([], ["7"], 1, 0),
    ],
)
def test_rows_are_aligned_in_their_order(
    counting: ModuleType, truth: list[str], got: list[str], edits: int, right: int
) -> None:
    assert counting.compare_rows(truth, got) == (edits, right)


def test_refusals_are_errors_within_a_row_and_nothing_alone(counting: ModuleType) -> None:
    one = counting.score(["138"], ["1?8", "??"])
    assert (one.edits, one.rows_right, one.photos_right) == (1, 0, 0)
    assert counting.score(["138"], ["?", "138"]).photos_right == 1
    assert counting.score([], ["?", "??"]).photos_right == 1


def test_digits_where_there_are_none_are_false(counting: ModuleType) -> None:
    one = counting.score([], ["1?7", "?"])
    assert (one.false_digits, one.photos_right, one.rows) == (2, 0, 0)
    assert counting.score(["1"], ["1", "77"]).false_digits == 0


def test_other_signs_count_where_there_are_no_digits(counting: ModuleType) -> None:
    assert counting.score([], [], others=4).others == 4
    assert counting.score(["1"], ["1"], others=4).others == 0


def test_scores_add_up(counting: ModuleType) -> None:
    total = counting.score(["12"], ["12"], 0.5) + counting.score(["34"], ["35"], 1.0)
    assert total == counting.Score(2, 1, 2, 1, 4, 1, 0, 1.5, 0)


@pytest.mark.parametrize(
    ("successes", "num", "low", "high"),
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)],
)
def test_interval_is_wilsons(
    counting: ModuleType, successes: int, num: int, low: float, high: float
) -> None:
    assert counting.wilson(successes, num) == pytest.approx((low, high), abs=5e-5)


def test_interval_of_nothing_is_everything(counting: ModuleType) -> None:
    assert counting.wilson(0, 0) == (0.0, 1.0)


def test_kinds_may_be_named_in_groups(made: ModuleType) -> None:
    assert made.parse_kinds("all") == tuple(KINDS)
    assert made.parse_kinds("touching,clean") == ("touching", *CLEAN_KINDS)
    assert set(made.parse_kinds("clean,hard")) == {*CLEAN_KINDS, *HARD_KINDS}
    with pytest.raises(DataError, match=r"got: lines\n.*did you mean 'lined'"):
        made.parse_kinds("plain,lines")


def test_seeds_are_a_number_or_two(made: ModuleType) -> None:
    assert list(made.parse_seeds("4")) == [4]
    assert list(made.parse_seeds("4-6")) == [4, 5, 6]
    for text in ("", "a-b", "-3", "1-b"):
        with pytest.raises(DataError, match="these are no seeds"):
            made.parse_seeds(text)
