"""What a person sees while a model trains: a live display, or plain lines for a log. On stderr."""

from __future__ import annotations

import sys
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from thumbnet.training.state import EpochScores


class ProgressDisplay(Protocol):
    """Told what happens in training; every method returns at once."""

    def message(self, text: str) -> None:
        """Show a line that stays."""

    def start(self, num_epochs: int, steps_per_epoch: int, step: int) -> None:
        """Training begins, or goes on after ``step`` steps."""

    def update(self, step: int, epoch: int, loss: float, images_per_s: float) -> None:
        """``step`` steps are done; ``loss`` is the mean since the last update."""

    def epoch(self, scores: EpochScores) -> None:
        """An epoch has ended."""

    def stop(self) -> None:
        """Training has ended, well or not; may be called twice."""


class Silent:
    """Shows nothing."""

    def message(self, text: str) -> None:
        """Do nothing."""

    def start(self, num_epochs: int, steps_per_epoch: int, step: int) -> None:
        """Do nothing."""

    def update(self, step: int, epoch: int, loss: float, images_per_s: float) -> None:
        """Do nothing."""

    def epoch(self, scores: EpochScores) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class PlainLines(Silent):
    """One line per epoch, for logs and pipes."""

    def message(self, text: str) -> None:
        """Print ``text`` on stderr."""
        print(text, file=sys.stderr, flush=True)

    def start(self, num_epochs: int, steps_per_epoch: int, step: int) -> None:
        """Say how much there is to do."""
        done = f", {step} steps of them done" if step else ""
        self.message(f"training: {num_epochs} epochs of {steps_per_epoch} batches{done}")

    def epoch(self, scores: EpochScores) -> None:
        """Print the epoch's row."""
        self.message(format_scores(scores))


class LiveDisplay:
    """A bar with epoch, batch, loss, images per second, the time left; the epochs' rows stay."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("epoch {task.fields[epoch]}/{task.fields[num_epochs]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.4f}"),
            TextColumn("{task.fields[images_per_s]:,.0f} images/s"),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None

    def message(self, text: str) -> None:
        """Print ``text`` above the bar."""
        self._progress.console.print(text, markup=False)

    def start(self, num_epochs: int, steps_per_epoch: int, step: int) -> None:
        """Show the bar."""
        self._task = self._progress.add_task(
            "train",
            total=num_epochs * steps_per_epoch,
            completed=step,
            epoch=step // steps_per_epoch + 1,
            num_epochs=num_epochs,
            loss=float("nan"),
            images_per_s=0.0,
        )
        self._progress.start()

    def update(self, step: int, epoch: int, loss: float, images_per_s: float) -> None:
        """Move the bar."""
        assert self._task is not None
        self._progress.update(
            self._task, completed=step, epoch=epoch, loss=loss, images_per_s=images_per_s
        )

    def epoch(self, scores: EpochScores) -> None:
        """Print the epoch's row above the bar."""
        self.message(format_scores(scores))

    def stop(self) -> None:
        """Remove the bar."""
        self._progress.stop()


def make_display(progress: bool = True) -> ProgressDisplay:
    """Return a live display on a terminal, plain lines elsewhere, silence if not wanted."""
    if not progress:
        return Silent()
    return LiveDisplay() if sys.stderr.isatty() else PlainLines()


def format_scores(scores: EpochScores) -> str:
    """Return an epoch's row, e.g. ``epoch 3  loss 0.0812  accuracy 97.51 %  …``."""
    parts = [
        f"epoch {scores.epoch:>3}",
        f"loss {scores.train_loss:.4f}",
        f"accuracy {scores.train_accuracy:.2%}",
    ]
    if scores.validation_accuracy is not None and scores.validation_loss is not None:
        parts.append(f"validation loss {scores.validation_loss:.4f}")
        parts.append(f"accuracy {scores.validation_accuracy:.2%}")
    return "  ".join([*parts, f"{scores.train_seconds:.1f} s"])
