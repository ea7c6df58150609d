"""The scripts that were written without knowledge of the rules, see ``benchmarks/doctor.py``."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from thumbnet.inspection.doctor.script import inspect_script

FOLDER = Path(__file__).parents[1] / "doctor_scripts"
MANIFEST = tomllib.loads((FOLDER / "manifest.toml").read_text(encoding="utf-8"))
CLEAN = [name for name, entry in MANIFEST.items() if not entry["codes"]]


def test_corpus_is_as_large_as_was_promised() -> None:
    assert len(MANIFEST) >= 40
    assert 0.4 <= len(CLEAN) / len(MANIFEST) <= 0.6


@pytest.mark.parametrize("name", CLEAN)
def test_no_false_alarm_in_a_clean_script(name: str) -> None:
    assert inspect_script(FOLDER / name) == []


def test_nine_of_ten_mistakes_are_found_and_nothing_else() -> None:
    expected = {(name, code) for name, entry in MANIFEST.items() for code in entry["codes"]}
    found = {(name, finding.code) for name in MANIFEST for finding in inspect_script(FOLDER / name)}
    assert len(expected & found) >= 0.9 * len(expected)
    assert found - expected == set()
