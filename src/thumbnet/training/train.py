"""``train`` and ``resume``: from a recipe to a finished run folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from thumbnet import files
from thumbnet.errors import CheckpointError, DivergedError
from thumbnet.training.checkpoint import CheckpointFolder
from thumbnet.training.device import choose_device, pinned
from thumbnet.training.finish import finish_run
from thumbnet.training.interruption import StopRequest
from thumbnet.training.loop import Saver, Training, train_epochs
from thumbnet.training.metrics_log import MetricsLog, NoLog
from thumbnet.training.process_group import (
    ProcessGroup,
    is_main_process,
    joined,
    local_device,
    num_restarts,
)
from thumbnet.training.progress import ProgressDisplay, make_display
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import change_recipe, load_recipe, recipe_to_toml
from thumbnet.training.run import Run, check_new_run_folder, next_run_folder
from thumbnet.training.run_files import CHECKPOINTS, LOCK, METRICS, RECIPE
from thumbnet.training.setup import RunData, load_run_data, prepare_training, restore_training
from thumbnet.training.state import TrainingState

Finish = Callable[[Path, Training, TrainingState, RunData, bool], None]


def train(
    recipe: str | Path | Recipe = "mnist",
    *,
    out: Path | str | None = None,
    seed: int | None = None,
    data: str | None = None,
    overrides: Mapping[str, object] | None = None,
    device: str = "auto",
    skip_bad: bool = False,
    tensorboard: bool = False,
    progress: bool = True,
    display: ProgressDisplay | None = None,
    finish: Finish = finish_run,
) -> Run:
    """Train a recipe from its beginning, test it and write its report.

    Args:
        recipe: a packaged recipe's name, a ``.toml`` file, or a ``Recipe``.
        out: the run folder, without a run in it; by default ``runs/<recipe>-<n>``.
        seed: in place of the recipe's.
        data: in place of the recipe's ``data.name``, e.g. ``"folder:my-pictures"``.
        overrides: other changes, dotted key → value, see ``load_recipe``.
        device: ``auto`` (cuda, mps, cpu in this order), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        skip_bad: pass over a folder's unreadable pictures.
        tensorboard: also write TensorBoard events into the run folder.
        progress: show a live display (or plain lines) on stderr.
        display: show it there instead.
        finish: what is done once training has ended; the receipt, written last, says that it is.

    Raises:
        ThumbnetError: a subclass for each kind of mistake; nothing is left behind if training has
            not begun.
        Interrupted: Ctrl-C or SIGTERM; the run can be resumed.
    """
    changes = dict(overrides or {})
    changes |= {k: v for k, v in {"seed": seed, "data.name": data}.items() if v is not None}
    if isinstance(recipe, Recipe):
        resolved = change_recipe(recipe, changes)
    else:
        resolved = load_recipe(recipe, changes)
    chosen = local_device(choose_device(device))
    shown = display or make_display(progress and is_main_process())
    options = _Options(skip_bad, tensorboard, shown, finish)
    with joined(chosen) as group:
        folder = Path(out) if out is not None else next_run_folder(resolved.name)
        folder = Path(group.broadcast_text(str(folder)))
        # The launchers of several machines do not all count the same restart.
        if group.largest([num_restarts()])[0] and (folder / RECIPE).is_file():
            return _resume(Run(folder), chosen, group, options)
        check_new_run_folder(folder)
        images = load_run_data(resolved, skip_bad=skip_bad, report=options.display.message)
        with pinned(resolved.threads):
            training, state = prepare_training(resolved, images, chosen, group)
            if group.is_main:
                _create_run_folder(folder, training, state)
            group.wait()
            run = Run(folder)
            with _locked(folder, group):
                _go_on(run, training, state, images, options)
    return run


def resume(
    folder: Path | str,
    *,
    device: str | None = None,
    skip_bad: bool = False,
    tensorboard: bool = False,
    progress: bool = True,
    display: ProgressDisplay | None = None,
    finish: Finish = finish_run,
) -> Run:
    """Go on with an interrupted or killed run, to the same bits as if it had not been.

    A finished run is returned as it is.

    Args:
        folder: the run folder.
        device: by default the device that the run began on.
        skip_bad: as the run began.
        tensorboard: also write TensorBoard events.
        progress: show a live display (or plain lines) on stderr.
        display: show it there instead.
        finish: what is done once training has ended; the receipt, written last, says that it is.

    Raises:
        CheckpointError: no run, no whole checkpoint, or the recipe or the data has changed.
    """
    run = Run(folder)
    shown = display or make_display(progress and is_main_process())
    options = _Options(skip_bad, tensorboard, shown, finish)
    if run.is_finished:
        options.display.message(f"{run.folder} has finished already; nothing to do")
        return run
    chosen = local_device(choose_device(device or _newest_checkpoint(run)["identity"]["device"]))
    with joined(chosen) as group:
        return _resume(run, chosen, group, options)


@dataclass(frozen=True)
class _Options:
    """What a caller may choose that changes no bit of the result."""

    skip_bad: bool
    tensorboard: bool
    display: ProgressDisplay
    finish: Finish


def _resume(run: Run, device: torch.device, group: ProcessGroup, options: _Options) -> Run:
    with _locked(run.folder, group):
        checkpoint = _newest_checkpoint(run, options.display.message)
        recipe = run.recipe
        images = load_run_data(recipe, skip_bad=options.skip_bad, report=options.display.message)
        with pinned(checkpoint["identity"]["threads"]):
            bf16 = checkpoint["identity"]["bf16"]
            training, _ = prepare_training(recipe, images, device, group, bf16=bf16)
            state = restore_training(training, checkpoint)
            _go_on(run, training, state, images, options, checkpoint["metrics_offset"])
    return run


def _newest_checkpoint(run: Run, warn: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    return CheckpointFolder(run.folder / CHECKPOINTS).load_newest(warn)


def _go_on(
    run: Run,
    training: Training,
    state: TrainingState,
    images: RunData,
    options: _Options,
    metrics_offset: int = 0,
) -> None:
    checkpoints = CheckpointFolder(run.folder / CHECKPOINTS)
    is_main = training.group.is_main
    log = MetricsLog(run.folder, metrics_offset, options.tensorboard) if is_main else NoLog()
    try:
        with log, StopRequest(run.folder) as stop:
            saver = Saver(training, checkpoints, log)
            train_epochs(training, state, log, saver, options.display, stop)
    except DivergedError as error:
        raise DivergedError(
            error.what,
            expected=error.expected,
            fix=f"the last good checkpoint is {checkpoints.generations()[0]}; start again with a"
            " lower learning rate (--set lr=…) or with --set gradient_clip=1.0",
        ) from None
    except OSError as error:
        raise files.cannot_write(run.folder, error) from error
    finally:
        options.display.stop()
    if is_main:
        options.finish(run.folder, training, state, images, options.skip_bad)
    training.group.wait()


def _create_run_folder(folder: Path, training: Training, state: TrainingState) -> None:
    """Make a run folder that can be resumed from its first moment: recipe, empty log, step 0."""
    with files.new_folder(folder, last=RECIPE) as partial:
        files.write_atomically(partial / RECIPE, recipe_to_toml(training.recipe))
        (partial / METRICS).touch()
        (partial / CHECKPOINTS).mkdir()
        with MetricsLog(partial) as log:
            Saver(training, CheckpointFolder(partial / CHECKPOINTS), log).write(state)


@contextlib.contextmanager
def _locked(folder: Path, group: ProcessGroup) -> Iterator[None]:
    """Keep other trainings from the same run; a killed process keeps nothing."""
    if not group.is_main:
        yield
        return
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout:
        raise CheckpointError(
            "another process is training this run", got=folder, fix="wait for it, or stop it"
        ) from None
