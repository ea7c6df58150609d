from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])
HARDWARE = {"processor": "Abacus 3", "cores": 2, "threads": 2, "memory_gib": 8.0}


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    module = importlib.import_module("record_tables")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    return module


@pytest.fixture
def speeds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    module = importlib.import_module("speed_tables")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    return module


def write_record(
    folder: Path, name: str, accuracies: list[float], train_s: float, **changes: Any
) -> None:
    content = importlib.import_module("record_content")
    clocks = {"train_s": train_s, "evaluated_s": train_s + 0.5, "cold_s": train_s + 8}
    record = {
        "name": name,
        "finished": "2030-01-02T03:04:05+00:00",
        "seeds": [{}] * len(accuracies),
        "summary": {
            "accuracy": content.summarise(accuracies),
            **{clock: content.summarise([value] * 2) for clock, value in clocks.items()},
        },
        "recipe": {"threads": None},
        "precision": "fp32",
        "percent_of_ceiling": 41.6,
        "gemm_ceiling_gflop_per_s": 191.4,
        "code": {"version": "1.0", "source_sha256": "0123456789"},
        "libraries": {"torch": "2.0", "python": "3.11"},
        "hardware": HARDWARE,
    }
    (folder / f"{name}.json").write_text(json.dumps(record | changes), encoding="utf-8")


def cells(table: str, name: str) -> list[str]:
    line = next(line for line in table.splitlines() if line.startswith(f"| `{name}` |"))
    return [cell.strip() for cell in line.split("|")[1:-1]]


@LANGUAGES
def test_nothing_measured_is_said(tables: ModuleType, speeds: ModuleType, language: str) -> None:
    none = tables.WORDS[language]["none"]
    assert tables.first_screen(language) == ""
    for maker in (tables.full_table, tables.targets, tables.machines, tables.ratio):
        assert maker(language) == none
    assert speeds.tutorial_loop(language) == speeds.scaling(language) == none


@LANGUAGES
def test_first_screen_has_the_measured_rows_and_the_processor(
    tables: ModuleType, tmp_path: Path, language: str
) -> None:
    write_record(tmp_path, "mnist-sprint", [0.990, 0.991] * 10, 1.9)
    write_record(tmp_path, "mnist", [0.994] * 5, 18.0)
    table = tables.first_screen(language)
    assert [line[:16] for line in table.splitlines()[2:4]] == [
        "| `mnist-sprint`",
        "| `mnist` | **99",
    ]
    assert cells(table, "mnist-sprint")[1].startswith("**99.05 ± 0.05 %**")
    assert cells(table, "mnist-sprint")[2] == "1.90 ± 0.00 s"
    assert "20" in cells(table, "mnist-sprint")[1]
    assert "Abacus 3" in table
    assert "cifar10" not in table


@LANGUAGES
def test_full_table_has_interval_clocks_and_ceiling(
    tables: ModuleType, tmp_path: Path, language: str
) -> None:
    write_record(tmp_path, "mnist-fast", [0.995, 0.996], 14.0)
    write_record(tmp_path, "cifar10-reference", [0.93], 300.0, percent_of_ceiling=None)
    table = tables.full_table(language)
    row = cells(table, "mnist-fast")
    assert row[1] == "**99.55 ± 0.07 %** [98.91, 100.19]"
    assert row[2] in ("2 of 10", "2/10")
    assert row[3:] == ["14.0 ± 0.0 s", "14.5 ± 0.0 s", "22.0 ± 0.0 s", "42 %"]
    assert cells(table, "cifar10-reference")[1:3] == ["**93.00 %**", "1"]
    assert cells(table, "cifar10-reference")[-1] == "—"
    assert len({line.count("|") for line in table.splitlines()}) == 1


def test_views_have_a_column_only_where_a_recipe_has_some(
    tables: ModuleType, tmp_path: Path
) -> None:
    write_record(tmp_path, "mnist", [0.994] * 5, 18.0)
    assert "views" not in tables.full_table("en")
    views = {"threads": None, "views": {"mirror": True, "shift_px": 1}}
    write_record(tmp_path, "cifar10-best", [0.94] * 3, 900.0, recipe=views)
    table = tables.full_table("en")
    assert cells(table, "cifar10-best")[-1] == "6"
    assert cells(table, "mnist")[-1] == "1"
    assert len({line.count("|") for line in table.splitlines()}) == 1


def test_missed_targets_say_by_how_much(tables: ModuleType, tmp_path: Path) -> None:
    write_record(tmp_path, "mnist-sprint", [0.989] * 20, 2.5)
    row = cells(tables.targets("en"), "mnist-sprint")
    assert row[1:3] == ["≥ 99.00 %", "no, 98.90 %: falls short by 0.10 points"]
    assert row[3:] == ["≤ 2 s", "no, 2.50 s: 0.50 s too long"]


def test_hair_that_is_missing_does_not_round_away(tables: ModuleType, tmp_path: Path) -> None:
    write_record(tmp_path, "mnist-best", [0.99699] * 5, 500.0)
    assert "falls short by 0.0010 points" in tables.targets("en")


def test_held_targets_say_yes(tables: ModuleType, tmp_path: Path) -> None:
    write_record(tmp_path, "mnist-sprint", [0.990] * 20, 2.0)
    row = cells(tables.targets("en"), "mnist-sprint")
    assert (row[2], row[4]) == ("yes, 99.00 %", "yes, 2.00 s")
    write_record(tmp_path, "mnist", [0.994] * 5, 18.0)
    assert cells(tables.targets("en"), "mnist")[1:3] == ["—", "—"]


@LANGUAGES
def test_ratio_needs_both_on_one_machine(tables: ModuleType, tmp_path: Path, language: str) -> None:
    write_record(tmp_path, "cifar10-best", [0.941] * 3, 900.0)
    assert tables.ratio(language) == tables.WORDS[language]["none"]
    assert "`cifar10-reference`" in cells(tables.targets(language), "cifar10-best")[4]
    write_record(tmp_path, "cifar10-reference", [0.93], 1800.0)
    assert "**0.50**" in tables.ratio(language)
    assert "94.10 ± 0.00 %" in tables.ratio(language)
    other = HARDWARE | {"processor": "other"}
    write_record(tmp_path, "cifar10-reference", [0.93], 1800.0, hardware=other)
    assert "0.50" not in tables.ratio(language)


@LANGUAGES
def test_machine_and_versions_are_named(tables: ModuleType, tmp_path: Path, language: str) -> None:
    write_record(tmp_path, "mnist", [0.994] * 5, 18.0)
    table = tables.machines(language)
    assert cells(table, "mnist")[1:] == [
        *("Abacus 3", "2", "2", "8.0 GiB", "fp32", "191 GFLOP/s", "2.0", "3.11"),
        *("1.0, `01234567`", "2030-01-02"),
    ]
    assert len({line.count("|") for line in table.splitlines()}) == 1


def test_usual_loop_counts_its_better_number_of_workers(speeds: ModuleType, tmp_path: Path) -> None:
    rounds = [
        {"usual_s": {"0": 9.0, "2": 6.0}, "ours_s": 2.0},
        {"usual_s": {"0": 8.0, "2": 12.0}, "ours_s": 2.0},
    ]
    rows = [{"recipe": "mnist", "ratio": 3.5, "rounds": rounds}]
    result = {"images": 15000, "rows": rows, "hardware": HARDWARE}
    (tmp_path / "tutorial_loop.json").write_text(json.dumps(result))
    table = speeds.tutorial_loop("en")
    assert cells(table, "mnist")[1:] == ["6.0 s", "2.0 s", "**3.50×** (3.00 to 4.00)"]
    assert cells(speeds.tutorial_loop("zh"), "mnist")[-1] == "**3.50×** (3.00–4.00)"
    assert "15,000 images, on Abacus 3: times of the fastest of 2 rounds" in table


def test_sizes_that_need_too_much_are_marked(speeds: ModuleType, tmp_path: Path) -> None:
    common = {"kind": "images", "epoch_s": 0.5, "num_steps": 300}
    sizes = {"dataset_bytes": 2**23, "expected_bytes": 2**28}
    fits = {"num_images": 1000, "extrapolated": False, "measured_bytes": 2**27, "ratio": 0.5}
    over = {"num_images": 2000, "extrapolated": True, "measured_bytes": 2**29, "ratio": 2.0}
    held_out = common | sizes | over | {"kind": "validation", "measured_bytes": 2**30}
    points = [common | sizes | fits, common | sizes | over, held_out]
    (tmp_path / "scaling.json").write_text(json.dumps({"quick": False, "points": points}))
    table = speeds.scaling("en")
    assert "| 1,000 | 8.0 MiB | 0.5 s | 128 MiB | 256 MiB | 50 % |" in table
    assert "| 2,000 | 8.0 MiB | 0.5 s* | 512 MiB | 256 MiB | 200 % **over** |" in table
    assert "300 steps were timed" in table
    assert "2,000 images need 1,024 MiB in place of 512 MiB" in table
    assert "(../images/scaling.svg)" in speeds.scaling("zh")
