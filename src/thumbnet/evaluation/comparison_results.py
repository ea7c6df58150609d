"""From the runs of all sides to the results of their comparison, ready for JSON."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thumbnet.evaluation.comparison import (
    Estimate,
    combined_p,
    estimate,
    holm,
    mcnemar,
    median_time_to,
    paired_difference,
    paired_log_ratio,
)
from thumbnet.evaluation.comparison_verdict import MARGINS, judge

# What sides are compared by; differences of fractions, and ratios of positive numbers.
DIFFERENCES = ("accuracy", "first_epoch_accuracy")
RATIOS = ("train_s", "images_per_s", "epochs_to_target", "seconds_to_target")
CURVES = (
    *("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "train_seconds"),
)


@dataclass(frozen=True)
class RunScores:
    """One finished run of one side.

    Attributes:
        seed: which run of the other sides it is compared with.
        accuracy: on the test images, a fraction.
        right: which of the test images are right, bool ``(N,)``.
        train_s: training time in seconds.
        images_per_s: training speed, the median over epochs but the first.
        epochs: one dict for each epoch, see ``EpochScores``.
        num_parameters: trainable ones.
    """

    seed: int
    accuracy: float
    right: NDArray[np.bool_]
    train_s: float
    images_per_s: float
    epochs: Sequence[dict[str, Any]]
    num_parameters: int

    def epochs_to(self, target: float | None) -> int | None:
        """Return the first epoch (from 1) whose validation accuracy is at least ``target``."""
        if target is None:
            return None
        reached = (row for row in self.epochs if (row["validation_accuracy"] or 0.0) >= target)
        first = next(reached, None)
        return None if first is None else int(first["epoch"])

    def value(self, measure: str, target: float | None) -> float | None:
        """Return the figure called ``measure``, None if this run has it not."""
        if measure == "first_epoch_accuracy":
            found: float | None = self.epochs[0]["validation_accuracy"]
            return found
        if measure in ("epochs_to_target", "seconds_to_target"):
            epoch = self.epochs_to(target)
            if epoch is None or measure == "epochs_to_target":
                return epoch
            return float(self.epochs[epoch - 1]["train_seconds"])
        return float(getattr(self, measure))


@dataclass(frozen=True)
class Side:
    """What is compared.

    Attributes:
        name: as it is shown.
        runs: the finished ones, by seed.
        diverged: seeds whose training lost all sense.
        settings: further facts of the side for the results, e.g. the tuned learning rate.
    """

    name: str
    runs: Sequence[RunScores]
    diverged: Sequence[int]
    settings: dict[str, Any]


def compare_sides(
    sides: Sequence[Side],
    target: float | None = None,
    pairs: Sequence[tuple[int, int]] | None = None,
) -> dict[str, Any]:
    """Compare all sides, or the given pairs of them.

    Args:
        sides: at least two; runs of the same seed belong together.
        target: a validation accuracy, a fraction; by default the one that every run reached,
            rounded down to a tenth of a point.
        pairs: indices ``(a, b)``; by default every side with every later one.

    Returns:
        ``target``, ``sides`` and ``pairs``; accuracies are fractions, times are in seconds.
    """
    chosen = default_target(sides) if target is None else target
    indices = list(itertools.combinations(range(len(sides)), 2)) if pairs is None else pairs
    compared = [_compare_pair(sides[a], sides[b], chosen) for a, b in indices]
    for measure in (*DIFFERENCES, *RATIOS):
        _judge_all(compared, measure)
    return {
        "target": {"validation_accuracy": chosen, "is_given": target is not None},
        "sides": [_describe_side(side, chosen) for side in sides],
        "pairs": compared,
    }


def default_target(sides: Iterable[Side]) -> float | None:
    """Return the validation accuracy that every run reached, rounded down; None without any."""
    best = [
        max((row["validation_accuracy"] or 0.0 for row in run.epochs), default=0.0)
        for side in sides
        for run in side.runs
    ]
    lowest = math.floor(1000 * min(best, default=0.0) + 1e-9) / 1000
    return lowest or None


def _describe_side(side: Side, target: float | None) -> dict[str, Any]:
    runs = side.runs
    epochs = [run.epochs_to(target) for run in runs]
    seconds = [run.value("seconds_to_target", target) for run in runs]
    missing: list[None] = [None] * len(side.diverged)
    return {
        "name": side.name,
        **side.settings,
        "num_parameters": runs[0].num_parameters if runs else None,
        "accuracy": _summary([run.accuracy for run in runs]),
        "train_s": _summary([run.train_s for run in runs]),
        "images_per_s": _summary([run.images_per_s for run in runs]),
        "to_target": {
            "num_reached": sum(epoch is not None for epoch in epochs),
            "num_runs": len(epochs) + len(missing),
            "median_epochs": median_time_to([*epochs, *missing]),
            "median_seconds": median_time_to([*seconds, *missing]),
        },
        "diverged_seeds": list(side.diverged),
        "runs": [_describe_run(run, target) for run in runs],
    }


def _describe_run(run: RunScores, target: float | None) -> dict[str, Any]:
    return {
        "seed": run.seed,
        "accuracy": run.accuracy,
        "train_s": run.train_s,
        "images_per_s": run.images_per_s,
        "epochs_to_target": run.epochs_to(target),
        "seconds_to_target": run.value("seconds_to_target", target),
        "curves": {
            name: [None if row[name] is None else round(row[name], 6) for row in run.epochs]
            for name in CURVES
        },
    }


def _summary(values: Sequence[float]) -> dict[str, Any]:
    """Return mean, interval and deviation; None where there are too few values for them."""
    if not values:
        return {"mean": None, "low": None, "high": None, "deviation": None, "num_seeds": 0}
    found = estimate(values)
    low, high = found.interval() or (None, None)
    return {
        "mean": found.value,
        "low": low,
        "high": high,
        "deviation": statistics.stdev(values) if len(values) > 1 else None,
        "num_seeds": len(values),
    }


def _compare_pair(a: Side, b: Side, target: float | None) -> dict[str, Any]:
    by_seed = {run.seed: run for run in b.runs}
    runs = [(run, by_seed[run.seed]) for run in a.runs if run.seed in by_seed]
    tests = [(one.seed, mcnemar(one.right, other.right)) for one, other in runs]
    measures = {}
    for measure in (*DIFFERENCES, *RATIOS):
        values = [(x.value(measure, target), y.value(measure, target)) for x, y in runs]
        found = _paired(values, measure in RATIOS)
        measures[measure] = {"is_ratio": measure in RATIOS, "estimate": found}
    diverged = [
        {
            "side": side.name,
            "count": len(side.diverged),
            "seeds": len(side.diverged) + len(side.runs),
        }
        for side in (a, b)
        if side.diverged
    ]
    return {
        "a": a.name,
        "b": b.name,
        "diverged": diverged,
        "measures": measures,
        "mcnemar": {
            "seeds": [{"seed": seed, **asdict(test)} for seed, test in tests],
            "median_p_exact": statistics.median(t.p_exact for _, t in tests) if tests else None,
            "combined_p_exact": combined_p([t.p_exact for _, t in tests]) if tests else None,
        },
    }


def _paired(values: Sequence[tuple[float | None, float | None]], is_ratio: bool) -> Estimate | None:
    """Return the paired estimate; None unless every run has the figure."""
    whole = [(x, y) for x, y in values if x is not None and y is not None]
    if not whole or len(whole) < len(values):
        return None
    compare = paired_log_ratio if is_ratio else paired_difference
    return compare([x for x, _ in whole], [y for _, y in whole])


def _judge_all(pairs: Sequence[dict[str, Any]], measure: str) -> None:
    """Replace each pair's estimate of ``measure`` by its figures, corrected for all of them."""
    entries = [pair["measures"][measure] for pair in pairs]
    p_values = [entry["estimate"].p_value if entry["estimate"] else None for entry in entries]
    tested = [p for p in p_values if p is not None]
    adjusted = iter(holm(tested))
    for pair, entry, p_value in zip(pairs, entries, p_values, strict=True):
        p_holm = None if p_value is None else next(adjusted)
        found = entry.pop("estimate")
        entry.update(_figures(found, p_value, p_holm, max(1, len(tested)), entry["is_ratio"]))
        if pair["diverged"]:
            entry["kind"] = "diverged"


def _figures(
    found: Estimate | None,
    p_value: float | None,
    p_holm: float | None,
    num_pairs: int,
    is_ratio: bool,
) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "value": None,
        **dict.fromkeys(("low", "high", "low_all_pairs", "high_all_pairs")),
        "p_value": p_value,
        "p_holm": p_holm,
        "num_pairs": num_pairs,
        "num_seeds": found.num_values if found else 0,
        "kind": "missing",
    }
    if found is None:
        return figures
    shown = _exp if is_ratio else float
    figures["value"] = shown(found.value)
    for suffix, confidence in (("", 0.95), ("_all_pairs", 1 - 0.05 / num_pairs)):
        if interval := found.interval(confidence):
            figures[f"low{suffix}"], figures[f"high{suffix}"] = map(shown, interval)
    margin = MARGINS["ratio" if is_ratio else "difference"]
    figures["kind"] = judge(found, p_holm, num_pairs, margin)
    return figures


def _exp(value: float) -> float:
    """Return ``exp(value)``; two seeds can give an interval that no number holds."""
    return math.exp(min(value, 700.0))
