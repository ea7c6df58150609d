"""A study that several processes share: what is begun, repeated and given up."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import Trial, TrialState

from thumbnet.errors import CheckpointError
from thumbnet.training import tune_study
from thumbnet.training.tune_storage import locate
from thumbnet.training.tune_study import (
    HOST,
    MARK,
    SIGN,
    SeededSampler,
    TuningStudy,
    make_pruner,
    open_study,
)

SPACE = {"x": FloatDistribution(-1, 1), "y": FloatDistribution(1e-3, 1, log=True)}
# TPE looks at what it has after ten.
NUM_TRIALS = 13
FACTS = {"same": {"recipe": {"epochs": 3, "optimizer": {"name": "sgd"}}, "space": {"x": "-1:1"}}}


@contextlib.contextmanager
def opened(folder: Path, seed: int = 0, facts: dict[str, Any] = FACTS) -> Iterator[TuningStudy]:
    with open_study(
        "some",
        locate(None, folder),
        folder,
        facts,
        maximise=False,
        sampler=SeededSampler(seed),
        pruner=make_pruner(8, tunes_epochs=False),
    ) as study:
        yield study


def tell(study: TuningStudy, trial: Trial) -> None:
    study.study.tell(trial, trial.params["x"] ** 2 + trial.params["y"])


def finish(study: TuningStudy, num_trials: int) -> None:
    while (trial := study.begin_trial(SPACE, None, num_trials)) is not None:
        tell(study, trial)


def finished(study: TuningStudy) -> list[tuple[dict[str, float], float | None]]:
    trials = study.study.get_trials(states=[TrialState.COMPLETE])
    return [(trial.params, trial.value) for trial in trials]


def states(study: TuningStudy) -> list[str]:
    return [trial.state.name for trial in study.study.get_trials()]


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict[str, float], Any]]:
    """The trials of a study that nothing disturbed."""
    with opened(tmp_path_factory.mktemp("whole")) as study:
        finish(study, NUM_TRIALS)
        return finished(study)


def test_study_that_is_opened_again_samples_as_one_that_was_left_alone(
    tmp_path: Path, left_alone: list[tuple[dict[str, float], Any]]
) -> None:
    for num_trials in (1, 11, NUM_TRIALS):
        with opened(tmp_path / "parts") as study:
            finish(study, num_trials)
    with opened(tmp_path / "parts") as study:
        assert finished(study) == left_alone
    assert len({params["x"] for params, _ in left_alone}) == NUM_TRIALS
    with opened(tmp_path / "other", seed=1) as study:
        finish(study, 1)
        assert finished(study) != left_alone[:1]


@pytest.mark.parametrize("after", [0, 11])
def test_trial_of_a_dead_process_is_failed_and_repeated(
    tmp_path: Path, after: int, left_alone: list[tuple[dict[str, float], Any]]
) -> None:
    with opened(tmp_path) as study:
        finish(study, after)
        trial = study.begin_trial(SPACE, None, NUM_TRIALS)
        assert trial is not None
        mark = Path(trial.user_attrs[MARK])
    # As after a kill: the file is there, and nobody holds its lock.
    mark.touch()
    with opened(tmp_path) as study:
        finish(study, NUM_TRIALS)
        complete = ["COMPLETE"] * NUM_TRIALS
        assert states(study) == [*complete[:after], "FAIL", *complete[after:]]
        assert finished(study) == left_alone
    assert not mark.exists()


def test_trial_of_a_living_process_is_one_of_those_asked_for(tmp_path: Path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as other:
        first = one.begin_trial(SPACE, None, 2)
        second = other.begin_trial(SPACE, None, 2)
        assert first is not None
        assert second is not None
        assert first.params != second.params
        assert one.begin_trial(SPACE, None, 2) is None
        tell(one, first)
        assert one.begin_trial(SPACE, None, 2) is None
        tell(other, second)
        assert states(one) == ["COMPLETE", "COMPLETE"]
        assert one.begin_trial(SPACE, None, 3) is not None


@pytest.mark.parametrize(("silence_s", "state"), [(60.0, "RUNNING"), (3600.0, "FAIL")])
def test_trial_of_another_machine_is_given_up_after_long_silence(
    tmp_path: Path, silence_s: float, state: str
) -> None:
    with opened(tmp_path) as study:
        there = study.begin_trial(SPACE, None, None)
        assert there is not None
        there.set_user_attr(HOST, f"not {platform.node()}")
        there.set_user_attr(SIGN, time.time() - silence_s)
        study.begin_trial(SPACE, None, None)
        assert states(study) == [state, "RUNNING"]


def test_process_that_died_before_it_said_who_it_is_is_dead(tmp_path: Path) -> None:
    with opened(tmp_path) as study:
        study.study.ask(SPACE)
        finish(study, 2)
        assert states(study) == ["FAIL", "COMPLETE", "COMPLETE"]


def test_sign_of_life_is_given_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    with opened(tmp_path) as study:
        monkeypatch.setattr(tune_study.time, "monotonic", lambda: clock[0])
        monkeypatch.setattr(tune_study.time, "time", lambda: 5000.0 + clock[0])
        trial = study.begin_trial(SPACE, None, None)
        assert trial is not None
        signs = []
        for _ in range(4):
            study.give_sign(trial)
            signs.append(trial.user_attrs[SIGN] - 6000.0)
            clock[0] += 40.0
        assert signs == [0.0, 0.0, 80.0, 80.0]


def test_first_trial_has_the_values_that_are_given_and_is_repeated_too(tmp_path: Path) -> None:
    first = {"x": 0.25, "y": 0.5}
    with opened(tmp_path) as study:
        trial = study.begin_trial(SPACE, first, 2)
        assert trial is not None
        assert trial.params == first
        study.study.tell(trial, state=TrialState.FAIL)
        trial = study.begin_trial(SPACE, first, 2)
        assert trial is not None
        assert trial.params == first
        second = study.begin_trial(SPACE, first, 2)
        assert second is not None
        assert second.params != first


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (
            {"recipe": {"epochs": 4, "optimizer": {"name": "sgd"}}, "space": {"x": "0:1"}},
            "another recipe\n  got: recipe.epochs = 4\n  expected: recipe.epochs = 3\n  fix",
        ),
        (
            {"recipe": {"epochs": 3, "optimizer": {"name": "adam"}}, "space": {"x": "-1:1"}},
            "another recipe\n  got: recipe.optimizer.name = adam",
        ),
        (
            {"recipe": FACTS["same"]["recipe"], "space": {"x": "0:1", "z": "1:2"}},
            "another space\n  got: space.x = 0:1; space.z = 1:2\n"
            "  expected: space.x = -1:1; space.z = None",
        ),
    ],
)
def test_other_study_of_the_same_name_is_an_error_that_names_the_difference(
    tmp_path: Path, facts: dict[str, Any], message: str
) -> None:
    with opened(tmp_path) as study:
        finish(study, 1)
    with (
        pytest.raises(CheckpointError, match=f"'some' was made with {message}"),
        opened(tmp_path, facts={"same": facts}),
    ):
        pass


def test_study_of_another_program_is_left_alone(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    theirs = optuna.create_study(storage=storage, study_name="some")
    theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(CheckpointError, match="not made by thumbnet tune"), opened(tmp_path):
        pass
    assert theirs.user_attrs == {}


def test_pruner_spares_the_first_quarter_of_the_epochs() -> None:
    pruned_after = []
    for num_epochs in (2, 4, 8, 20):
        study = optuna.create_study(
            direction="maximize", pruner=make_pruner(num_epochs, tunes_epochs=False)
        )
        for value in (0.9, 0.9, 0.9, 0.9, 0.9, 0.1):
            trial = study.ask()
            for epoch in range(1, num_epochs + 1):
                trial.report(value, epoch)
                if trial.should_prune():
                    pruned_after.append(epoch)
                    break
            study.tell(trial, value)
    assert pruned_after == [2, 2, 3, 6]


def test_nothing_is_pruned_where_the_number_of_epochs_is_tuned() -> None:
    assert isinstance(make_pruner(8, tunes_epochs=True), optuna.pruners.NopPruner)
