"""The same budget of learning-rate trials for every side, before it is compared."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thumbnet.errors import DivergedError
from thumbnet.training.comparison_display import RunsDisplay
from thumbnet.training.comparison_plan import TUNING_SEEDS, Plan, slug
from thumbnet.training.comparison_runs import has_ended, read_trial, train_trial
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import change_recipe

SPAN = 30.0
KEY = "optimizer.learning_rate"


def trial_rates(center: float, num_trials: int, span: float = SPAN) -> list[float]:
    """Return learning rates from ``center / span`` to ``center * span``, equal steps of ratio.

    With three significant digits. A single trial is the centre itself.
    """
    if num_trials == 1:
        return [center]
    steps = (2 * index / (num_trials - 1) - 1 for index in range(num_trials))
    return [float(f"{center * span**step:.3g}") for step in steps]


def trial_folder(out: Path, plan: Plan, side: int, trial: int, seed: int) -> Path:
    """Return where a trial's run is kept."""
    name = f"{side + 1}-{slug(plan.sides[side].name)}-trial{trial + 1}-seed{seed}"
    return out / "tuning" / name


def trials_to_come(out: Path, plan: Plan) -> list[tuple[int, int, int]]:
    """Return ``(trial, side, seed)`` of every run of a trial that has not ended, in order."""
    return [
        (trial, side, seed)
        for trial in range(plan.tune)
        for seed in TUNING_SEEDS
        for side in range(len(plan.sides))
        if not has_ended(trial_folder(out, plan, side, trial, seed))
    ]


def run_trials(out: Path, plan: Plan, device: str, display: RunsDisplay) -> None:
    """Train every trial that has not ended: one of each side, then the next of each side."""
    for trial, side, seed in trials_to_come(out, plan):
        planned = plan.sides[side]
        rate = trial_rates(planned.recipe.optimizer.learning_rate, plan.tune)[trial]
        recipe = with_rate(planned.recipe, rate, seed)
        folder = trial_folder(out, plan, side, trial, seed)
        display.begin(
            f"{planned.name}, trial {trial + 1} of {plan.tune}, rate {rate:g}, seed {seed}"
        )
        train_trial(recipe, folder, device, display)
        accuracy = read_trial(folder)["validation_accuracy"]
        display.finish("diverged" if accuracy is None else f"validation {accuracy:.2%}")


def choose_rates(out: Path, plan: Plan) -> list[dict[str, Any] | None]:
    """Return for each side its trials and the rate that was best on validation; None untuned.

    Raises:
        DivergedError: all trials of a side diverged.
    """
    return [_choose(out, plan, side) if plan.tune else None for side in range(len(plan.sides))]


def _choose(out: Path, plan: Plan, side: int) -> dict[str, Any]:
    planned = plan.sides[side]
    rates = trial_rates(planned.recipe.optimizer.learning_rate, plan.tune)
    trials = [
        {
            "learning_rate": rate,
            **_summary(
                [read_trial(trial_folder(out, plan, side, trial, seed)) for seed in TUNING_SEEDS]
            ),
        }
        for trial, rate in enumerate(rates)
    ]
    best = max(trials, key=_merit)
    if best["validation_accuracy"] is None:
        raise DivergedError(
            f"{planned.name}: every trial diverged",
            got=", ".join(f"{rate:g}" for rate in rates),
            expected="a learning rate that can be trained with",
            fix="start from a lower one (--set lr=…), or --set gradient_clip=1.0",
        )
    rate = best["learning_rate"]
    is_at_edge = len(rates) > 1 and rate in (rates[0], rates[-1])
    return {"trials": trials, "learning_rate": rate, "is_at_edge": is_at_edge}


def _summary(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the means over the seeds; a rate that diverged with one of them has none."""
    accuracies = [run["validation_accuracy"] for run in runs]
    losses = [run["validation_loss"] for run in runs]
    has_diverged = None in accuracies
    return {
        "validation_accuracy": None if has_diverged else statistics.fmean(accuracies),
        "validation_loss": None if has_diverged else statistics.fmean(losses),
        "accuracies": accuracies,
    }


def _merit(trial: dict[str, Any]) -> tuple[float, float]:
    """Order trials by accuracy; of equal ones the lower loss is better."""
    if trial["validation_accuracy"] is None:
        return -1.0, -math.inf
    return trial["validation_accuracy"], -trial["validation_loss"]


def tuned_recipes(plan: Plan, tuning: Sequence[dict[str, Any] | None]) -> list[Recipe]:
    """Return each side's recipe with the rate that was chosen for it."""
    return [
        side.recipe if found is None else with_rate(side.recipe, found["learning_rate"])
        for side, found in zip(plan.sides, tuning, strict=True)
    ]


def with_rate(recipe: Recipe, rate: float, seed: int | None = None) -> Recipe:
    """Return the recipe with another learning rate, and another seed if one is given."""
    changes: dict[str, object] = {KEY: rate}
    if seed is not None:
        changes["seed"] = seed
    return change_recipe(recipe, changes)
