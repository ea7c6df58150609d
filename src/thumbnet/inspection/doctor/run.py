"""Looking for mistakes in a training run: its recipe, its curves, and how often it was tested."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from thumbnet.inspection.doctor.findings import Finding, ordered

GLYPHS = ("mnist", "qmnist", "emnist", "kmnist", "usps", "svhn")
DIGITS = frozenset("0123456789")
LARGEST_TURN_DEGREES = 45
SMALLEST_FOR_LARGE_STEM_PX = 96
MOST_OPENINGS = 2
"""``train`` opens the test set once, and ``personalise`` twice, before and after."""
GAP = 0.1
"""From this difference between both accuracies on a network has learned pictures by heart."""
WORSE = 1.1
"""A validation loss this many times the best one is past it."""
SLOW = 0.5
"""A loss above this share of guessing's, still falling, has been lowered too slowly."""


@dataclass(frozen=True)
class RunFacts:
    """What a run left behind, as plain values.

    Attributes:
        name: what messages call it.
        recipe: the resolved recipe, nested.
        epochs: the rows of the epochs, oldest first: ``train_loss``, ``validation_loss`` …
        losses: of every batch, oldest first.
        num_classes: how many classes the data has, or None if it is not known.
        class_names: their names, or none.
        receipt: of a finished run.
        others: the resolved recipes of the other runs of this recipe beside it.
    """

    name: str
    recipe: Mapping[str, Any]
    epochs: Sequence[Mapping[str, Any]]
    losses: Sequence[float]
    num_classes: int | None = None
    class_names: Sequence[str] = ()
    receipt: Mapping[str, Any] | None = None
    others: Sequence[Mapping[str, Any]] = field(default=())


def inspect_run(run: RunFacts) -> list[Finding]:
    """Look for mistakes in a run; returns what was found, the worst first."""
    return ordered(
        [*_recipe_findings(run), *_test_findings(run), *_curve_findings(run), *_overfitting(run)]
    )


def _recipe_findings(run: RunFacts) -> Iterator[Finding]:
    recipe = run.recipe
    augmentation, data = recipe["augmentation"], recipe["data"]
    is_glyphs = data["name"].startswith(GLYPHS) or (
        bool(run.class_names) and set(run.class_names) <= DIGITS
    )
    if is_glyphs and augmentation["flip"]:
        details = {"transform": "augmentation.flip"}
        yield Finding("label-changing-augmentation", run.name, form="flip", details=details)
    if is_glyphs and augmentation["rotation_degrees"] > LARGEST_TURN_DEGREES:
        details = {"transform": "augmentation.rotation_degrees"}
        yield Finding("label-changing-augmentation", run.name, form="turn", details=details)
    if not data["shuffle"]:
        yield Finding("no-shuffle", run.name, form="run")
    model, size_px = recipe["model"], recipe["input"]["size_px"]
    if model.get("stem") == "imagenet" and size_px < SMALLEST_FOR_LARGE_STEM_PX:
        details = {"size_px": size_px, "left": -(-size_px // 4)}
        yield Finding("large-stem-on-small-images", run.name, form="run", details=details)


def _test_findings(run: RunFacts) -> Iterator[Finding]:
    openings = run.receipt["test_openings"] if run.receipt is not None else []
    counts = Counter(opening["test_hash"] for opening in openings)
    most = max(counts.values(), default=0)
    if most > MOST_OPENINGS:
        yield Finding("test-opened-often", run.name, details={"number": most})
    if run.recipe["data"]["validation"]:
        return
    rivals = [
        other
        for other in run.others
        if not other["data"]["validation"] and _choices(other) != _choices(run.recipe)
    ]
    if rivals:
        yield Finding("no-validation-while-tuned", run.name, details={"number": len(rivals) + 1})


def _choices(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a recipe may change how well it recognises, but for chance."""
    return {k: v for k, v in recipe.items() if k not in ("seed", "name", "description", "threads")}


def _curve_findings(run: RunFacts) -> Iterator[Finding]:
    if not run.epochs or run.recipe["loss"]["name"] != "cross-entropy" or not run.num_classes:
        return
    guessing = math.log(run.num_classes)
    first, last = run.epochs[0], run.epochs[-1]
    rate = {"rate": f"{run.recipe['optimizer']['learning_rate']:g}"}
    if last["train_loss"] > 2 * guessing or _is_rising(run.losses):
        details = {**rate, "first": _shown(first), "last": _shown(last)}
        yield Finding("learning-rate-high", run.name, details=details)
    elif last["train_loss"] > 0.95 * guessing and len(run.losses) >= 100:
        details = {**rate, "loss": _shown(last), "guessing": f"{guessing:.2f}"}
        yield Finding("not-learning", run.name, details=details)
    elif len(run.epochs) >= 2 and last["train_loss"] > SLOW * guessing:
        falls = last["train_loss"] < 0.98 * run.epochs[-2]["train_loss"]
        if falls:
            details = {**rate, "loss": _shown(last), "guessing": f"{guessing:.2f}"}
            yield Finding("learning-rate-low", run.name, details=details)


def _is_rising(losses: Sequence[float]) -> bool:
    """Whether the last quarter of the batches' losses is clearly above the second quarter."""
    quarter = len(losses) // 4
    if quarter < 20:
        return False
    early, late = losses[quarter : 2 * quarter], losses[-quarter:]
    noise = statistics.stdev(early) / quarter**0.5 + statistics.stdev(late) / quarter**0.5
    rise = statistics.fmean(late) - statistics.fmean(early)
    return bool(rise > max(4 * noise, 0.1 * statistics.fmean(early)))


def _shown(row: Mapping[str, Any]) -> str:
    return f"{row['train_loss']:.3f}"


def _overfitting(run: RunFacts) -> Iterator[Finding]:
    rows = [row for row in run.epochs if row.get("validation_loss") is not None]
    if not rows:
        return
    best = min(rows, key=lambda row: float(row["validation_loss"]))
    last = rows[-1]
    kept = run.receipt["results"]["kept_epoch"] if run.receipt is not None else last["epoch"]
    kept_row = next((row for row in rows if row["epoch"] == kept), last)
    if kept_row["validation_loss"] > WORSE * best["validation_loss"]:
        details = {
            "best_epoch": best["epoch"],
            "kept_epoch": kept_row["epoch"],
            "best": f"{best['validation_loss']:.4f}",
            "kept": f"{kept_row['validation_loss']:.4f}",
        }
        yield Finding("overfitting", run.name, form="past", details=details)
    gap = kept_row["train_accuracy"] - kept_row["validation_accuracy"]
    if gap > GAP:
        details = {
            "train": f"{kept_row['train_accuracy']:.1%}",
            "validation": f"{kept_row['validation_accuracy']:.1%}",
        }
        yield Finding("overfitting", run.name, form="gap", details=details)
