"""Two processes that train together, killed twenty times: no checkpoint is ever mixed or lost."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from state_digests import digest
from thumbnet.files import sha256
from thumbnet.training.checkpoint import CheckpointFolder
from tiny_runs import write_pictures
from torchrun_runs import batch_losses, command, environment, losses_in, words_for, workers

NUM_KILLS = 20
# Every step is saved, so that nearly every moment is one within a checkpoint's writing.
CHANGES = ("epochs=16", "checkpoint_every_s=0", "log_every_steps=1", "optimizer.momentum=0.9")
VICTIMS = ("rank 0", "rank 1", "all")
# In the middle of writing a file, so many steps after going on, or before going on.
MOMENTS = ("writing", "3 steps", "writing", "12 steps", "start")


@pytest.mark.slow
def test_no_checkpoint_is_mixed_in_20_kills(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "pictures", num_per_class=30)
    reference, killed = tmp_path / "reference", tmp_path / "killed"
    noted = tmp_path / "digests"
    subprocess.run(
        command(2, words_for(pictures, reference, *CHANGES), module="state_digests"),
        env={
            **environment(),
            "STATE_DIGESTS": str(noted),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        },
        check=True,
        capture_output=True,
        timeout=120,
    )
    expected = {int(step): text for step, text in map(str.split, noted.read_text().splitlines())}
    losses = batch_losses(reference)
    assert len(losses) == len(expected) - 1 == 160  # and the state before the first step

    words, steps, num_torn = words_for(pictures, killed, *CHANGES), [0], 0
    plan = itertools.islice(zip(itertools.cycle(VICTIMS), itertools.cycle(MOMENTS)), NUM_KILLS)
    for victim, moment in plan:
        with started(words) as launcher:
            wait_and_kill(launcher, killed, victim, moment, steps[-1])
        num_torn += bool(list(killed.glob("checkpoints/.step-*.tmp")))
        steps.append(check_newest(killed, expected, losses))
        words = ["--resume", str(killed)]
    assert steps == sorted(steps)
    assert 40 < steps[-1] < 160
    assert num_torn >= 4  # Rank 0 died with half a checkpoint on the disk.

    subprocess.run(
        command(2, words), env=environment(), check=True, capture_output=True, timeout=120
    )
    assert batch_losses(killed) == losses
    weights = Path("model", "model.safetensors")
    assert sha256(killed / weights) == sha256(reference / weights)


def test_digest_notices_every_part_but_the_clock() -> None:
    def state(weight: float = 1.0, momentum: float = 2.0, step: int = 3, clock: float = 4.0) -> Any:
        return {
            "model": {"weight": torch.tensor([0.0, weight])},
            "optimizer": {"state": {0: {"momentum_buffer": torch.tensor(momentum)}}},
            "state": {"step": step, "train_seconds": clock, "scores": [{"train_seconds": clock}]},
        }

    expected = digest(state())
    assert digest(state(clock=9.0)) == expected
    others = (state(weight=1.0000001), state(momentum=2.0000002), state(step=4))
    assert len({expected, *map(digest, others)}) == 4


def check_newest(run: Path, expected: dict[int, str], losses: list[float]) -> int:
    """Return the newest checkpoint's step, all parts of it being the reference's at that step."""
    checkpoints = CheckpointFolder(run / "checkpoints")
    state = checkpoints.load_newest(pytest.fail)
    step = int(state["state"]["step"])
    assert checkpoints.generations()[0].name == f"step-{step:09d}.ckpt"
    assert digest(state) == expected[step]
    metrics = (run / "metrics.jsonl").read_bytes()[: state["metrics_offset"]]
    assert len(metrics) == state["metrics_offset"]
    assert losses_in(metrics) == losses[:step]
    return step


@contextlib.contextmanager
def started(words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start two processes; by the end of the context they have failed, and are gone."""
    launcher = subprocess.Popen(
        command(2, words), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield launcher
        assert launcher.wait(timeout=60) != 0
    finally:
        if launcher.poll() is None:
            kill_all(launcher, workers(launcher.pid))


def wait_and_kill(
    launcher: subprocess.Popen[bytes], run: Path, victim: str, moment: str, before: int
) -> None:
    """Kill ``victim`` at ``moment``, ``before`` being the step that the run went on from."""
    folder = CheckpointFolder(run / "checkpoints")
    until(launcher, lambda: len(workers(launcher.pid)) == 2 and bool(folder.generations()))
    ranks = workers(launcher.pid)
    if moment == "writing":
        until(launcher, lambda: newest_step(folder) > before and is_stopped_writing(ranks[0], run))
    elif moment != "start":
        num_steps = int(moment.split()[0])
        until(launcher, lambda: newest_step(folder) >= before + num_steps)
    if victim == "all":
        kill_all(launcher, ranks)
    else:
        os.kill(ranks[int(victim.split()[1])], signal.SIGKILL)
        if victim != "rank 0":
            os.kill(ranks[0], signal.SIGCONT)  # It ends its file before it misses the other.


def is_stopped_writing(process_id: int, run: Path) -> bool:
    """Stop rank 0; leave it so, and return True, if that is between a file's begin and its end."""
    os.kill(process_id, signal.SIGSTOP)
    while state_of(process_id) not in "TZX":
        pass
    if list(run.glob("checkpoints/.step-*.tmp")):
        return True
    os.kill(process_id, signal.SIGCONT)
    return False


def state_of(process_id: int) -> str:
    """Return the letter by which Linux tells whether a process runs, sleeps or is stopped."""
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]


def newest_step(folder: CheckpointFolder) -> int:
    return int(folder.generations()[0].stem.removeprefix("step-"))


def kill_all(launcher: subprocess.Popen[bytes], ranks: dict[int, int]) -> None:
    """Kill the launcher, which would start no other, and then those that it started."""
    for process_id in (launcher.pid, *ranks.values()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)
    launcher.wait()
    until(None, lambda: all(is_gone(process_id) for process_id in ranks.values()))


def is_gone(process_id: int) -> bool:
    try:
        return state_of(process_id) in "ZX"
    except FileNotFoundError:
        return True


def until(launcher: subprocess.Popen[bytes] | None, condition: Callable[[], bool]) -> None:
    """Ask again and again, for a minute at most, while the launched processes live."""
    for _ in range(30_000):
        if condition():
            return
        assert launcher is None or launcher.poll() is None, "it ended before it was killed"
        time.sleep(0.002)
    raise AssertionError("the moment did not come")
