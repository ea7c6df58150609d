from __future__ import annotations

import pytest
import torch

from thumbnet.inspection.evidence_place import (
    HALVES,
    QUARTERS,
    EvidencePlace,
    ink_box,
    locate_evidence,
)

CORNERS = {
    "upper-left": (slice(0, 4), slice(0, 4)),
    "upper-right": (slice(0, 4), slice(4, 8)),
    "lower-left": (slice(4, 8), slice(0, 4)),
    "lower-right": (slice(4, 8), slice(4, 8)),
    "middle": (slice(2, 6), slice(2, 6)),
    "upper-half": (slice(0, 4), slice(0, 8)),
    "lower-half": (slice(4, 8), slice(0, 8)),
    "left-half": (slice(0, 8), slice(0, 4)),
    "right-half": (slice(0, 8), slice(4, 8)),
}


@pytest.mark.parametrize("part", QUARTERS + HALVES)
def test_part_that_holds_everything_is_named(part: str) -> None:
    evidence = torch.zeros(8, 8)
    rows, columns = CORNERS[part]
    evidence[rows, columns] = 1.0
    assert locate_evidence(evidence) == EvidencePlace(part, 1.0)


def test_share_is_of_what_is_above_zero() -> None:
    evidence = torch.full((4, 4), -5.0)
    evidence[0, 0], evidence[3, 3], evidence[0, 3] = 3.0, 1.0, 1.0
    assert locate_evidence(evidence) == EvidencePlace("upper-left", pytest.approx(0.6))


def test_evidence_without_a_place_is_spread_or_none() -> None:
    assert locate_evidence(torch.ones(6, 6)) == EvidencePlace("spread", 1.0)
    assert locate_evidence(-torch.ones(6, 6)) == EvidencePlace("none", 0.0)
    assert locate_evidence(torch.zeros(6, 6)) == EvidencePlace("none", 0.0)


def test_quarter_needs_more_than_half_of_it_and_a_half_more_than_two_thirds() -> None:
    evidence = torch.zeros(4, 4)
    evidence[0, 0], evidence[0, 3], evidence[3, 0] = 0.49, 0.18, 0.33
    assert locate_evidence(evidence).part == "left-half"
    evidence[0, 0], evidence[0, 3], evidence[3, 0], evidence[3, 3] = 0.45, 0.21, 0.21, 0.13
    assert locate_evidence(evidence).part == "spread"
    evidence[0, 0], evidence[0, 3] = 0.51, 0.15
    assert locate_evidence(evidence).part == "upper-left"


def test_middle_row_of_an_odd_side_belongs_to_both_halves() -> None:
    evidence = torch.zeros(3, 3)
    evidence[1, 0] = 1.0
    assert locate_evidence(evidence) == EvidencePlace("left-half", 1.0)
    evidence[0, 0] = 0.25
    assert locate_evidence(evidence) == EvidencePlace("upper-left", 0.6)


def test_parts_are_those_of_the_box() -> None:
    evidence = torch.zeros(10, 10)
    evidence[5, 5], evidence[0, 0] = 1.0, 100.0
    assert locate_evidence(evidence, (5, 5, 9, 9)) == EvidencePlace("upper-left", 1.0)


def test_ink_box_is_around_what_is_bright() -> None:
    seen = torch.zeros(28, 28, dtype=torch.uint8)
    assert ink_box(seen) is None
    seen[3:9, 10:12] = 200
    seen[9, 9] = 31
    assert ink_box(seen) == (3, 10, 9, 12)
