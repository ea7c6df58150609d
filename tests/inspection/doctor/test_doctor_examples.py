"""Whole scripts in the styles of many authors and frameworks, with a mistake or without.

They lie in ``examples/<code>/``, and in ``examples/clean/`` those that are right. They are text
files, because they are nobody's code to format or run.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from doctor_cases import codes

EXAMPLES = Path(__file__).parent / "examples"
CLEAN = sorted((EXAMPLES / "clean").glob("*.txt"))
WITH_MISTAKE = sorted(path for path in EXAMPLES.glob("*/*.txt") if path.parent.name != "clean")


def test_there_are_examples_of_both_kinds() -> None:
    assert len(CLEAN) >= 35
    assert len(WITH_MISTAKE) >= 50


@pytest.mark.parametrize("path", CLEAN, ids=[path.stem for path in CLEAN])
def test_right_script_is_left_alone(path: Path) -> None:
    assert codes(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    "path", WITH_MISTAKE, ids=[f"{path.parent.name}-{path.stem}" for path in WITH_MISTAKE]
)
def test_mistake_is_found_and_nothing_else(path: Path) -> None:
    assert codes(path.read_text(encoding="utf-8")) == {path.parent.name}
