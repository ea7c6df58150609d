"""One trial: a training that is scored on the validation images and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch

from thumbnet.training.device import pinned
from thumbnet.training.finish import kept_scores
from thumbnet.training.interruption import StopRequest
from thumbnet.training.loop import Saver, train_epochs
from thumbnet.training.metrics_log import NoLog
from thumbnet.training.progress import ProgressDisplay, Silent
from thumbnet.training.recipe import Recipe
from thumbnet.training.setup import RunData, prepare_training
from thumbnet.training.state import EpochScores, TrainingState

Metric = Literal["validation_accuracy", "validation_loss"]


class EpochWatcher(Silent):
    """A display that tells each epoch's scores to ``watch``, which may raise to end the training.

    Args:
        bar: shows steps; the epochs' rows are left out.
        watch: called at the end of every epoch.
        tick: called after every logged step.
    """

    def __init__(
        self,
        bar: ProgressDisplay,
        watch: Callable[[EpochScores], None],
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._bar, self._watch, self._tick = bar, watch, tick

    def start(self, num_epochs: int, steps_per_epoch: int, step: int) -> None:
        """Show the bar."""
        self._bar.start(num_epochs, steps_per_epoch, step)

    def update(self, step: int, epoch: int, loss: float, images_per_s: float) -> None:
        """Move the bar."""
        self._bar.update(step, epoch, loss, images_per_s)
        self._tick()

    def epoch(self, scores: EpochScores) -> None:
        """Tell the scores."""
        self._watch(scores)

    def stop(self) -> None:
        """Remove the bar."""
        self._bar.stop()


class _NoSaver(Saver):
    """Saves nothing: a trial that is stopped begins anew."""

    def __init__(self) -> None:
        pass

    def is_due(self) -> bool:
        return False

    def save(self, state: TrainingState) -> None:
        pass


def train_trial(
    recipe: Recipe,
    data: RunData,
    device: torch.device,
    display: ProgressDisplay,
    stop: StopRequest,
) -> EpochScores:
    """Train ``recipe`` in memory, and return the scores of the epoch whose weights it would keep.

    The same weights as ``train`` with the same recipe would give, without run folder and test set.

    Args:
        recipe: what to train.
        data: on what; for scores it needs validation images.
        device: where.
        display: told of steps and epochs; what it raises ends the training.
        stop: asked after every step.

    Raises:
        DivergedError: the loss is not finite.
        Interrupted: ``stop`` was asked for.
        ModelError: the model cannot be built for this input.
    """
    with pinned(recipe.threads):
        training, state = prepare_training(recipe, data, device)
        try:
            train_epochs(training, state, NoLog(), _NoSaver(), display, stop)
        finally:
            display.stop()
    return kept_scores(state)
