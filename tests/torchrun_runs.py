"""Real processes that torchrun launches on this machine, on pictures that take milliseconds."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path


def environment() -> dict[str, str]:
    """Return this process's variables, with one thread that does not spin for each process."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def command(
    num_processes: int, words: list[str], restarts: int = 0, module: str = "thumbnet"
) -> list[str]:
    """Return the command line of ``train`` with ``words`` in ``num_processes`` processes."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launcher += [f"--nproc-per-node={num_processes}", f"--max-restarts={restarts}"]
    return [*launcher, "-m", module, "train", *words, "--quiet", "--json"]


def words_for(pictures: Path, out: Path, *changes: str) -> list[str]:
    """Return the arguments of a run of ten batches an epoch, the last one of two images."""
    words = ["tutorial-mlp", "--data", f"folder:{pictures}", "--out", str(out), "--device", "cpu"]
    for change in ("epochs=2", "batch_size=7", "data.validation=7", "threads=1", *changes):
        words += ["--set", change]
    return words


def batch_losses(run: Path) -> list[float]:
    """Return the loss of every batch, in the order of training."""
    return losses_in((run / "metrics.jsonl").read_bytes())


def losses_in(lines: bytes) -> list[float]:
    """Return the loss of every batch that whole lines of a metrics file tell of."""
    events = [json.loads(line) for line in lines.splitlines()]
    return [loss for event in events if event["event"] == "step" for loss in event["batch_losses"]]


def workers(launcher: int) -> dict[int, int]:
    """Return rank → process id of those that ``launcher`` started."""
    found = {}
    for child in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split():
        # A child that asks the system something may have ended meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for variable in Path(f"/proc/{child}/environ").read_bytes().split(b"\0"):
                if variable.startswith(b"RANK="):
                    found[int(variable.removeprefix(b"RANK="))] = int(child)
    return found


def kill_rank(launcher: int, rank: int) -> int:
    """Kill the process of ``rank`` that ``launcher`` started; return its id."""
    process_id = workers(launcher)[rank]
    os.kill(process_id, signal.SIGKILL)
    return process_id
