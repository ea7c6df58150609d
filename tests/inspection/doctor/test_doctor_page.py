from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

import pytest

from thumbnet.inspection.doctor.words import CATALOGUE

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "benchmarks" / "results" / "doctor"


@pytest.fixture(params=["doctor.md", "zh/doctor.md"])
def page(request: pytest.FixtureRequest) -> str:
    return (ROOT / "docs" / request.param).read_text(encoding="utf-8")


def result(name: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return values


def rows(page: str) -> list[list[str]]:
    """Return the cells of every row of every table, as the numbers in them."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    return [re.findall(r"\d[\d,.]*", line) for line in lines]


def test_page_has_a_row_for_every_code_and_no_other(page: str) -> None:
    named = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    assert named == {key.partition("/")[0] for key in CATALOGUE}


def test_figures_of_wrong_labels_are_those_of_the_committed_results(page: str) -> None:
    trials = result("labels")["trials"]
    for count in (3_000, 60_000):
        chosen = [trial for trial in trials if trial["num_images"] == count]

        def mean(key: str, of: list[dict[str, Any]] = chosen) -> float:
            return statistics.fmean(trial[key] for trial in of)

        expected = [
            f"{count:,}",
            str(len(chosen)),
            f"{100 * mean('recall'):.1f}",
            f"{100 * mean('precision'):.1f}",
            f"{100 * mean('precision_of_first_50'):.0f}",
            f"{mean('auroc'):.3f}",
        ]
        assert expected in rows(page)
