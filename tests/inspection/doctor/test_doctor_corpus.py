"""The scripts that were written without knowledge of the rules, see ``benchmarks/doctor.py``."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from thumbnet.inspection.doctor.script import inspect_script

FOLDERS = sorted((Path(__file__).parents[1] / "doctor_scripts").iterdir())
MANIFESTS = {
    folder: tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    for folder in FOLDERS
}
CLEAN = [
    folder / name
    for folder, manifest in MANIFESTS.items()
    for name, entry in manifest.items()
    if not entry["codes"]
]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_script_is_in_the_manifest_and_half_are_clean(folder: Path) -> None:
    manifest = MANIFESTS[folder]
    assert sorted(manifest) == sorted(path.name for path in folder.glob("*.py"))
    assert len(manifest) >= 40
    assert sum(path.parent == folder for path in CLEAN) == len(manifest) / 2


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.stem)
def test_no_false_alarm_in_a_clean_script(path: Path) -> None:
    assert inspect_script(path) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_nine_of_ten_mistakes_are_found_and_nothing_else(folder: Path) -> None:
    manifest = MANIFESTS[folder]
    expected = {(name, code) for name, entry in manifest.items() for code in entry["codes"]}
    found = {(name, finding.code) for name in manifest for finding in inspect_script(folder / name)}
    assert len(expected & found) >= 0.9 * len(expected)
    assert found - expected == set()
