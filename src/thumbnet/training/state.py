"""Where a run stands: what a resumed run continues from, beside weights and optimiser."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import torch
from torch import Tensor

from thumbnet.errors import DivergedError
from thumbnet.training.process_group import ALONE, ProcessGroup


@dataclass(frozen=True)
class EpochScores:
    """One row of the learning curve.

    Attributes:
        epoch: 1 for the first.
        step: steps done at its end, over all epochs.
        train_loss: mean over the epoch's images of the loss at the moment each was trained on.
        train_accuracy: likewise; a running figure, measured on augmented images, dropout on.
        validation_loss: mean cross-entropy (nats) over the validation images, None without them.
        validation_accuracy: fraction right, None without validation images.
        learning_rate: of the last step.
        train_seconds: since the run began, without evaluation and saving.
    """

    epoch: int
    step: int
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    train_seconds: float


@dataclass
class TrainingState:
    """The position in the run and the sums of the epoch under way.

    Losses stay on the device until ``flush``, so that recording a step never waits for it.
    """

    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    num_correct: int = 0
    num_images: int = 0
    train_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    num_resumed: int = 0
    scores: list[EpochScores] = field(default_factory=list)
    best_epoch: int = 0
    best_weights: dict[str, Tensor] | None = None
    stopped_early: bool = False
    learning_rate: float = 0.0
    _pending: list[tuple[Tensor, Tensor, int]] = field(default_factory=list)

    def record(self, loss: Tensor, num_correct: Tensor, num_images: int) -> None:
        """Note one step of ``num_images`` images.

        ``loss`` and ``num_correct`` are 0-d tensors on the device: this process's parts of the
        batch's mean loss and of its right answers.
        """
        self._pending.append((loss, num_correct, num_images))
        self.step_in_epoch += 1
        self.step += 1

    def flush(self, group: ProcessGroup = ALONE) -> list[float]:
        """Fetch what ``record`` noted since the last flush, add it up, and return the batch losses.

        Losses and right answers are summed over the processes of ``group``, at the same step.

        Raises:
            DivergedError: one of the losses is not finite.
        """
        if not self._pending:
            return []
        losses = group.sum(torch.stack([loss for loss, _, _ in self._pending])).tolist()
        correct = group.sum(torch.stack([right for _, right, _ in self._pending])).tolist()
        counts = [count for _, _, count in self._pending]
        self._pending.clear()
        for index, loss in enumerate(losses):
            if not math.isfinite(loss):
                raise DivergedError(
                    f"the loss is {loss} at step {self.step - len(losses) + index + 1}"
                    f" (epoch {self.epoch + 1}, learning rate {self.learning_rate:.4g})",
                    expected="a finite number",
                )
        # One by one, so that the sum does not depend on when it was flushed.
        for loss, count in zip(losses, counts, strict=True):
            self.loss_sum += loss * count
        self.num_correct += sum(correct)
        self.num_images += sum(counts)
        return losses

    def start_next_epoch(self) -> None:
        """Move to the beginning of the next epoch."""
        self.epoch += 1
        self.step_in_epoch = 0
        self.loss_sum, self.num_correct, self.num_images = 0.0, 0, 0

    def to_dict(self) -> dict[str, Any]:
        """Return everything for a checkpoint; ``flush`` must have been called."""
        assert not self._pending
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "_pending"}
        return values | {"scores": [asdict(row) for row in self.scores]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainingState:
        """Return the state that ``to_dict`` described."""
        return cls(**values | {"scores": [EpochScores(**row) for row in values["scores"]]})
