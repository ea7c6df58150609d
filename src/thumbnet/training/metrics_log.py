"""``metrics.jsonl``: one line for every log step and every epoch; optionally TensorBoard too."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from thumbnet.errors import CheckpointError, MissingExtraError
from thumbnet.training.run_files import METRICS


class MetricsLog:
    """Appends lines to a run's ``metrics.jsonl``.

    Args:
        folder: the run folder.
        offset: bytes to keep: a resumed run drops what came after its checkpoint, since it will
            happen again.
        tensorboard: also write event files under ``tensorboard/``.

    Raises:
        CheckpointError: the file is shorter than ``offset``.
        MissingExtraError: ``tensorboard`` without the library.
    """

    def __init__(self, folder: Path, offset: int = 0, tensorboard: bool = False) -> None:
        path = folder / METRICS
        size = path.stat().st_size if path.exists() else 0
        if size < offset:
            raise CheckpointError(
                "the run's metrics are shorter than its checkpoint says",
                got=f"{path}, {size} bytes",
                expected=f"at least {offset}",
                fix="restore the file from a backup, or start a new run",
            )
        self._tensorboard = _make_tensorboard(folder) if tensorboard else None
        self._file = path.open("ab")
        self._file.truncate(offset)

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        if self._tensorboard is not None:
            self._tensorboard.close()

    def write(self, event: str, values: dict[str, Any]) -> None:
        """Append one line: ``{"event": event, **values}``; ``values`` must hold ``step``."""
        line = json.dumps({"event": event, **values}, allow_nan=False)
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        if self._tensorboard is not None:
            for name, value in values.items():
                if isinstance(value, float):
                    self._tensorboard.add_scalar(f"{event}/{name}", value, values["step"])

    def sync(self) -> int:
        """Make all lines survive a power cut; return the file's length in bytes."""
        os.fsync(self._file.fileno())
        return self._file.tell()


class NoLog(contextlib.nullcontext[None]):
    """Writes nothing: the log of the processes that are not rank 0."""

    def write(self, event: str, values: dict[str, Any]) -> None:
        """Do nothing."""

    def sync(self) -> int:
        """Return 0."""
        return 0


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's ``metrics.jsonl``, oldest first."""
    with (folder / METRICS).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _make_tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingExtraError(
            "writing TensorBoard events needs the tensorboard library",
            fix="pip install 'thumbnet[tensorboard]'",
        ) from None
    return SummaryWriter(str(folder / "tensorboard"))
