"""Checkpoints that survive a crash at any moment.

One file holds the complete state: a line with the format and the SHA-256 of the rest, then torch's
own archive, which is read with ``weights_only=True`` (no code runs). A file is written under a
temporary name, synced and renamed; the two newest are kept.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from thumbnet import files
from thumbnet.errors import CheckpointError

FORMAT = "thumbnet-checkpoint 1"
NUM_GENERATIONS = 2
_NAME = re.compile(r"step-(\d{9})\.ckpt")


class CheckpointFolder:
    """The ``checkpoints/`` folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, step: int, state: dict[str, Any]) -> Path:
        """Write ``state`` (tensors, numbers, strings and containers of them) as of ``step``.

        Raises:
            OutputError: the disk is full or not writable; the older generations are untouched.
        """
        buffer = io.BytesIO()
        torch.save(state, buffer)
        payload = buffer.getvalue()
        digest = hashlib.sha256(payload).hexdigest()
        path = self.folder / f"step-{step:09d}.ckpt"
        for leftover in self.folder.glob(".step-*.tmp"):  # of a process that was killed
            leftover.unlink(missing_ok=True)
        files.write_atomically(path, f"{FORMAT} {digest}\n".encode() + payload)
        for old in self.generations()[NUM_GENERATIONS:]:
            old.unlink(missing_ok=True)
        return path

    def generations(self) -> list[Path]:
        """Return the checkpoint files, newest first."""
        found = [path for path in self.folder.glob("step-*.ckpt") if _NAME.fullmatch(path.name)]
        return sorted(found, reverse=True)

    def load_newest(self, warn: Callable[[str], None]) -> dict[str, Any]:
        """Return the newest state that is whole; ``warn`` is told of damaged ones passed over.

        Raises:
            CheckpointError: there is none, or none is whole.
        """
        problems = []
        for path in self.generations():
            try:
                state = read_checkpoint(path)
            except CheckpointError as error:
                problems.append(f"{path.name}: {error.what}")
                continue
            if problems:
                warn(f"damaged checkpoint passed over ({'; '.join(problems)}); using {path.name}")
            return state
        raise CheckpointError(
            "the run's checkpoints are damaged" if problems else "the run has no checkpoint",
            got="; ".join(problems) or self.folder,
            expected="at least one whole step-*.ckpt",
            fix="restore it from a backup, or start a new run",
        )


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read one checkpoint file onto the CPU.

    Raises:
        CheckpointError: it cannot be read, is cut off or changed, or of another format.
    """
    try:
        header, _, payload = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise CheckpointError(
            f"the checkpoint cannot be read: {error.strerror}", got=path
        ) from None
    kind, _, digest = header.decode("ascii", errors="replace").rpartition(" ")
    if kind != FORMAT:
        raise CheckpointError("no checkpoint of this version", got=f"{path}: {kind[:40]!r}")
    if hashlib.sha256(payload).hexdigest() != digest:
        raise CheckpointError("the checksum does not fit", got=path)
    try:
        state = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    # Whatever torch's reader raises for a content that it did not write, the file is what is wrong.
    except Exception as error:
        detail = str(error) or type(error).__name__
        raise CheckpointError(f"the checkpoint cannot be decoded: {detail}", got=path) from error
    if not isinstance(state, dict):
        raise CheckpointError("the checkpoint cannot be decoded: it holds no state", got=path)
    return state
