"""Made-up runs of made-up sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thumbnet.evaluation.comparison_results import RunScores, Side, compare_sides

NUM_IMAGES = 200


def made_run(
    seed: int,
    accuracy: float,
    curve: Sequence[float | None] = (0.5, 0.9),
    train_s: float = 2.0,
    images_per_s: float = 1000.0,
) -> RunScores:
    """Return a run whose first images are right, with these validation accuracies by epoch."""
    epochs = [
        {
            "epoch": number,
            "train_loss": 1.0 / number,
            "train_accuracy": 0.5,
            "validation_loss": None if value is None else 2.0 / number,
            "validation_accuracy": value,
            "train_seconds": train_s * number / len(curve),
        }
        for number, value in enumerate(curve, start=1)
    ]
    right = np.arange(NUM_IMAGES) < round(accuracy * NUM_IMAGES)
    return RunScores(seed, accuracy, right, train_s, images_per_s, epochs, 1234)


def made_side(name: str, accuracies: Sequence[float], **changes: Any) -> Side:
    runs = [made_run(seed, value, **changes) for seed, value in enumerate(accuracies, start=1)]
    return Side(name, runs, (), {"tuning": None})


def made_results(sides: Sequence[Side], target: float | None = None) -> dict[str, Any]:
    """Return what ``results.json`` holds, with all that the page needs."""
    return {
        "title": "mnist: optimizer sgd, adam",
        "plan": {"seeds": [1, 2, 3], "tune": 0, "tune_span": 30.0, "tune_seeds": 3},
        "data": {
            "name": "mnist",
            "num_train": [500, 2000],
            "num_validation": [100],
            "num_test": [10000],
        },
        **compare_sides(sides, target),
        "differences": {"optimizer.name": ["sgd", "adam"], "optimizer.betas": [None, [0.9, 0.99]]},
        "notes": [
            {"code": "dropped", "side": "adam", "keys": "optimizer.momentum", "owner": "adam"},
            {"code": "edge", "side": "sgd"},
            {"code": "sources"},
        ],
        "hardware": {"processor": "some processor", "threads": 2, "device": "cpu"},
        "libraries": {"torch": "2.14"},
        "code": {"version": "0.1.0"},
    }
