"""``tune``: search a recipe's hyperparameters on validation images, with Optuna."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import get_args

from optuna.study import Study

from thumbnet.errors import DivergedError, RecipeError, nearest
from thumbnet.training.interruption import StopRequest
from thumbnet.training.recipe import Recipe
from thumbnet.training.tune_loop import Tuner
from thumbnet.training.tune_plan import HELD_OUT, Plan, make_plan
from thumbnet.training.tune_result import Tuning, measure_importances
from thumbnet.training.tune_study import SeededSampler, make_pruner, open_study
from thumbnet.training.tune_trial import Metric

NUM_TRIALS = 20


def tune(
    recipe: str | Path | Recipe = "mnist",
    *,
    space: Sequence[str] = (),
    trials: int | None = None,
    time_s: float | None = None,
    metric: Metric = "validation_accuracy",
    study: str | None = None,
    storage: str | Path | None = None,
    out: Path | str | None = None,
    overrides: Mapping[str, object] | None = None,
    data: str | None = None,
    seed: int | None = None,
    device: str = "auto",
    progress: bool = True,
) -> Tuning:
    """Train a recipe many times with other values, and write the one that validates best.

    The first trial is the recipe as it is, if the space holds that; the rest are sampled by TPE,
    and a median pruner ends those that fall behind. The test set is never opened. The same call
    goes on with the study that an earlier one left, killed or not; several processes may make it at
    once.

    Args:
        recipe: a packaged recipe's name, a ``.toml`` file, or a ``Recipe``.
        space: what is tuned, see ``make_space``.
        trials: how many the study shall have in all, those of earlier calls and other processes
            included, failed ones not; by default 20, or without limit if ``time_s`` is given.
        time_s: begin no trial after this many seconds.
        metric: what is compared: ``validation_accuracy`` or ``validation_loss``, of the weights
            that the training would keep.
        study: its name; by default the recipe's.
        storage: an SQLite file, or ``postgresql://…``; by default ``study.db`` in ``out``.
        out: the folder for ``best.toml``; by default ``runs/tune-<study>``.
        overrides: changes of the recipe, dotted key → value, see ``load_recipe``.
        data: in place of the recipe's ``data.name``.
        seed: in place of the recipe's; the sampler draws from it too.
        device: see ``choose_device``.
        progress: show a bar on a terminal, and a line for each trial, on stderr.

    Returns:
        The study as it stands; its ``best_recipe`` is a file for ``train``.

    Raises:
        CheckpointError: there is a study of this name with another recipe, space, metric or data.
        DivergedError: every trial diverged.
        Interrupted: Ctrl-C or SIGTERM; the same call goes on.
        ThumbnetError: another subclass for each kind of mistake, before the first trial.
    """
    _check_options(trials, time_s, metric)
    changes = dict(overrides or {})
    changes |= {k: v for k, v in {"seed": seed, "data.name": data}.items() if v is not None}
    plan = make_plan(recipe, changes, space, metric, study, storage, out, device)
    limit = NUM_TRIALS if trials is None and time_s is None else trials
    tuning = _run(plan, limit, time_s, _print if progress else None)
    counts = tuning.counts
    if counts["diverged"] and counts["diverged"] == sum(counts.values()) - counts["failed"]:
        raise DivergedError(
            f"all {counts['diverged']} trials diverged",
            expected="a space in which some train",
            fix="lower learning rates (--space lr=LOW:HIGH:log), under another --study or --out",
        )
    return tuning


def _run(
    plan: Plan, num_trials: int | None, time_s: float | None, say: Callable[[str], None] | None
) -> Tuning:
    base = plan.space.base
    if plan.held_out and say is not None:
        say(
            f"'{base.name}' holds out no validation images: tuned on {HELD_OUT:.0%} of its training"
            f" images, {len(plan.validation):,}"
        )
    with (
        open_study(
            plan.name,
            plan.location,
            plan.folder,
            plan.facts,
            maximise=plan.metric == "validation_accuracy",
            sampler=SeededSampler(base.seed),
            pruner=make_pruner(base.epochs, "epochs" in plan.space.distributions),
        ) as opened,
        StopRequest(plan.folder) as stop,
    ):
        plan = plan.in_precision(opened.facts["precision"])
        study = opened.study
        tuner = Tuner(opened, plan.space, plan.metric, plan.data, plan.device, stop, say)
        tuner.run(num_trials, time_s, lambda: _as_it_stands(plan, study).write_best())
        tuning = _as_it_stands(plan, study, at_end=True)
        tuning.write_best()
    return tuning


def _as_it_stands(plan: Plan, study: Study, at_end: bool = False) -> Tuning:
    trials = tuple(study.get_trials())
    return Tuning(
        folder=plan.folder,
        name=plan.name,
        storage=plan.location.shown,
        metric=plan.metric,
        num_validation=len(plan.validation),
        held_out=plan.held_out,
        space=plan.space,
        trials=trials,
        importances=measure_importances(study, trials) if at_end else None,
    )


def _check_options(trials: int | None, time_s: float | None, metric: str) -> None:
    if trials is not None and trials < 1:
        raise RecipeError("there is nothing to try", got=f"--trials {trials}", expected="1 or more")
    if time_s is not None and not time_s > 0:
        raise RecipeError("there is no time to try", got=f"--time {time_s}", expected="above 0")
    if metric not in get_args(Metric):
        raise RecipeError(
            "trials cannot be compared by that",
            got=f"--metric {metric}",
            expected=nearest(metric, get_args(Metric)),
        )


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
