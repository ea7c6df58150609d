"""Trainings that take milliseconds: a few 8×8 pictures of three classes, and small models."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from thumbnet.training.loop import Training
from thumbnet.training.metrics_log import read_metrics
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import make_recipe, recipe_to_toml
from thumbnet.training.run import Run
from thumbnet.training.train import train

CLASS_NAMES = ("bar", "dot", "ring")
RESULT_KEYS = [
    *("run", "recipe", "seed", "epochs", "world_size", "train_seconds"),
    *("validation_accuracy", "test_accuracy"),
]
# Of 14 pictures in each class, 3 are cut for the test split.
NUM_PER_CLASS, NUM_TRAIN, NUM_TEST = 14, 33, 9

PLAIN: dict[str, Any] = {
    "name": "tiny",
    "epochs": 2,
    "batch_size": 8,
    "threads": 1,
    "input": {"size_px": 8},
    "model": {"name": "mlp", "widths": [8]},
    "optimizer": {"name": "sgd", "learning_rate": 0.1},
}
# Whatever has a state of its own, or draws at random, at once.
EVERYTHING: dict[str, Any] = {
    **PLAIN,
    "epochs": 3,
    "ema_decay": 0.9,
    "gradient_clip": 1.0,
    "data": {"validation": 9},
    "input": {"size_px": 8, "mean": "train", "std": "train"},
    "model": {"name": "cnn", "widths": [4, 6], "dropout": 0.3},
    "augmentation": {"rotation_degrees": 10.0, "crop_padding_px": 1, "flip": True},
    "loss": {"name": "cross-entropy", "label_smoothing": 0.1},
    "optimizer": {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
    "schedule": {"name": "one-cycle"},
    "early_stopping": {"patience_epochs": 3},
}


def write_pictures(
    folder: Path, class_names: tuple[str, ...] = CLASS_NAMES, num_per_class: int = NUM_PER_CLASS
) -> Path:
    """Write grey noise with one bright column, whose place tells the class."""
    generator = np.random.default_rng(0)
    for label, name in enumerate(class_names):
        (folder / name).mkdir(parents=True)
        for index in range(num_per_class):
            pixels = generator.integers(0, 150, (8, 8), dtype=np.uint8)
            pixels[:, 2 * label + 1] = 220
            Image.fromarray(pixels).save(folder / name / f"{index}.png")
    return folder


def tiny_recipe(pictures: Path, values: dict[str, Any] = PLAIN, **changes: object) -> Recipe:
    """Return a recipe on ``pictures``; a change is a (unique last part of a) key and its value."""
    return make_recipe(values, {"data.name": f"folder:{pictures}", **changes})


def write_recipe(path: Path, recipe: Recipe) -> Path:
    path.write_text(recipe_to_toml(recipe), encoding="utf-8")
    return path


def run_tiny(recipe: Recipe, out: Path) -> Run:
    return train(recipe, out=out, device="cpu", progress=False)


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return every file's bytes, and None for each folder, by relative path."""
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


def weights(run: Run | Path) -> bytes:
    folder = run.folder if isinstance(run, Run) else run
    return (folder / "model" / "model.safetensors").read_bytes()


def learning_curve(run: Run | Path) -> tuple[list[float], list[dict[str, Any]]]:
    """Return every batch's loss, and the epochs' rows without the times."""
    lines = read_metrics(run.folder if isinstance(run, Run) else run)
    losses = [loss for line in lines if line["event"] == "step" for loss in line["batch_losses"]]
    rows = [line for line in lines if line["event"] == "epoch"]
    return losses, [{k: v for k, v in row.items() if k != "train_seconds"} for row in rows]


def call_at_step(
    monkeypatch: pytest.MonkeyPatch, step: int, action: Callable[[Training], object]
) -> None:
    """Have ``action`` called within the ``step``-th step (1 for the first), before its work."""
    original, calls = Training.step, []

    def stepping(training: Training, *arguments: Any) -> Any:
        calls.append(None)
        if len(calls) == step:
            action(training)
        return original(training, *arguments)

    monkeypatch.setattr(Training, "step", stepping)


def signal_at_step(
    monkeypatch: pytest.MonkeyPatch, step: int, number: signal.Signals = signal.SIGINT
) -> None:
    call_at_step(monkeypatch, step, lambda _training: signal.raise_signal(number))
