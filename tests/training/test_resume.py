"""A run that was stopped, killed or starved ends with the bits of one that was not."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock

from thumbnet import files
from thumbnet.errors import CheckpointError, DeviceError, OutputError, RecipeError
from thumbnet.training import finish, precision
from thumbnet.training.checkpoint import CheckpointFolder, read_checkpoint
from thumbnet.training.interruption import Interrupted
from thumbnet.training.loop import Saver, Training
from thumbnet.training.run import Run
from thumbnet.training.train import resume
from tiny_runs import (
    EVERYTHING,
    NUM_TRAIN,
    PLAIN,
    call_at_step,
    learning_curve,
    run_tiny,
    signal_at_step,
    tiny_recipe,
    tree,
    weights,
    write_pictures,
    write_recipe,
)

pytestmark = pytest.mark.usefixtures("no_figures")

# 24 images are trained on in batches of 8: three steps in each of three epochs.
STEPS_PER_EPOCH, NUM_STEPS = 3, 9
KILLED = """
import os, signal, sys
from thumbnet.training import loop, train
step, calls = loop.Training.step, []
def dying(training, *arguments):
    calls.append(None)
    if len(calls) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return step(training, *arguments)
loop.Training.step = dying
train.train(sys.argv[1], out=sys.argv[2], device="cpu", progress=False)
"""


# What the record recipes do and the classic ones do not.
LIKE_A_RECORD: dict[str, Any] = {
    "model": {"name": "whitened-cnn", "widths": [4, 6], "stem_width": 4, "train_stem": True},
    "optimizer": {"name": "muon", "learning_rate": 0.1, "momentum": 0.6, "bias_learning_rate": 2.0},
    "augmentation": {"flip": "alternating", "elastic_px": 0.5, "crop_padding_px": 1},
    "progressive": {"sizes_px": [6], "until": [0.5]},
    "selection": {"hardest": 0.5, "others": 0.4},
    "views": {"mirror": True, "shift_px": 1},
    "precision": "auto",
}


def go_on(folder: Path) -> Run:
    return resume(folder, progress=False)


def stopped_run(
    folder: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, step: int = 5, **changes: Any
) -> Path:
    recipe = tiny_recipe(pictures, EVERYTHING, **changes)
    with monkeypatch.context() as patch:
        signal_at_step(patch, step)
        with pytest.raises(Interrupted):
            run_tiny(recipe, folder)
    return folder


def assert_same_run(run: Run, expected: Run) -> None:
    assert weights(run) == weights(expected)
    assert learning_curve(run) == learning_curve(expected)
    for part in ("recipe", "data", "parameters"):
        assert run.receipt[part] == expected.receipt[part]
    assert run.receipt["results"] == expected.receipt["results"]


@pytest.mark.parametrize("step", range(1, NUM_STEPS + 1))
def test_run_stopped_at_any_step_resumes_to_the_same_bits(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    expected = run_tiny(tiny_recipe(pictures, EVERYTHING), tmp_path / "whole")
    folder = stopped_run(tmp_path / "stopped", pictures, monkeypatch, step)
    assert CheckpointFolder(folder / "checkpoints").generations()[0].name == f"step-{step:09d}.ckpt"
    run = go_on(folder)
    assert_same_run(run, expected)
    assert run.receipt["num_resumed"] == 1


def test_run_stopped_again_and_again_resumes_to_the_same_bits(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run_tiny(tiny_recipe(pictures, EVERYTHING), tmp_path / "whole")
    folder = stopped_run(tmp_path / "stopped", pictures, monkeypatch, 1)
    for _ in range(2, NUM_STEPS):
        with monkeypatch.context() as patch:
            signal_at_step(patch, 1)
            with pytest.raises(Interrupted):
                go_on(folder)
    run = go_on(folder)
    assert_same_run(run, expected)
    assert run.receipt["num_resumed"] == NUM_STEPS - 1


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": {"name": "adamw", "learning_rate": 0.01}},
        {"optimizer": {"name": "rmsprop", "learning_rate": 0.01, "momentum": 0.5}},
        {"optimizer": {"name": "adagrad", "learning_rate": 0.01}},
        {"precision": "bf16"},
        {"shuffle": False, "ema_decay": None},
        {"checkpoint_every_s": 0.0, "log_every_steps": 1},
        LIKE_A_RECORD,
    ],
    ids=["adamw", "rmsprop", "adagrad", "bf16", "unshuffled", "checkpoint-at-every-step", "record"],
)
def test_every_kind_of_state_survives_a_stop(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    expected = run_tiny(tiny_recipe(pictures, EVERYTHING, **changes), tmp_path / "whole")
    folder = stopped_run(tmp_path / "stopped", pictures, monkeypatch, 5, **changes)
    assert_same_run(go_on(folder), expected)


@pytest.mark.parametrize("bf16", [True, False])
def test_resumed_run_keeps_the_precision_that_it_began_with(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, bf16: bool
) -> None:
    expected = run_tiny(
        tiny_recipe(pictures, EVERYTHING, precision="bf16" if bf16 else "fp32"), tmp_path / "whole"
    )
    monkeypatch.setattr(precision, "bf16_is_faster", lambda _device: bf16)
    folder = stopped_run(tmp_path / "stopped", pictures, monkeypatch, 5, precision="auto")
    # Another measurement, say because the machine is busy, must not change a run half-way.
    monkeypatch.setattr(precision, "bf16_is_faster", lambda _device: not bf16)
    assert weights(go_on(folder)) == weights(expected)


@pytest.mark.parametrize(
    "step", [5, pytest.param(1, marks=pytest.mark.slow), pytest.param(9, marks=pytest.mark.slow)]
)
def test_killed_process_resumes_to_the_same_bits(tmp_path: Path, pictures: Path, step: int) -> None:
    recipe = tiny_recipe(pictures, EVERYTHING, name="killed")
    path = write_recipe(tmp_path / "killed.toml", recipe)
    command = [sys.executable, "-c", KILLED, str(path), str(tmp_path / "killed"), str(step)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr
    assert not (tmp_path / "killed" / "receipt.json").exists()
    expected = run_tiny(recipe, tmp_path / "whole")
    assert_same_run(go_on(tmp_path / "killed"), expected)


def test_second_signal_acts_at_once(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press_twice(_training: Training) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    call_at_step(monkeypatch, 2, press_twice)
    with pytest.raises(KeyboardInterrupt):
        run_tiny(tiny_recipe(pictures), tmp_path / "run")
    names = [path.name for path in CheckpointFolder(tmp_path / "run/checkpoints").generations()]
    assert names == ["step-000000000.ckpt"]


def test_handlers_are_restored_after_a_stop(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    stopped_run(tmp_path / "run", pictures, monkeypatch)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_damaged_newest_checkpoint_is_passed_over_and_named(
    tmp_path: Path,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    damage: str,
) -> None:
    expected = run_tiny(tiny_recipe(pictures, EVERYTHING), tmp_path / "whole")
    folder = stopped_run(tmp_path / "stopped", pictures, monkeypatch)
    newest, older = CheckpointFolder(folder / "checkpoints").generations()
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = {"cut": bytes(content[:-9]), "flipped": bytes(content), "emptied": b""}
    newest.write_bytes(damaged[damage])
    run = resume(folder)
    shown = capsys.readouterr()
    assert f"damaged checkpoint passed over ({newest.name}" in shown.err
    assert f"using {older.name}" in shown.err
    assert shown.out == ""
    assert_same_run(run, expected)


def test_run_without_checkpoints_is_never_begun_anew(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stopped_run(tmp_path / "run", pictures, monkeypatch)
    for path in (folder / "checkpoints").iterdir():
        path.unlink()
    before = tree(folder)
    with pytest.raises(CheckpointError, match="the run has no checkpoint"):
        go_on(folder)
    assert tree(folder) == before


def test_run_whose_checkpoints_are_all_damaged_is_refused(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stopped_run(tmp_path / "run", pictures, monkeypatch)
    for path in (folder / "checkpoints").iterdir():
        path.write_bytes(b"nothing of ours\n")
    with pytest.raises(CheckpointError, match="the run's checkpoints are damaged"):
        go_on(folder)


def test_changed_recipe_is_refused(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stopped_run(tmp_path / "run", pictures, monkeypatch)
    write_recipe(folder / "recipe.toml", tiny_recipe(pictures, EVERYTHING, batch_size=6))
    with pytest.raises(CheckpointError, match="cannot go on exactly: its recipe has changed"):
        go_on(folder)


def test_changed_pictures_are_refused(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stopped_run(tmp_path / "run", pictures, monkeypatch)
    shutil.rmtree(pictures)
    write_pictures(pictures, num_per_class=15)
    with pytest.raises(CheckpointError, match="its training images has changed"):
        go_on(folder)


def test_shortened_metrics_are_refused(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stopped_run(tmp_path / "run", pictures, monkeypatch)
    (folder / "metrics.jsonl").write_bytes(b"")
    with pytest.raises(CheckpointError, match="metrics are shorter than its checkpoint says"):
        go_on(folder)


def test_absent_device_is_refused(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stopped_run(tmp_path / "run", pictures, monkeypatch)
    with pytest.raises(DeviceError, match="there is no device 'warp'"):
        resume(folder, device="warp", progress=False)


def test_damaged_recipe_is_refused(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stopped_run(tmp_path / "run", pictures, monkeypatch)
    (folder / "recipe.toml").write_text("epochs =", encoding="utf-8")
    with pytest.raises(RecipeError, match="not valid TOML"):
        go_on(folder)


def test_finished_run_is_returned_as_it_is(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = run_tiny(tiny_recipe(pictures), tmp_path / "run")
    before = tree(tmp_path / "run")
    run = resume(tmp_path / "run")
    assert re.search("has finished already; nothing to do", capsys.readouterr().err)
    assert run.result == expected.result
    assert tree(tmp_path / "run") == before


def test_run_that_another_process_trains_is_refused(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stopped_run(tmp_path / "run", pictures, monkeypatch)
    with (
        FileLock(folder / ".lock"),
        pytest.raises(CheckpointError, match="another process is training this run"),
    ):
        go_on(folder)
    assert go_on(folder).is_finished


@pytest.mark.parametrize("name", ["open_test_set", "_write_model", "write_figures_and_report"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_run_killed_while_finishing_is_completed(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, name: str, when: str
) -> None:
    expected = run_tiny(tiny_recipe(pictures, EVERYTHING), tmp_path / "whole")
    original = getattr(finish, name)

    def dying(*arguments: Any, **options: Any) -> Any:
        if when == "after":
            original(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(finish, name, dying)
        with pytest.raises(KeyboardInterrupt):
            run_tiny(tiny_recipe(pictures, EVERYTHING), tmp_path / "killed")
    assert not Run(tmp_path / "killed").is_finished
    assert_same_run(go_on(tmp_path / "killed"), expected)


def test_full_disk_leaves_a_run_that_resumes_to_the_same_bits(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run_tiny(tiny_recipe(pictures, EVERYTHING), tmp_path / "whole")
    original = Saver.save

    def filling(saver: Saver, state: Any) -> None:
        if state.step == 2 * STEPS_PER_EPOCH:
            patch.setattr(os, "fsync", refuse)
        original(saver, state)

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder = tmp_path / "starved"
    with monkeypatch.context() as patch:
        patch.setattr(Saver, "save", filling)
        with pytest.raises(OutputError, match=r"(?s)No space left on device.*free some space"):
            run_tiny(tiny_recipe(pictures, EVERYTHING), folder)
    names = sorted(path.name for path in (folder / "checkpoints").iterdir())
    assert names == ["step-000000000.ckpt", "step-000000003.ckpt"]
    assert_same_run(go_on(folder), expected)


def test_full_disk_while_writing_a_checkpoint_keeps_the_older_ones(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = files.write_atomically

    def starved(path: Path, data: bytes | str) -> None:
        if path.name == "step-000000006.ckpt":
            raise files.cannot_write(path, OSError(errno.ENOSPC, "No space left on device"))
        original(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write_atomically", starved)
        with pytest.raises(OutputError, match="cannot write: No space left on device"):
            run_tiny(tiny_recipe(pictures, EVERYTHING), tmp_path / "run")
    assert read_checkpoint(tmp_path / "run/checkpoints/step-000000003.ckpt")["state"]["step"] == 3
    assert go_on(tmp_path / "run").is_finished


def test_resume_leaves_torch_as_it_was(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stopped_run(tmp_path / "run", pictures, monkeypatch)
    before = torch.get_rng_state(), torch.get_num_threads()
    go_on(folder)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]


def test_plain_recipe_has_a_last_batch_of_one() -> None:
    """What the other files rely on: the pictures leave a remainder of one."""
    assert NUM_TRAIN % PLAIN["batch_size"] == 1
