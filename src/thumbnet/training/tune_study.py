"""A study: the trials of one recipe and one space, shared by all processes that tune it."""

from __future__ import annotations

import contextlib
import os
import platform
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from filelock import FileLock, Timeout
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from thumbnet.errors import CheckpointError
from thumbnet.training.recipe_file import flatten
from thumbnet.training.tune_storage import Location, locked, make_folder, opened

NUM_STARTUP_TRIALS = 5
WARM_UP_SHARE = 0.25
SIGN_EVERY_S, SILENT_S = 60.0, 900.0
"""How often a trial gives a sign of life, and after which silence one of another machine is taken
for dead. Of this machine's processes it is known at once."""

FACTS, HOST, MARK, SIGN = "thumbnet", "host", "process", "sign_of_life"
PLANNED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
_MOST_DIFFERENCES = 3


class SeededSampler(BaseSampler):
    """Optuna's TPE (Bergstra et al. 2011), drawing for each trial from a seed of its own.

    The seed follows from ``seed`` and from how many trials before it have not failed. So a study
    that goes on after a kill repeats the trial that was cut off and then samples what it would have
    sampled; a generator that begins anew would sample the first trials' values again.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._sampler = TPESampler(seed=0)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed for ``trial``."""
        trials = study.get_trials(deepcopy=False, states=PLANNED)
        place = sum(other.number < trial.number for other in trials)
        words = np.random.SeedSequence((self._seed, place)).generate_state(1)
        self._sampler = TPESampler(seed=int(words[0]))
        self._sampler.before_trial(study, trial)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """As TPE does."""
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As TPE does."""
        return self._sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """As TPE does."""
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)


def make_pruner(num_epochs: int, tunes_epochs: bool) -> optuna.pruners.BasePruner:
    """Return a median pruner (Golovin et al. 2017) that spares the first quarter of the epochs.

    It begins after five complete trials. Where the number of epochs is tuned nothing is pruned: at
    the same epoch a longer schedule has not come as far, and would always lose.
    """
    if tunes_epochs:
        return optuna.pruners.NopPruner()
    # Epochs count from 1, and one below this number is spared.
    first = 1 + max(1, int(WARM_UP_SHARE * num_epochs))
    return optuna.pruners.MedianPruner(NUM_STARTUP_TRIALS, n_warmup_steps=first)


class TuningStudy:
    """The study in its database, as one of the processes that work on it sees it.

    Attributes:
        study: Optuna's.
        facts: what was stored with it when it was made.
    """

    def __init__(self, study: Study, location: Location, mark: Path, facts: dict[str, Any]) -> None:
        self.study, self.facts = study, facts
        self._location, self._mark = location, mark
        self._last_sign = 0.0

    def begin_trial(
        self,
        distributions: Mapping[str, BaseDistribution],
        first: Mapping[str, Any] | None,
        num_trials: int | None,
    ) -> Trial | None:
        """Return the next trial with its values sampled, or None if all are done or being done.

        Args:
            distributions: what to sample.
            first: the values of the study's first trial; by default they are sampled too.
            num_trials: how many trials the study shall have, those of other processes included;
                None for no limit.
        """
        with locked(self._location):
            self._retire_dead()
            trials = self.study.get_trials(deepcopy=False)
            num_planned = sum(trial.state in PLANNED for trial in trials)
            if num_trials is not None and num_planned >= num_trials:
                return None
            if first is not None and all(trial.state == TrialState.FAIL for trial in trials):
                self.study.enqueue_trial(dict(first))
            trial = self.study.ask(dict(distributions))
            trial.set_user_attr(HOST, platform.node())
            trial.set_user_attr(MARK, str(self._mark))
            self.give_sign(trial, at_once=True)
            return trial

    def give_sign(self, trial: Trial, at_once: bool = False) -> None:
        """Note now and then that ``trial`` is alive, for processes on other machines."""
        if at_once or time.monotonic() - self._last_sign > SIGN_EVERY_S:
            trial.set_user_attr(SIGN, time.time())
            self._last_sign = time.monotonic()

    def _retire_dead(self) -> None:
        """Mark as failed what processes that no longer live had begun, so that it is repeated."""
        running = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        for trial in running:
            if _is_dead(trial.user_attrs):
                self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


@contextlib.contextmanager
def open_study(
    name: str,
    location: Location,
    folder: Path,
    facts: Mapping[str, Any],
    *,
    maximise: bool,
    sampler: BaseSampler,
    pruner: optuna.pruners.BasePruner,
) -> Iterator[TuningStudy]:
    """Open the study ``name``, or make it.

    Args:
        name: of the study.
        location: of its database.
        folder: in which this process keeps a locked file while it lives.
        facts: JSON-ready. What is under ``same`` must be what the study was made with: its trials
            would not compare otherwise. The rest stays as the study was made.
        maximise: whether a larger value is better.
        sampler: chooses values.
        pruner: ends trials early.

    Raises:
        CheckpointError: there is another study of this name; the message names the difference.
        OutputError: the database cannot be read or written.
    """
    with _quiet_optuna(), opened(location) as storage, _life_mark(folder) as mark:
        with locked(location):
            study = optuna.create_study(
                storage=storage,
                study_name=name,
                direction="maximize" if maximise else "minimize",
                sampler=sampler,
                pruner=pruner,
                load_if_exists=True,
            )
            stored = study.user_attrs.get(FACTS)
            if stored is None and not study.get_trials(deepcopy=False):
                study.set_user_attr(FACTS, dict(facts))
                stored = dict(facts)
        yield TuningStudy(study, location, mark, _require_same(name, location, stored, facts))


def _require_same(
    name: str, location: Location, stored: Any, facts: Mapping[str, Any]
) -> dict[str, Any]:
    fix = "another --study NAME or --out, or what it was made with"
    if not isinstance(stored, dict) or "same" not in stored:
        raise CheckpointError(
            f"the study '{name}' was not made by thumbnet tune", got=location.shown, fix=fix
        )
    # In this order: another recipe may bring other images with it, and not the other way round.
    for kind, value in facts["same"].items():
        here, there = flatten({kind: value}), flatten({kind: stored["same"].get(kind)})
        different = [key for key in sorted({*here, *there}) if here.get(key) != there.get(key)]
        if different:
            shown = different[:_MOST_DIFFERENCES]
            more = f" (and {len(different) - len(shown)} more)" if different != shown else ""
            raise CheckpointError(
                f"the study '{name}' was made with another {kind.replace('_', ' ')}",
                got="; ".join(f"{key} = {here.get(key)}" for key in shown) + more,
                expected="; ".join(f"{key} = {there.get(key)}" for key in shown),
                fix=fix,
            )
    return stored


@contextlib.contextmanager
def _life_mark(folder: Path) -> Iterator[Path]:
    """Hold a lock that the system gives back when this process ends in whatever way."""
    make_folder(folder)
    path = (folder / f".tune-{os.getpid()}-{uuid.uuid4().hex[:8]}.lock").absolute()
    try:
        with FileLock(path, timeout=0):
            yield path
    finally:
        path.unlink(missing_ok=True)


def _is_dead(attributes: Mapping[str, Any]) -> bool:
    mark = Path(attributes.get(MARK, ""))
    if attributes.get(HOST) == platform.node() and mark.is_file():
        try:
            with FileLock(mark, timeout=0):
                mark.unlink()
                return True
        except Timeout:
            return False
    # Without a sign its process died between making it and giving one.
    return time.time() - float(attributes.get(SIGN, 0.0)) > SILENT_S


@contextlib.contextmanager
def _quiet_optuna() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
