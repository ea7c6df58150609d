"""The plain loop of the published design: a receipt that a record can be made of, and it learns."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from thumbnet.datasets.image_set import ImageSet
from thumbnet.training.recipe_file import load_recipe

SMALL = {"batch_size": 20, "epochs": 4, "model.widths": [8, 8, 8], "seed": 3}


@pytest.fixture
def reference() -> ModuleType:
    return importlib.import_module("cifar10_reference")


def _halves(num_images: int, seed: int) -> ImageSet:
    """Return pictures whose brighter half, upper or lower, is their class."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(num_images) % 2
    images = torch.randint(0, 100, (num_images, 3, 32, 32), generator=generator)
    images[labels == 0, :, :16] += 100
    images[labels == 1, :, 16:] += 100
    return ImageSet("halves", images.to(torch.uint8), labels, ("upper", "lower"))


def test_recipe_states_the_published_design() -> None:
    recipe = load_recipe("cifar10-reference")
    assert (recipe.epochs, recipe.batch_size) == (8, 2000)
    assert recipe.model.arguments["widths"] == [64, 256, 256]
    assert (recipe.optimizer.learning_rate, recipe.optimizer.momentum) == (0.24, 0.6)
    assert recipe.views.count == 6
    # 0.053 for the sum over 2000 images; weight decay 2e-6 · 2000.
    assert recipe.optimizer.bias_learning_rate == 0.053 * 2000
    assert recipe.optimizer.weight_decay == 2e-6 * 2000


def test_receipt_has_what_a_record_reads(
    reference: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    sets = {"train": _halves(90, 1), "test": _halves(30, 2)}
    monkeypatch.setattr(reference.thumbnet, "load_dataset", lambda _, split, **__: sets[split])
    monkeypatch.setattr(
        reference, "load_recipe", lambda name, changes: load_recipe(name, changes | SMALL)
    )
    out = tmp_path / "run"
    monkeypatch.setattr(sys, "argv", ["cifar10_reference.py", "--out", str(out)])

    reference.main()

    said = capsys.readouterr().out
    record = importlib.import_module("record")
    row, _ = record.run_seed([sys.executable, "-c", f"print({said!r})"])
    assert (row["seed"], row["accuracy"]) == (3, 1.0)
    receipt = json.loads((out / "receipt.json").read_text(encoding="utf-8"))
    assert receipt["recipe"]["seed"] == 3
    assert receipt["results"]["num_images_trained"] == 4 * 80  # the rest is no whole batch
    assert receipt["results"]["test"]["accuracy"] == 1.0
    assert receipt["times"]["train_s"] > 0
    assert receipt["data"]["test_hash"] == sets["test"].content_hash
    assert {"code", "libraries", "hardware", "parameters", "precision"} <= receipt.keys()


def test_record_of_the_reference_runs_the_plain_loop(reference: ModuleType) -> None:
    record = importlib.import_module("record")
    words = record.train_command("cifar10-reference", 1, Path("out"), "folder:x")
    assert words[1] == str(Path(reference.__file__))
    assert words[2:] == ["--seed", "1", "--out", "out", "--json", "--data", "folder:x"]
