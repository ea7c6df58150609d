from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def scaling() -> ModuleType:
    return importlib.import_module("scaling")


def values(measured_bytes: int) -> dict[str, Any]:
    return {
        "num_steps": 8,
        "extrapolated": False,
        "images_per_s": 1000.0,
        "epoch_s": 1.0,
        "measured_bytes": measured_bytes,
    }


def test_bound_is_the_images_once_and_what_a_small_run_needs(scaling: ModuleType) -> None:
    point = scaling.Point("images", 100_000)
    base = values(200_000_000)
    row = scaling.with_bound(point, values(300_000_000), base)
    assert row["dataset_bytes"] == 78_400_000
    assert row["expected_bytes"] == 101_920_000 + 200_000_000 - 784_000
    assert row["ratio"] == pytest.approx(300_000_000 / row["expected_bytes"])


def test_second_copy_of_many_images_is_over_the_bound(scaling: ModuleType) -> None:
    point, base = scaling.Point("images", 1_000_000), 230_000_000
    once, twice = (base + copies * scaling.dataset_bytes(1_000_000) for copies in (1, 2))
    assert scaling.with_bound(point, values(once), values(base))["ratio"] < 1
    assert scaling.with_bound(point, values(twice), values(base))["ratio"] > scaling.NOISE


def test_base_has_a_whole_batch_of_the_same_size(scaling: ModuleType) -> None:
    base = scaling.base_point(scaling.Point("batch_size", 10_000, 2048, 1))
    assert (base.num_images, base.batch_size, base.threads) == (2048, 2048, 1)
    assert scaling.base_point(scaling.Point("images", 10**6)).num_images == 1000


def test_points_cover_sizes_batches_and_threads(scaling: ModuleType) -> None:
    points = scaling.all_points(quick=False)
    of = {kind: [p for p in points if p.kind == kind] for kind in ("images", "batch_size")}
    assert [p.num_images for p in of["images"]] == [10**3, 10**4, 10**5, 10**6]
    assert [p.batch_size for p in of["batch_size"]] == [2**n for n in range(5, 12)]
    assert {p.threads for p in points} == {1, 2}
    assert len(scaling.all_points(quick=True)) < len(points)


@pytest.mark.parametrize("max_steps", [3, 11])
def test_longer_epoch_is_computed_from_the_steps_timed(
    scaling: ModuleType, monkeypatch: pytest.MonkeyPatch, max_steps: int
) -> None:
    monkeypatch.setattr(scaling, "MAX_TIME_S", float("inf"))  # however slow the machine is
    measured = scaling.measure_here(scaling.Point("images", 70, batch_size=8), max_steps)
    assert measured["num_steps"] == max_steps
    assert measured["num_steps_of_epoch"] == 9
    assert measured["extrapolated"] == (max_steps < 9)
    assert measured["epoch_s"] >= 70 / measured["images_per_s"]


def test_failed_point_says_why(scaling: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "__file__", "/there/is/no/such/script.py")
    with pytest.raises(SystemExit, match=r"Point\(kind='images'.* failed:\n.*script\.py"):
        scaling.measure(scaling.Point("images", 123), 1)


def test_result_and_figure_are_written_and_too_much_memory_fails(
    scaling: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def measure(point: Any, _max_steps: int) -> dict[str, Any]:
        return values(10**8 + 3 * scaling.dataset_bytes(point.num_images))

    monkeypatch.setattr(scaling, "measure", measure)
    monkeypatch.setattr(scaling, "environment", lambda: {"finished": "now"})
    for name in ("one", "two"):
        out, figure = tmp_path / f"{name}.json", tmp_path / f"{name}.svg"
        words = ["scaling.py", "--quick", "--out", str(out), "--figure", str(figure)]
        monkeypatch.setattr(sys, "argv", words)
        assert scaling.main() == 1
    assert "1 sizes need more memory" in capsys.readouterr().out
    points = json.loads(out.read_text(encoding="utf-8"))["points"]
    assert [point["num_images"] for point in points if point["ratio"] > scaling.NOISE]
    figures = [(tmp_path / f"{name}.svg").read_bytes() for name in ("one", "two")]
    assert figures[0] == figures[1]
    assert figures[0].startswith(b"<?xml")
