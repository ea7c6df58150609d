from __future__ import annotations

import importlib
import itertools
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from scipy import stats

CEILINGS = {"gemm_fp32_gflop_per_s": 200.0, "gemm_bf16_gflop_per_s": None}
# What a training of this name would leave behind, without training.
FAKE_TRAINING = """
import json, pathlib, sys
seed, out = int(sys.argv[1]), pathlib.Path(sys.argv[2])
if seed == {failing}:
    sys.exit("error: out of luck")
out.mkdir()
receipt = json.loads({receipt!r})
receipt["recipe"]["seed"] = seed
receipt["results"]["test"]["accuracy"] = 0.99 + seed / 1000
(out / "receipt.json").write_text(json.dumps(receipt))
losses = [1.0] * 50
(out / "metrics.jsonl").write_text(json.dumps(dict(event="step", batch_losses=losses)) + "\\n")
print(json.dumps(dict(run=str(out), test_accuracy=0.99)))
"""


@pytest.fixture
def record() -> ModuleType:
    return importlib.import_module("record")


@pytest.fixture
def content() -> ModuleType:
    return importlib.import_module("record_content")


def receipt() -> dict[str, Any]:
    return {
        "recipe": {
            "seed": 1,
            "batch_size": 128,
            "threads": None,
            "data": {"name": "folder:/home/me/mnist.zip"},
        },
        "data": {"name": "folder:/home/me/mnist.zip", "num_train": 60_000, "train_hash": "ab"},
        "parameters": 1000,
        "precision": "fp32",
        "times": {"train_s": 2.0, "validation_s": 0.25, "test_s": 0.5},
        "results": {"epochs": 3, "test": {"accuracy": 0.99}},
        "code": {"version": "1.0", "source_sha256": "cd"},
        "libraries": {"torch": "2"},
        "hardware": {"processor": "one", "cores": 2},
    }


@pytest.fixture
def fake(record: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes every seed a process that trains nothing."""

    def install(failing: int = -1) -> None:
        code = FAKE_TRAINING.format(failing=failing, receipt=json.dumps(receipt()))

        def command(_name: str, seed: int, out: Path, _data: str | None) -> list[str]:
            return [sys.executable, "-S", "-c", code, str(seed), str(out)]

        monkeypatch.setattr(record, "train_command", command)
        machine = {"ceilings": CEILINGS, "flops_per_image": 10**7}
        monkeypatch.setattr(record, "measure_machine", lambda _recipe: machine)

    return install


def test_each_seed_is_a_process_of_thumbnet_train(record: ModuleType) -> None:
    words = record.train_command("mnist", 3, Path("out"), None)
    assert words[:5] == [sys.executable, "-m", "thumbnet", "train", "mnist"]
    assert words[5:] == ["--seed", "3", "--out", "out", "--json"]
    assert record.train_command("mnist", 3, Path("out"), "folder:x")[-2:] == ["--data", "folder:x"]


def test_record_holds_every_seed_and_three_clocks(
    record: ModuleType, fake: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake()
    out = tmp_path / "record.json"
    assert record.main(["mnist-sprint", "--seeds", "3", "--out", str(out)]) == 0
    result = json.loads(out.read_text(encoding="utf-8"))
    assert [row["seed"] for row in result["seeds"]] == [1, 2, 3]
    assert [row["accuracy"] for row in result["seeds"]] == pytest.approx([0.991, 0.992, 0.993])
    for row in result["seeds"]:
        assert (row["train_s"], row["evaluated_s"]) == (2.0, 2.75)
        assert row["cold_s"] > 0
    assert result["summary"]["accuracy"]["mean"] == pytest.approx(0.992)
    assert result["meets_target"] == {"accuracy": True, "time": True}
    assert "seed 3 of 3: 99.30%" in capsys.readouterr().err


def test_percent_of_ceiling_is_work_over_time_over_speed(
    record: ModuleType, fake: Any, tmp_path: Path
) -> None:
    fake()
    out = tmp_path / "record.json"
    record.main(["mnist-sprint", "--seeds", "1", "--out", str(out)])
    result = json.loads(out.read_text(encoding="utf-8"))
    # 50 steps of 128 images, 10 MFLOP each, in 2 s, where 200 GFLOP/s are possible.
    assert result["num_images_trained"] == 6400
    assert result["percent_of_ceiling"] == pytest.approx(100 * 6400 * 0.01 / 2 / 200)


def test_record_names_no_folder_of_this_machine(
    record: ModuleType, fake: Any, tmp_path: Path
) -> None:
    fake()
    out = tmp_path / "record.json"
    record.main(["mnist-sprint", "--seeds", "1", "--out", str(out)])
    text = out.read_text(encoding="utf-8")
    assert "folder:mnist.zip" in text
    assert "/home" not in text
    assert str(tmp_path) not in text


def test_failing_seed_keeps_the_record_of_those_before(
    record: ModuleType, fake: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(failing=2)
    out = tmp_path / "record.json"
    assert record.main(["mnist-sprint", "--seeds", "3", "--out", str(out)]) == 1
    assert "exit code 1:\nerror: out of luck" in capsys.readouterr().err
    result = json.loads(out.read_text(encoding="utf-8"))
    assert [row["seed"] for row in result["seeds"]] == [1]
    assert result["num_seeds_asked"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mnist-sprnt"], "invalid choice: 'mnist-sprnt'"),
        (["mnist", "--seeds", "0"], "--seeds must be at least 1, got 0"),
        (["mnist", "--seeds", "few"], "invalid int value: 'few'"),
    ],
)
def test_wrong_arguments_are_explained(
    record: ModuleType,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    with pytest.raises(SystemExit) as end:
        record.main(arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_missing_folder_is_said_before_any_training(
    record: ModuleType, fake: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(failing=1)
    assert record.main(["mnist", "--out", str(tmp_path / "no" / "record.json")]) == 2
    assert "the folder of the record does not exist" in capsys.readouterr().err


def test_interval_is_students(content: ModuleType) -> None:
    values = [0.990, 0.993, 0.9915, 0.9898]
    expected = stats.t.interval(0.95, 3, loc=sum(values) / 4, scale=stats.sem(values))
    assert content.summarise(values)["interval95"] == pytest.approx(expected)
    assert content.summarise(values)["deviation"] == pytest.approx(stats.tstd(values))


def test_equal_seeds_have_an_interval_of_no_width(content: ModuleType) -> None:
    summary = content.summarise([0.5, 0.5])
    assert summary == {"mean": 0.5, "deviation": 0.0, "interval95": [0.5, 0.5]}


def test_one_seed_has_no_interval(content: ModuleType) -> None:
    assert content.summarise([0.5]) == {"mean": 0.5, "deviation": None, "interval95": None}


def summary_of(accuracy: float, train_s: float) -> dict[str, Any]:
    return {"accuracy": {"mean": accuracy}, "train_s": {"mean": train_s}}


@pytest.mark.parametrize(("train_s", "held"), [(60.0, True), (70.0, False)])
def test_share_of_the_references_time(content: ModuleType, train_s: float, held: bool) -> None:
    row = content.Row(3, accuracy=0.94, share_of_reference=2 / 3)
    reference = {"summary": summary_of(0.9, 100.0), "hardware": {"cores": 2}}
    result = content.meets_target(row, summary_of(0.9399, train_s), {"cores": 2}, reference)
    assert result == {"accuracy": False, "time": held}


@pytest.mark.parametrize("reference", [None, {"hardware": {"cores": 64}}])
def test_time_is_not_compared_without_a_reference_on_this_machine(
    content: ModuleType, reference: dict[str, Any] | None
) -> None:
    row = content.Row(3, share_of_reference=2 / 3)
    result = content.meets_target(row, summary_of(0.9, 1.0), {"cores": 2}, reference)
    assert result == {"accuracy": None, "time": None}


def test_ceiling_is_that_of_the_runs_precision(content: ModuleType) -> None:
    ceilings = {"gemm_fp32_gflop_per_s": 200.0, "gemm_bf16_gflop_per_s": 900.0}
    assert content.gemm_ceiling(ceilings, "fp32") == 200.0
    assert content.gemm_ceiling(ceilings, "bf16 autocast") == 900.0


def test_operations_are_those_of_the_recipes_model(
    record: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceilings = record.measure_ceilings
    monkeypatch.setattr(
        record,
        "measure_ceilings",
        lambda device: ceilings(device, size=16, batch_size=1, min_time_s=0),
    )
    machine = record.measure_machine(record.load_recipe("tutorial-mlp"))
    widths = [784, 512, 256, 128, 64, 10]
    assert machine["flops_per_image"] == 6 * sum(map(math.prod, itertools.pairwise(widths)))
    assert machine["ceilings"]["gemm_fp32_gflop_per_s"] > 0
