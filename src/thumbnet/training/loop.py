"""The training loop: batch → forward → backward → step → log → save, and evaluate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from thumbnet.errors import DivergedError
from thumbnet.training.batches import Batch, TrainingImages, batch_bounds
from thumbnet.training.checkpoint import CheckpointFolder
from thumbnet.training.device import autocast
from thumbnet.training.ema import WeightAverage
from thumbnet.training.interruption import StopRequest
from thumbnet.training.losses import LossFunction
from thumbnet.training.metrics_log import MetricsLog, NoLog
from thumbnet.training.process_group import ProcessGroup
from thumbnet.training.progress import ProgressDisplay
from thumbnet.training.randomness import derive_seed, seed_device
from thumbnet.training.recipe import Recipe
from thumbnet.training.schedules import learning_rate_factor
from thumbnet.training.state import EpochScores, TrainingState

Validate = Callable[[nn.Module], tuple[float, float]]


@dataclass
class Training:
    """Everything that the loop moves: built by ``thumbnet.training.setup``.

    Attributes:
        recipe: what is asked for.
        device: where model and images are.
        bf16: whether the forward pass runs in bf16 autocast.
        model: the network that is trained.
        forward: the same network, compiled if the recipe says so.
        loss: mean loss of a batch.
        optimizer: over the model's parameters.
        average: the running mean of the weights, if the recipe has one.
        images: the training images.
        validate: model → (mean loss, accuracy) on the validation images, if there are any.
        group: the processes that train together.
        identity: what a checkpoint must agree with to be continued, e.g. the data's hash.
    """

    recipe: Recipe
    device: torch.device
    bf16: bool
    model: nn.Module
    forward: Callable[[Tensor], Tensor]
    loss: LossFunction
    optimizer: torch.optim.Optimizer
    average: WeightAverage | None
    images: TrainingImages
    validate: Validate | None
    group: ProcessGroup
    identity: dict[str, Any]

    def step(self, batch: Batch, learning_rate: float) -> tuple[Tensor, Tensor]:
        """Do one step.

        Returns:
            This process's parts of the whole batch's mean loss and of its number of right answers,
            0-d on the device.
        """
        with autocast(self.device, self.bf16):
            logits = self.forward(batch.images)
        loss = self.loss(logits.float(), batch.labels) * batch.fraction
        self.optimizer.zero_grad(set_to_none=True)
        # The gradients are averaged over the processes, but the batch's mean is a sum of parts.
        (loss * self.group.world_size).backward()  # type: ignore[no-untyped-call]
        if self.recipe.gradient_clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.gradient_clip)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate * group.get("rate_factor", 1.0)
        self.optimizer.step()
        if self.average is not None:
            self.average.update(self.model)
        num_correct = (logits.detach().argmax(1) == batch.labels).sum()
        return loss.detach(), num_correct * (batch.fraction > 0)

    def averaged_weights(self) -> dict[str, Tensor]:
        """Return what evaluation uses: the running mean where there is one, else the weights."""
        return self.average.mean if self.average is not None else self.model.state_dict()


class Saver:
    """Saves the complete state at the end of epochs, now and then between, and on request."""

    def __init__(
        self, training: Training, folder: CheckpointFolder, log: MetricsLog | NoLog
    ) -> None:
        self.training, self.folder, self.log = training, folder, log
        self._last_save = time.monotonic()

    def is_due(self) -> bool:
        """Return whether the recipe's ``checkpoint_every_s`` have passed."""
        return time.monotonic() - self._last_save >= self.training.recipe.checkpoint_every_s

    def save(self, state: TrainingState) -> None:
        """Save in rank 0 what is whole once every process has come here. See ``write``."""
        if self.training.group.is_main:
            self.write(state)
        self.training.group.wait()
        self._last_save = time.monotonic()

    def write(self, state: TrainingState) -> None:
        """Write a checkpoint; ``state`` must be flushed.

        Raises:
            DivergedError: a weight is not finite: such a state must not replace a good one.
        """
        training = self.training
        weights = training.model.state_dict()
        for name, value in weights.items():
            if not bool(torch.isfinite(value).all()):
                raise DivergedError(
                    f"'{name}' has values that are not finite after step {state.step}"
                    f" (learning rate {state.learning_rate:.4g})"
                )
        contents = {
            "identity": training.identity,
            "state": state.to_dict(),
            "metrics_offset": self.log.sync(),
            "model": weights,
            "optimizer": training.optimizer.state_dict(),
            "average": training.average.state_dict() if training.average else None,
        }
        self.folder.save(state.step, contents)


def train_epochs(
    training: Training,
    state: TrainingState,
    log: MetricsLog | NoLog,
    saver: Saver,
    display: ProgressDisplay,
    stop: StopRequest,
) -> None:
    """Train from where ``state`` stands to the recipe's end.

    Raises:
        DivergedError: the loss is not finite; the last checkpoint is good.
        Interrupted: a signal asked to stop; everything is saved.
        OutputError: a checkpoint cannot be written; the one before it is untouched.
    """
    recipe = training.recipe
    bounds = batch_bounds(len(training.images), recipe.batch_size)
    num_steps = recipe.epochs * len(bounds)
    display.start(recipe.epochs, len(bounds), state.step)
    while state.epoch < recipe.epochs and not state.stopped_early:
        clock = time.perf_counter()
        training.images.start_epoch(state.epoch)
        training.model.train()
        while state.step_in_epoch < len(bounds):
            start, stop_at = bounds[state.step_in_epoch]
            place = (state.epoch, state.step_in_epoch)
            rank = training.group.rank
            seed_device(training.device, derive_seed(recipe.seed, "dropout", *place, rank))
            batch = training.images.batch(start, stop_at, *place)
            factor = learning_rate_factor(recipe.schedule, state.step, num_steps, len(bounds))
            state.learning_rate = recipe.optimizer.learning_rate * factor
            loss, num_correct = training.step(batch, state.learning_rate)
            state.record(loss, num_correct, stop_at - start)

            at_end = state.step_in_epoch == len(bounds)
            is_due = at_end or state.step % recipe.log_every_steps == 0
            must_save = _agree_to_save(training, saver, stop, at_end, is_due)
            if is_due or must_save:
                losses = state.flush(training.group)
                now = time.perf_counter()
                state.train_seconds += now - clock
                _log_step(
                    state, losses, log, display, len(losses) * recipe.batch_size / (now - clock)
                )
                if must_save:
                    saver.save(state)
                    stop.raise_if_requested()
                clock = time.perf_counter()
        _end_epoch(training, state, log, display)
        saver.save(state)
        stop.raise_if_requested()


def _agree_to_save(
    training: Training, saver: Saver, stop: StopRequest, at_end: bool, is_due: bool
) -> bool:
    """Return whether to save after this step, on a signal or by the clock, in every process alike.

    Processes that train together ask each other when they exchange their losses anyhow.
    """
    if training.group.world_size > 1 and not is_due:
        return False
    wishes = [stop.signal_number or 0, int(saver.is_due() and not at_end)]
    signal_number, must_save = training.group.largest(wishes)
    stop.signal_number = signal_number or None
    return bool(signal_number or must_save)


def _log_step(
    state: TrainingState,
    losses: list[float],
    log: MetricsLog | NoLog,
    display: ProgressDisplay,
    images_per_s: float,
) -> None:
    mean = math.fsum(losses) / len(losses)
    values = {
        "step": state.step,
        "epoch": state.epoch + 1,
        "loss": mean,
        "learning_rate": state.learning_rate,
        "images_per_s": round(images_per_s, 1),
        "batch_losses": losses,
    }
    log.write("step", values)
    display.update(state.step, state.epoch + 1, mean, images_per_s)


def _end_epoch(
    training: Training, state: TrainingState, log: MetricsLog | NoLog, display: ProgressDisplay
) -> None:
    start = time.perf_counter()
    # Batch-norm statistics are each process's own until here; rank 0's count.
    training.group.broadcast(training.model.buffers())
    if training.average is not None:
        training.group.broadcast(training.average.mean.values())
    validation_loss, validation_accuracy = _validate(training)
    state.evaluation_seconds += time.perf_counter() - start
    if validation_loss is not None and not math.isfinite(validation_loss):
        raise DivergedError(
            f"the validation loss is {validation_loss} after step {state.step}"
            f" (epoch {state.epoch + 1}, learning rate {state.learning_rate:.4g})",
            expected="a finite number",
        )
    scores = EpochScores(
        epoch=state.epoch + 1,
        step=state.step,
        train_loss=state.loss_sum / state.num_images,
        train_accuracy=state.num_correct / state.num_images,
        validation_loss=validation_loss,
        validation_accuracy=validation_accuracy,
        learning_rate=state.learning_rate,
        train_seconds=state.train_seconds,
    )
    state.scores.append(scores)
    _stop_early(training, state)
    log.write("epoch", asdict(scores))
    display.epoch(scores)
    state.start_next_epoch()


def _validate(training: Training) -> tuple[float | None, float | None]:
    if training.validate is None:
        return None, None
    if training.average is None:
        return training.validate(training.model)
    weights = {name: value.clone() for name, value in training.model.state_dict().items()}
    training.model.load_state_dict(training.average.mean)
    try:
        return training.validate(training.model)
    finally:
        training.model.load_state_dict(weights)


def _stop_early(training: Training, state: TrainingState) -> None:
    """Keep the best epoch's weights; stop when ``patience_epochs`` brought no better one."""
    section = training.recipe.early_stopping
    if not section.patience_epochs:
        return
    sign = -1 if section.metric == "validation_loss" else 1
    values = [sign * getattr(row, section.metric) for row in state.scores]
    if not state.best_epoch or (
        values[-1] > values[state.best_epoch - 1] + section.min_improvement
    ):
        state.best_epoch = len(values)
        weights = training.averaged_weights()
        state.best_weights = {name: value.detach().clone() for name, value in weights.items()}
    state.stopped_early = len(values) - state.best_epoch >= section.patience_epochs
