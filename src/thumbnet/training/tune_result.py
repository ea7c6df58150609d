"""What a study has found: the figures for ``--json`` and the best recipe as TOML."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from thumbnet import files
from thumbnet.evaluation.metrics import wilson_interval
from thumbnet.training.recipe_file import make_recipe, recipe_to_toml
from thumbnet.training.search_space import Space
from thumbnet.training.tune_trial import Metric

BEST = "best.toml"
NUM_TOP = 5
LEAST_FOR_IMPORTANCES = 40
"""Complete trials. Of twelve made studies with one key that mattered and two that did not, 20
trials named the right one in nine, 40 in all."""

DIVERGED, EPOCH = "diverged", "epoch"


@dataclass(frozen=True)
class Tuning:
    """A study as it stands.

    Attributes:
        folder: where ``best.toml`` is, once a trial is complete.
        name: the study's.
        storage: where it is kept, without passwords.
        metric: what was compared.
        num_validation: how many images every score is of.
        held_out: whether those were held out for tuning alone.
        space: the recipe and what was tuned of it.
        trials: all trials, by number.
        importances: key → share of the differences between trials that it explains, largest first
            (Watanabe et al. 2023, 2304.10255); None where the trials are too few to tell.
    """

    folder: Path
    name: str
    storage: str
    metric: Metric
    num_validation: int
    held_out: bool
    space: Space
    trials: tuple[FrozenTrial, ...]
    importances: dict[str, float] | None

    @cached_property
    def ranking(self) -> list[FrozenTrial]:
        """The complete trials, best first; of equals the earlier one first."""
        complete = [trial for trial in self.trials if trial.state == TrialState.COMPLETE]
        sign = -1 if self.metric == "validation_accuracy" else 1
        return sorted(complete, key=lambda trial: (sign * _value(trial), trial.number))

    @property
    def best_recipe(self) -> Path | None:
        """The file of the best recipe, None before the first complete trial."""
        return self.folder / BEST if self.ranking else None

    @property
    def counts(self) -> dict[str, int]:
        """How many trials ended how: complete, pruned, diverged, failed; or still run."""
        states = [trial.state for trial in self.trials]
        diverged = sum(DIVERGED in trial.user_attrs for trial in self.trials)
        return {
            "complete": states.count(TrialState.COMPLETE),
            "pruned": states.count(TrialState.PRUNED) - diverged,
            "diverged": diverged,
            "failed": states.count(TrialState.FAIL),
            "running": states.count(TrialState.RUNNING),
        }

    @property
    def num_finished(self) -> int:
        """Complete, pruned and diverged trials."""
        return sum(self.counts[key] for key in ("complete", "pruned", "diverged"))

    @property
    def recipe_itself(self) -> float | None:
        """The value of the recipe as it was given, None where it was no trial or was pruned."""
        own = self.space.own()
        found = [trial for trial in self.ranking if trial.params == own]
        return _value(found[0]) if found else None

    @property
    def result(self) -> dict[str, Any]:
        """What ``tune --json`` prints; accuracies are fractions, losses are in nats."""
        top = [self._row(trial) for trial in self.ranking[:NUM_TOP]]
        return {
            "study": self.name,
            "storage": self.storage,
            "recipe": self.space.base.name,
            "seed": self.space.base.seed,
            "metric": self.metric,
            "space": {dimension.key: dimension.text for dimension in self.space.dimensions},
            "validation_images": self.num_validation,
            "trials": self.counts,
            "best": top[0] if top else None,
            "recipe_itself": self.recipe_itself,
            "top": top,
            "importances": self.importances,
            "best_recipe": str(self.best_recipe) if self.best_recipe else None,
        }

    def interval(self, trial: FrozenTrial) -> tuple[float, float] | None:
        """Return a trial's 95 % Wilson interval, None for a loss."""
        if self.metric != "validation_accuracy":
            return None
        return wilson_interval(round(_value(trial) * self.num_validation), self.num_validation)

    def write_best(self) -> None:
        """Write ``best.toml``, if a trial is complete.

        Raises:
            OutputError: it cannot be written; an older one is untouched.
        """
        if self.ranking:
            files.write_atomically(self.folder / BEST, self._best_toml(self.ranking[0]))

    def _row(self, trial: FrozenTrial) -> dict[str, Any]:
        return {
            "trial": trial.number,
            "value": _value(trial),
            "epoch": trial.user_attrs[EPOCH],
            "values": self.space.values(trial.params),
        }

    def _best_toml(self, trial: FrozenTrial) -> str:
        base = self.space.base
        recipe = make_recipe(
            self.space.recipe(trial.params).model_dump(exclude_unset=True),
            {
                "name": f"{base.name}-tuned",
                "description": f"{base.name}, tuned: trial {trial.number} of '{self.name}'.",
            },
        )
        counts, interval = self.counts, self.interval(trial)
        lines = [
            f"The best of {self.num_finished} trials of the study '{self.name}':"
            f" {counts['complete']} complete, {counts['pruned']} pruned,"
            f" {counts['diverged']} diverged.",
            f"Trial {trial.number}: {describe_value(self.metric, _value(trial))}"
            f"{describe_interval(interval)} on {self.num_validation:,} validation images,"
            f" seed {base.seed}.",
            *(
                []
                if self.recipe_itself is None
                else [
                    f"The recipe '{base.name}' as it was:"
                    f" {describe_value(self.metric, self.recipe_itself)}."
                ]
            ),
            "The best of many scores is partly luck, so expect less on new images. The test set was"
            " not opened.",
            *(
                [
                    "The validation images were held out for tuning:"
                    " --set data.validation=0 trains on them too."
                ]
                if self.held_out
                else []
            ),
        ]
        return "".join(f"# {line}\n" for line in lines) + "\n" + recipe_to_toml(recipe)


def measure_importances(study: Study, trials: tuple[FrozenTrial, ...]) -> dict[str, float] | None:
    """Return how much each key explains, None for fewer than 40 complete trials or one key."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if len(complete) < LEAST_FOR_IMPORTANCES or len(complete[0].params) < 2:
        return None
    return optuna.importance.get_param_importances(study)


def describe_score(metric: Metric, value: float) -> str:
    """Return e.g. ``98.93%``, or ``0.0312`` for a loss."""
    return f"{value:.2%}" if metric == "validation_accuracy" else f"{value:.4f}"


def describe_value(metric: Metric, value: float) -> str:
    """Return e.g. ``validation accuracy 98.93%``."""
    return f"{metric.replace('_', ' ')} {describe_score(metric, value)}"


def describe_interval(interval: tuple[float, float] | None) -> str:
    """Return e.g. `` (95 % interval 98.60% to 99.10%)``, empty without an interval."""
    if interval is None:
        return ""
    low, high = interval
    return f" (95 % interval {low:.2%} to {high:.2%})"


def _value(trial: FrozenTrial) -> float:
    assert trial.value is not None
    return trial.value
