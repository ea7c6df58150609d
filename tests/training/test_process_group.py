"""Training by several real processes, launched by torchrun on this machine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import torch

from thumbnet.files import sha256
from thumbnet.training.checkpoint import read_checkpoint
from thumbnet.training.process_group import ALONE, ProcessGroup, local_device
from thumbnet.training.randomness import derive_seed
from tiny_runs import write_pictures
from torchrun_runs import batch_losses, command, environment, kill_rank, words_for, workers


def train(num_processes: int, words: list[str]) -> dict[str, object]:
    done = subprocess.run(
        command(num_processes, words),
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    (line,) = done.stdout.splitlines()
    result: dict[str, object] = json.loads(line)
    return result


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pictures", num_per_class=30)


def test_two_processes_train_as_one_does(pictures: Path, tmp_path: Path) -> None:
    augmentation = "augmentation.rotation_degrees=20"
    alone = train(1, words_for(pictures, tmp_path / "alone", augmentation))
    both = train(2, words_for(pictures, tmp_path / "both", augmentation))
    assert (alone["world_size"], both["world_size"]) == (1, 2)
    expected = batch_losses(tmp_path / "alone")
    assert batch_losses(tmp_path / "both") == pytest.approx(expected, abs=1e-5)
    assert len(expected) > 12
    for name in ("validation_accuracy", "test_accuracy"):
        assert both[name] == pytest.approx(alone[name], abs=1e-9)


@pytest.mark.slow
def test_more_processes_than_images_in_the_last_batch(pictures: Path, tmp_path: Path) -> None:
    train(1, words_for(pictures, tmp_path / "alone"))
    train(3, words_for(pictures, tmp_path / "many"))
    expected = batch_losses(tmp_path / "alone")
    assert batch_losses(tmp_path / "many") == pytest.approx(expected, abs=1e-5)


@pytest.mark.slow
def test_killed_worker_is_restarted_and_nothing_is_trained_twice(
    pictures: Path, tmp_path: Path
) -> None:
    changes = ("epochs=40", "checkpoint_every_s=0.1", "log_every_steps=2")
    train(2, words_for(pictures, tmp_path / "reference", *changes))
    out = tmp_path / "killed"
    process = subprocess.Popen(
        command(2, words_for(pictures, out, *changes), restarts=2),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    killed = None
    for _ in range(600):
        if len(list(out.glob("checkpoints/*.ckpt"))) == 2:
            killed = kill_rank(process.pid, 1)
            break
        time.sleep(0.05)
    assert killed is not None
    assert process.wait(timeout=120) == 0
    assert json.loads((out / "receipt.json").read_text())["num_resumed"] == 1
    assert batch_losses(out) == batch_losses(tmp_path / "reference")
    weights = Path("model", "model.safetensors")
    assert sha256(out / weights) == sha256(tmp_path / "reference" / weights)


@pytest.mark.slow
def test_two_launchers_that_count_a_restart_differently_go_on(
    pictures: Path, tmp_path: Path
) -> None:
    """The launcher whose own worker was well restarts it too, and does not count that."""
    out = tmp_path / "run"
    words = words_for(pictures, out, "epochs=40", "checkpoint_every_s=0.1", "log_every_steps=2")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        endpoint = f"localhost:{free.getsockname()[1]}"
    machine = [word for word in command(1, words, restarts=1) if word != "--standalone"]
    machine[3:3] = ["--nnodes=2", "--rdzv-backend=c10d", f"--rdzv-endpoint={endpoint}"]
    launchers = [
        subprocess.Popen(
            machine, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(2)
    ]
    for _ in range(600):
        if len(list(out.glob("checkpoints/*.ckpt"))) == 2:
            break
        time.sleep(0.05)
    (process_id,) = workers(launchers[0].pid).values()
    os.kill(process_id, signal.SIGKILL)
    assert [launcher.wait(timeout=120) for launcher in launchers] == [0, 0]
    assert json.loads((out / "receipt.json").read_text())["num_resumed"] == 1


@pytest.mark.slow
def test_sigterm_stops_all_with_one_whole_checkpoint(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "stopped"
    process = subprocess.Popen(
        command(2, words_for(pictures, out, "epochs=4000", "log_every_steps=2")),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(600):
        if len(list(out.glob("checkpoints/*.ckpt"))) == 2:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    newest = sorted(out.glob("checkpoints/*.ckpt"))[-1]
    state = read_checkpoint(newest)["state"]
    assert state["step"] == int(newest.stem.removeprefix("step-"))
    assert not (out / "receipt.json").exists()


def test_shares_of_a_batch_are_disjoint_complete_and_even() -> None:
    for size in range(1, 40):
        for world_size in range(1, 9):
            parts = [
                ProcessGroup(rank, world_size).share(5, 5 + size) for rank in range(world_size)
            ]
            assert [i for a, b in parts for i in range(a, b)] == list(range(5, 5 + size))
            lengths = [b - a for a, b in parts]
            assert max(lengths) - min(lengths) <= 1


def test_process_alone_asks_nobody() -> None:
    values = torch.tensor([1.0, 2.0])
    assert ALONE.sum(values) is values
    assert ALONE.largest([3, 4]) == [3, 4]
    assert ALONE.broadcast_text("here") == "here"
    model = torch.nn.Linear(2, 2)
    assert ALONE.wrap(model, torch.device("cpu")) is model


def test_ranks_draw_different_dropout_and_rank_0_as_one_alone() -> None:
    seeds = {derive_seed(1, "dropout", 2, 3, rank) for rank in range(8)}
    assert len(seeds) == 8
    assert derive_seed(1, "dropout", 2, 3, 0) == derive_seed(1, "dropout", 2, 3)


def test_each_process_takes_its_own_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert local_device(torch.device("cuda")) == torch.device("cuda")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "run")
    assert local_device(torch.device("cuda")) == torch.device("cuda", 3)
    assert local_device(torch.device("cuda", 1)) == torch.device("cuda", 1)
    assert local_device(torch.device("cpu")) == torch.device("cpu")
