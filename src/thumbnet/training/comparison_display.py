"""What a person sees while many runs are trained: one bar over all of them, and the time left."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from thumbnet.training.progress import Silent
from thumbnet.training.state import EpochScores


class TimeLeft:
    """Estimates the time left from the runs that are done, each kind by itself.

    Args:
        kinds: of the runs to come, in order; runs of one kind take about the same time.
    """

    def __init__(self, kinds: Sequence[str]) -> None:
        self._to_come = list(kinds)
        self._seconds: dict[str, list[float]] = {}

    def finish(self, seconds: float) -> None:
        """Note that the first of the runs to come is done and took ``seconds``."""
        self._seconds.setdefault(self._to_come.pop(0), []).append(seconds)

    def estimate(self, elapsed_s: float = 0.0, fraction: float = 0.0) -> float | None:
        """Return the seconds left, None while nothing is known.

        Args:
            elapsed_s: since the first of the runs to come began.
            fraction: how much of it is done.
        """
        if not self._to_come:
            return 0.0
        known = {kind: statistics.fmean(values) for kind, values in self._seconds.items()}
        if self._to_come[0] not in known and fraction > 0:
            known[self._to_come[0]] = elapsed_s / fraction
        if not known:
            return None
        # Of a kind that has not been seen yet: as the others are on average.
        usual = statistics.fmean(known.values())
        each = [known.get(kind, usual) for kind in self._to_come]
        return sum(each) - min(elapsed_s, each[0])


class RunsDisplay(Silent):
    """Progress over all runs of a comparison; each run tells it what it does.

    On a terminal a bar, elsewhere a line when a run has ended, nothing at all if not wanted.

    Args:
        kinds: of the runs to come, in order.
        num_done: runs that were done before.
        progress: show anything.
    """

    def __init__(self, kinds: Sequence[str], num_done: int, progress: bool) -> None:
        self.num_runs = num_done + len(kinds)
        self.num_done = num_done
        self._left = TimeLeft(kinds)
        self._is_shown = progress
        self._started = time.monotonic()
        self._label, self._epochs, self._num_steps = "", 1, 1
        self._bar: Progress | None = None
        if progress and sys.stderr.isatty():
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.fields[runs]}"),
                BarColumn(),
                TextColumn("{task.description}"),
                TextColumn("{task.fields[left]}"),
                console=Console(stderr=True, highlight=False),
                transient=True,
            )
            self._bar.add_task("", total=self.num_runs, runs="", left="")

    def __enter__(self) -> RunsDisplay:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, label: str) -> None:
        """Say which run begins."""
        self._label, self._started = label, time.monotonic()
        self._show(0.0, label)

    def finish(self, outcome: str) -> None:
        """Say how the run ended."""
        self._left.finish(time.monotonic() - self._started)
        self.num_done += 1
        left = format_left(self._left.estimate())
        self.message(f"{self.num_done}/{self.num_runs}  {self._label}  {outcome}{left}")

    def message(self, text: str) -> None:
        """Show a line that stays."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False)
        elif self._is_shown:
            print(text, file=sys.stderr, flush=True)

    def start(self, num_epochs: int, steps_per_epoch: int, step: int) -> None:
        """Training begins, or goes on after ``step`` steps."""
        self._epochs, self._num_steps = num_epochs, num_epochs * steps_per_epoch
        self._show(step / self._num_steps, f"{self._label}, epoch {step // steps_per_epoch + 1}")

    def update(self, step: int, epoch: int, loss: float, images_per_s: float) -> None:
        """``step`` steps of the run are done."""
        del loss, images_per_s
        text = f"{self._label}, epoch {epoch} of {self._epochs}"
        self._show(step / self._num_steps, text)

    def epoch(self, scores: EpochScores) -> None:
        """Show nothing for an epoch: there would be too many."""

    def _show(self, fraction: float, text: str) -> None:
        if self._bar is None:
            return
        left = self._left.estimate(time.monotonic() - self._started, fraction)
        self._bar.update(
            self._bar.task_ids[0],
            completed=self.num_done + fraction,
            description=text,
            runs=f"{self.num_done}/{self.num_runs} runs",
            left=format_left(left).lstrip(", "),
        )


def format_left(seconds: float | None) -> str:
    """Return e.g. ``, about 3 min left``; nothing if not known, or nothing is left."""
    if not seconds:
        return ""
    if seconds < 90:
        return f", about {max(1, round(seconds))} s left"
    if seconds < 5400:
        return f", about {round(seconds / 60)} min left"
    return f", about {seconds / 3600:.1f} h left"
