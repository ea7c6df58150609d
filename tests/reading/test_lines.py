"""What a row as a whole says of its digits."""

from __future__ import annotations

import numpy as np
import pytest

from thumbnet.reading.lines import believable, with_company
from thumbnet.reading.result import Box, Digit, Line


def digit(
    label: str,
    probability: float = 0.99,
    score: float = 0.98,
    diagnosis: tuple[str, ...] = (),
) -> Digit:
    refused = "not-a-digit" in diagnosis or "two-digits" in diagnosis
    return Digit(
        text="?" if refused else label,
        box=Box(0, 0, 10, 20),
        label=label,
        probability=probability,
        score=score,
        probabilities={label: probability},
        refused=refused,
        seen=np.zeros((28, 28), np.uint8),
        diagnosis=diagnosis,
    )


def text(digits: list[Digit]) -> str:
    return "".join(each.text for each in digits)


SURE = [digit("1"), digit("2"), digit("3")]
ODD = digit("4", 0.7, 0.1, ("not-a-digit", "too-thin"))


def test_what_is_refused_among_digits_is_read_and_said_to_be_unsure() -> None:
    found = with_company([*SURE, ODD], 0.0)
    assert text(found) == "1234"
    assert not found[3].refused
    assert found[3].diagnosis == ("among-digits", "too-thin")
    assert found[3].probability == 0.7
    assert found[:3] == SURE


@pytest.mark.parametrize(
    "odd",
    [
        digit("4", 0.4, 0.1, ("not-a-digit",)),  # two digits alike
        digit("4", 0.9, 0.001, ("not-a-digit",)),  # nothing at all
        digit("4", 0.9, 0.1, ("two-digits",)),
    ],
)
def test_what_is_no_single_digit_stays_refused(odd: Digit) -> None:
    assert text(with_company([*SURE, odd], 0.0)) == "123?"


def test_it_takes_company() -> None:
    assert text(with_company([*SURE[:2], ODD], 0.0)) == "12?"
    assert text(with_company([*SURE, ODD, ODD], 0.0)) == "123??"


def test_less_certain_than_was_asked_for_stays_refused() -> None:
    assert text(with_company([*SURE, ODD], 0.8)) == "123?"


def row(text: str, score: float = 0.98) -> Line:
    return Line(tuple(digit(label, score=score) for label in text))


LIKE, UNLIKE = [20.0], [9.0, 41.0]


@pytest.mark.parametrize(
    ("line", "num_others"),
    [
        (row("1"), 2),  # alone in the picture
        (row("5"), 2),
        (row("1171"), 4),  # strokes, as letters have
        (row("52", 0.5), 8),
    ],
)
def test_digits_beside_much_that_is_none_are_not_believed(line: Line, num_others: int) -> None:
    assert believable([line], LIKE * num_others, None) == (line,)
    assert believable([line], LIKE * (num_others + 1), None) == ()
    # What is far smaller or larger is grain or furniture.
    assert believable([line], UNLIKE * 50, None) == (line,)
    # Whoever says how many digits there are knows better.
    assert believable([line], LIKE * 50, len(line.digits)) == (line,)


def test_several_certain_digits_are_believed_anywhere() -> None:
    assert believable([row("590")], LIKE * 1000, None) == (row("590"),)
    assert believable([row("590", 0.7)], LIKE * 1000, None) == ()


def test_a_single_digit_is_believed_beside_rows_of_others() -> None:
    lines = [row("2348"), row("1")]
    assert believable(lines, LIKE * 4, None) == tuple(lines)
    assert believable(lines, LIKE * 5, None) == (lines[0],)
