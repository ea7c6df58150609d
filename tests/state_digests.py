"""``python -m state_digests train …``: a training that also notes what every checkpoint holds.

``STATE_DIGESTS`` names the file; each line is a step and the digest of the state as of that step.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

from torch import Tensor

from thumbnet.__main__ import main
from thumbnet.training.checkpoint import CheckpointFolder

# Another run of the same recipe has other values of these.
OWN = {"train_seconds", "evaluation_seconds", "num_resumed", "metrics_offset"}


def digest(state: dict[str, Any]) -> str:
    """Return a SHA-256 (hex) over all of a checkpoint that does not depend on the clock."""
    whole = hashlib.sha256()

    def add(value: object) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                if key not in OWN:
                    whole.update(f"{key!r}:".encode())
                    add(item)
        elif isinstance(value, list | tuple):
            whole.update(f"{len(value)} items:".encode())
            for item in value:
                add(item)
        elif isinstance(value, Tensor):
            whole.update(f"{value.dtype} {tuple(value.shape)}:".encode())
            whole.update(value.detach().cpu().contiguous().numpy().tobytes())
        else:
            whole.update(f"{value!r};".encode())

    add(state)
    return whole.hexdigest()


def note_digests(path: Path) -> None:
    """Let every checkpoint that is saved from now on be noted in the file ``path``."""
    save = CheckpointFolder.save

    def save_and_note(folder: CheckpointFolder, step: int, state: dict[str, Any]) -> Path:
        with path.open("a") as file:
            file.write(f"{step} {digest(state)}\n")
        return save(folder, step, state)

    CheckpointFolder.save = save_and_note  # type: ignore[method-assign]


if __name__ == "__main__":
    note_digests(Path(os.environ["STATE_DIGESTS"]))
    sys.exit(main())
