"""What a row as a whole says of its digits."""

from __future__ import annotations

import numpy as np
import pytest

from thumbnet.reading.lines import with_company
from thumbnet.reading.result import Box, Digit


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
