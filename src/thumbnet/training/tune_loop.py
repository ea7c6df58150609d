"""The loop of ``tune``: begin a trial → train it → tell the study how it ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import optuna
import torch
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import Trial, TrialState

from thumbnet.errors import DivergedError
from thumbnet.training.interruption import StopRequest
from thumbnet.training.progress import LiveDisplay, ProgressDisplay, Silent
from thumbnet.training.recipe import Recipe
from thumbnet.training.search_space import Space
from thumbnet.training.setup import RunData, load_run_data
from thumbnet.training.state import EpochScores
from thumbnet.training.tune_result import DIVERGED, EPOCH, describe_value
from thumbnet.training.tune_study import TuningStudy
from thumbnet.training.tune_trial import EpochWatcher, Metric, train_trial


@dataclass(frozen=True)
class Tuner:
    """What this process needs for any trial of the study.

    Attributes:
        study: which it works on.
        space: what trials are made from.
        metric: what is compared.
        data: of the recipe that the space starts from.
        device: where it trains.
        stop: asked after every step.
        say: shows a line; None to show nothing.
    """

    study: TuningStudy
    space: Space
    metric: Metric
    data: RunData
    device: torch.device
    stop: StopRequest
    say: Callable[[str], None] | None

    def run(
        self, num_trials: int | None, time_s: float | None, after_each: Callable[[], None]
    ) -> None:
        """Do trials until the study has ``num_trials``, or ``time_s`` seconds have passed.

        Raises:
            Interrupted: a signal asked to stop; the trial under way is marked as failed.
        """
        own, begin_s = self.space.own(), time.monotonic()
        while time_s is None or time.monotonic() - begin_s < time_s:
            self.stop.raise_if_requested()
            trial = self.study.begin_trial(self.space.distributions, own, num_trials)
            if trial is None:
                return
            self._run_trial(trial)
            after_each()

    def _run_trial(self, trial: Trial) -> None:
        begin_s = time.monotonic()
        try:
            ended = self._train(trial)
        except UpdateFinishedTrialError:
            ended = "taken for dead by another process, and repeated by it"
        except BaseException:
            # Whatever it was, the trial is no longer running, and its values say nothing.
            self.study.study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
            raise
        if self.say is not None:
            values = self.space.values(trial.params)
            shown = " ".join(f"{key}={describe_number(value)}" for key, value in values.items())
            seconds = time.monotonic() - begin_s
            self.say(f"trial {trial.number}: {ended}, {seconds:.1f} s  {shown}")

    def _train(self, trial: Trial) -> str:
        """Train ``trial``, tell the study, and return how it ended, in words."""
        recipe = self.space.recipe(trial.params)
        tell = self.study.study.tell

        def watch(scores: EpochScores) -> None:
            trial.report(getattr(scores, self.metric), scores.epoch)
            # A trial in its last epoch is complete, and ending it would save nothing.
            if scores.epoch < recipe.epochs and trial.should_prune():
                raise optuna.TrialPruned(f"pruned after epoch {scores.epoch} of {recipe.epochs}")

        watcher = EpochWatcher(self._bar(), watch, lambda: self.study.give_sign(trial))
        try:
            kept = train_trial(recipe, self._data_for(recipe), self.device, watcher, self.stop)
        except optuna.TrialPruned as pruned:
            tell(trial, state=TrialState.PRUNED)
            return str(pruned)
        except DivergedError as error:
            trial.set_user_attr(DIVERGED, error.what)
            # As pruned, not as failed: the sampler shall keep away from there.
            tell(trial, state=TrialState.PRUNED)
            return f"diverged ({error.what})"
        except torch.OutOfMemoryError:
            tell(trial, state=TrialState.PRUNED)
            return "out of memory"
        trial.set_user_attr(EPOCH, kept.epoch)
        value = getattr(kept, self.metric)
        tell(trial, value)
        return describe_value(self.metric, value)

    def _data_for(self, recipe: Recipe) -> RunData:
        base = self.space.base
        if (recipe.data, recipe.input.shape) == (base.data, base.input.shape):
            return self.data
        return load_run_data(recipe)

    def _bar(self) -> ProgressDisplay:
        return LiveDisplay() if self.say is not None and sys.stderr.isatty() else Silent()


def describe_number(value: Any) -> str:
    """Return a value as it is shown: a float with four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
