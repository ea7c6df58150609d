"""``train`` and ``resume``: from a recipe to a finished run folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from thumbnet import files
from thumbnet.errors import CheckpointError, DivergedError
from thumbnet.training.checkpoint import CheckpointFolder
from thumbnet.training.device import choose_device, pinned
from thumbnet.training.finish import finish_run
from thumbnet.training.interruption import StopRequest
from thumbnet.training.loop import Saver, Training, train_epochs
from thumbnet.training.metrics_log import MetricsLog
from thumbnet.training.progress import ProgressDisplay, make_display
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe, make_recipe, recipe_to_toml
from thumbnet.training.run import Run, check_new_run_folder, next_run_folder
from thumbnet.training.run_files import CHECKPOINTS, LOCK, METRICS, RECIPE
from thumbnet.training.setup import RunData, load_run_data, prepare_training, restore_training
from thumbnet.training.state import TrainingState


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
) -> Run:
    """Train a recipe from its beginning, test it and write its report.

    Args:
        recipe: a packaged recipe's name, a ``.toml`` file, or a ``Recipe``.
        out: the run folder, new or empty; by default ``runs/<recipe>-<n>``.
        seed: in place of the recipe's.
        data: in place of the recipe's ``data.name``, e.g. ``"folder:my-pictures"``.
        overrides: other changes, dotted key → value, see ``load_recipe``.
        device: ``auto`` (cuda, mps, cpu in this order), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        skip_bad: pass over a folder's unreadable pictures.
        tensorboard: also write TensorBoard events into the run folder.
        progress: show a live display (or plain lines) on stderr.

    Raises:
        ThumbnetError: a subclass for each kind of mistake; nothing is left behind if training has
            not begun.
        Interrupted: Ctrl-C or SIGTERM; the run can be resumed.
    """
    changes = dict(overrides or {})
    changes |= {k: v for k, v in {"seed": seed, "data.name": data}.items() if v is not None}
    if isinstance(recipe, Recipe):
        resolved = make_recipe(recipe.model_dump(exclude_unset=True), changes)
    else:
        resolved = load_recipe(recipe, changes)
    chosen = choose_device(device)
    folder = Path(out) if out is not None else next_run_folder(resolved.name)
    check_new_run_folder(folder)
    display = make_display(progress)
    images = load_run_data(resolved, skip_bad=skip_bad, report=display.message)
    with pinned(resolved.threads):
        training, state = prepare_training(resolved, images, chosen)
        _create_run_folder(folder, training, state)
        run = Run(folder)
        with _locked(folder):
            _go_on(run, training, state, images, display, 0, skip_bad, tensorboard)
    return run


def resume(
    folder: Path | str,
    *,
    device: str | None = None,
    skip_bad: bool = False,
    tensorboard: bool = False,
    progress: bool = True,
) -> Run:
    """Go on with an interrupted or killed run, to the same bits as if it had not been.

    A finished run is returned as it is.

    Args:
        folder: the run folder.
        device: by default the device that the run began on.
        skip_bad: as the run began.
        tensorboard: also write TensorBoard events.
        progress: show a live display (or plain lines) on stderr.

    Raises:
        CheckpointError: no run, no whole checkpoint, or the recipe or the data has changed.
    """
    run = Run(folder)
    display = make_display(progress)
    if run.is_finished:
        display.message(f"{run.folder} has finished already; nothing to do")
        return run
    with _locked(run.folder):
        checkpoint = CheckpointFolder(run.folder / CHECKPOINTS).load_newest(display.message)
        identity = checkpoint["identity"]
        recipe = run.recipe
        chosen = choose_device(device or identity["device"])
        images = load_run_data(recipe, skip_bad=skip_bad, report=display.message)
        with pinned(identity["threads"]):
            training, _ = prepare_training(recipe, images, chosen)
            state = restore_training(training, checkpoint)
            offset = checkpoint["metrics_offset"]
            _go_on(run, training, state, images, display, offset, skip_bad, tensorboard)
    return run


def _go_on(
    run: Run,
    training: Training,
    state: TrainingState,
    images: RunData,
    display: ProgressDisplay,
    metrics_offset: int,
    skip_bad: bool,
    tensorboard: bool,
) -> None:
    checkpoints = CheckpointFolder(run.folder / CHECKPOINTS)
    try:
        with (
            MetricsLog(run.folder, metrics_offset, tensorboard) as log,
            StopRequest(run.folder) as stop,
        ):
            saver = Saver(training, checkpoints, log)
            train_epochs(training, state, log, saver, display, stop)
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
        display.stop()
    finish_run(run.folder, training, state, images, skip_bad)


def _create_run_folder(folder: Path, training: Training, state: TrainingState) -> None:
    """Make a run folder that can be resumed from its first moment: recipe, empty log, step 0."""
    with files.new_folder(folder) as partial:
        files.write_atomically(partial / RECIPE, recipe_to_toml(training.recipe))
        (partial / METRICS).touch()
        (partial / CHECKPOINTS).mkdir()
        with MetricsLog(partial) as log:
            Saver(training, CheckpointFolder(partial / CHECKPOINTS), log).save(state)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from training the same run; a killed process keeps nothing."""
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout:
        raise CheckpointError(
            "another process is training this run", got=folder, fix="wait for it, or stop it"
        ) from None
