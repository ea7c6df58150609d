"""``thumbnet bench``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from command_line import Call
from thumbnet.training import bench
from thumbnet.training.ceilings import Ceilings
from thumbnet.training.recipe_file import make_recipe

ROW_KEYS = [
    *("recipe", "images_per_s", "step_ms", "gflop_per_s", "percent_of_ceiling"),
    *("seconds_per_epoch", "epochs", "preparation_s", "estimated_train_s", "batch_size"),
    *("num_images", "precision", "random_images"),
]
KEYS = [
    *("code", "libraries", "hardware", "ceilings", "recipes"),
    *("other_busy_cores", "advice"),
]


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tiny recipes on few images, two steps each."""
    common: dict[str, Any] = {"threads": 1, "model": {"name": "mlp", "widths": [4]}}
    recipes = {
        "one": {**common, "name": "one", "data": {"name": "mnist", "limit": 300}},
        "two": {
            **common,
            "name": "two",
            "data": {"name": "cifar10"},
            "input": {"channels": 3, "size_px": 32},
        },
    }
    monkeypatch.setattr(bench, "packaged_recipes", lambda: dict.fromkeys(recipes))
    monkeypatch.setattr(bench, "load_recipe", lambda name: make_recipe(recipes[name]))
    monkeypatch.setattr(bench, "MEASURED_S", 0.0)
    monkeypatch.setattr(bench, "NUM_RANDOM_IMAGES", 200)
    monkeypatch.setattr(
        bench, "measure_ceilings", lambda _device: Ceilings(100.0, 50.0, 80.0, None)
    )


def test_json_alone_is_on_stdout_and_progress_on_stderr(call: Call) -> None:
    said = call("bench", "--device", "cpu", "--json")
    assert said.code == 0
    assert list(said.json) == KEYS
    assert [row["recipe"] for row in said.json["recipes"]] == ["one", "two"]
    assert all(list(row) == ROW_KEYS for row in said.json["recipes"])
    assert said.err.splitlines() == [
        "measuring the ceilings",
        "measuring one (1 of 2)",
        "measuring two (2 of 2)",
    ]


def test_table_has_machine_recipes_and_advice(call: Call) -> None:
    lines = call("bench", "--device", "cpu").out.splitlines()
    assert lines[1] == "ceiling, matrix product: 100 GFLOP/s in fp32, 50 in bf16"
    assert lines[2] == "ceiling, convolution: 80 GFLOP/s in fp32, none in bf16"
    assert lines[4].split("  ")[0] == "recipe"
    assert [line.split()[0] for line in lines[5:7]] == ["one", "two"]
    assert "timed on random images: two" in lines
    assert any(line.startswith("advice: bf16 multiplies matrices at 0.50") for line in lines)


def test_out_gets_the_same_result(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    said = call("bench", "--device", "cpu", "--json", "--out", path)
    assert json.loads(path.read_text(encoding="utf-8")) == said.json
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", [".", "missing/bench.json"])
def test_unusable_out_is_refused_before_measuring(call: Call, tmp_path: Path, name: str) -> None:
    said = call("bench", "--out", tmp_path / name)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: the result cannot be written there")
    assert "measuring" not in said.err


def test_unknown_device_is_an_error(call: Call) -> None:
    said = call("bench", "--device", "abacus")
    assert said.code == 2
    assert "there is no device 'abacus'" in said.err


def test_command_is_defined_without_torch() -> None:
    code = "import sys, thumbnet.cli.bench; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
