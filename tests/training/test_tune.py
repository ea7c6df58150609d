"""``tune``: its trials are trainings, the test set stays closed, and it goes on where it was."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from optuna.trial import TrialState

from thumbnet.datasets.loading import load_dataset
from thumbnet.errors import CheckpointError, DivergedError, OutputError, RecipeError
from thumbnet.training import tune_loop, tune_result
from thumbnet.training.interruption import Interrupted
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe
from thumbnet.training.state import EpochScores
from thumbnet.training.train import train
from thumbnet.training.tune import tune
from thumbnet.training.tune_result import Tuning
from tiny_runs import EVERYTHING, signal_at_step, tiny_recipe, tree, write_pictures

SPACE = ("lr=1e-3:10:log", "batch_size=4,8,16")
NUM_VALIDATION = 9


@pytest.fixture
def recipe(pictures: Path) -> Recipe:
    return tiny_recipe(pictures, validation=NUM_VALIDATION)


def tune_tiny(recipe: Recipe, out: Path, trials: int = 3, **options: Any) -> Tuning:
    settings = {"space": SPACE, "device": "cpu", "progress": False} | options
    return tune(recipe, trials=trials, out=out, **settings)


@pytest.fixture(scope="module")
def tuned_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, Tuning]:
    folder = tmp_path_factory.mktemp("tuned")
    recipe = tiny_recipe(write_pictures(folder / "pictures"), validation=NUM_VALIDATION)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THUMBNET_HOME", str(folder / "home"))
        return recipe, tune_tiny(recipe, folder / "study", 6)


@pytest.fixture
def tuned(tuned_once: tuple[Recipe, Tuning]) -> Tuning:
    """A study of six trials that nothing disturbed; not to be changed."""
    return tuned_once[1]


def finished(tuning: Tuning) -> list[Any]:
    """What must not depend on how often the study was stopped."""
    return [
        (trial.params, trial.state, trial.value, trial.intermediate_values)
        for trial in tuning.trials
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    ]


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("metric", ["validation_accuracy", "validation_loss"])
def test_best_recipe_trains_to_the_score_that_it_states(
    pictures: Path, tmp_path: Path, metric: Any
) -> None:
    # With averaged weights and early stopping, whose best epoch is not the last one.
    recipe = tiny_recipe(pictures, EVERYTHING, epochs=8, patience_epochs=2)
    tuning = tune_tiny(recipe, tmp_path / "study", 4, metric=metric)
    best = tuning.result["best"]
    assert best["value"] == (max if metric == "validation_accuracy" else min)(
        trial.value for trial in tuning.trials if trial.value is not None
    )
    assert tuning.best_recipe == tmp_path / "study/best.toml"
    run = train(tuning.best_recipe, out=tmp_path / "run", device="cpu", progress=False)
    assert run.receipt["results"][metric] == best["value"]
    assert run.receipt["results"]["kept_epoch"] == best["epoch"]
    assert run.recipe.name == "tiny-tuned"
    changed = run.recipe.model_dump(exclude={"name", "description"})
    changed["optimizer"]["learning_rate"] = recipe.optimizer.learning_rate
    changed["batch_size"] = recipe.batch_size
    assert changed == recipe.model_dump(exclude={"name", "description"})


def test_test_set_is_not_opened(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = []

    def loading(name: str, split: Any, **options: Any) -> Any:
        splits.append(split)
        return load_dataset(name, split, **options)

    for module in ("setup", "testing"):
        monkeypatch.setattr(f"thumbnet.training.{module}.load_dataset", loading)
    tune_tiny(recipe, tmp_path)
    assert set(splits) == {"train"}


def test_only_study_and_best_recipe_are_left(tuned: Tuning) -> None:
    names = {path.name for path in tuned.folder.iterdir()}
    assert names == {"best.toml", "study.db", "study.db.lock"}


def test_first_trial_is_the_recipe_itself(tuned: Tuning) -> None:
    assert tuned.trials[0].params == {"optimizer.learning_rate": 0.1, "batch_size": "8"}
    assert tuned.recipe_itself == tuned.trials[0].value


def test_recipe_outside_the_space_is_no_trial(recipe: Recipe, tmp_path: Path) -> None:
    tuning = tune_tiny(recipe, tmp_path, 1, space=["lr=1:2"])
    assert tuning.recipe_itself is None
    assert "as it was" not in (tmp_path / "best.toml").read_text()


def test_recipe_without_validation_has_a_tenth_held_out(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuning = tune_tiny(tiny_recipe(pictures), tmp_path, 1, progress=True)
    assert tuning.num_validation == 3  # of 33
    assert "'tiny' holds out no validation images: tuned on 10% of its training images, 3\n" in (
        capsys.readouterr().err
    )
    text = (tmp_path / "best.toml").read_text()
    assert load_recipe(tmp_path / "best.toml").data.validation == 0.1
    assert "--set data.validation=0 trains on them too" in text


def test_another_seed_gives_other_trials(recipe: Recipe, tmp_path: Path, tuned: Tuning) -> None:
    other = finished(tune_tiny(recipe, tmp_path, 2, seed=6))
    assert other[1] not in finished(tuned)


def test_study_in_parts_is_the_same_as_in_one(
    recipe: Recipe, tmp_path: Path, tuned: Tuning
) -> None:
    assert len(tune_tiny(recipe, tmp_path, 2).trials) == 2
    assert finished(tune_tiny(recipe, tmp_path, 6)) == finished(tuned)


@pytest.mark.parametrize(("step", "num_finished"), [(3, 0), (12, 1)])
def test_interrupted_trial_is_repeated(
    recipe: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tuned: Tuning,
    step: int,
    num_finished: int,
) -> None:
    with monkeypatch.context() as patch:
        signal_at_step(patch, step)
        with pytest.raises(Interrupted) as caught:
            tune_tiny(recipe, tmp_path)
    assert caught.value.exit_code == 128 + signal.SIGINT
    assert (tmp_path / "best.toml").is_file() == (num_finished > 0)
    tuning = tune_tiny(recipe, tmp_path)
    assert finished(tuning) == finished(tuned)[:3]
    assert tuning.counts == dict.fromkeys(tuning.counts, 0) | {"complete": 3, "failed": 1}
    assert [trial.number for trial in tuning.trials if trial.state == TrialState.FAIL] == [
        num_finished
    ]


def test_trial_that_raises_is_failed_and_the_error_is_not_hidden(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such kernel")

    with monkeypatch.context() as patch:
        patch.setattr(tune_loop, "train_trial", broken)
        with pytest.raises(RuntimeError, match="no such kernel"):
            tune_tiny(recipe, tmp_path)
    counts = tune_tiny(recipe, tmp_path).counts
    assert (counts["complete"], counts["failed"], counts["running"]) == (3, 1, 0)


def test_diverged_trial_is_kept_as_pruned_and_the_next_one_begins(
    recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuning = tune_tiny(recipe, tmp_path, 6, space=["lr=0.1,1e30"], progress=True)
    diverged = [
        trial for trial in tuning.trials if trial.params["optimizer.learning_rate"] != "0.1"
    ]
    assert diverged
    assert {trial.state for trial in diverged} == {TrialState.PRUNED}
    assert tuning.counts["diverged"] == len(diverged)
    assert tuning.counts["complete"] == 6 - len(diverged)
    number = diverged[0].number
    assert re.search(rf"trial {number}: diverged \(the .*loss is .*\), ", capsys.readouterr().err)


def test_study_in_which_every_trial_diverges_is_an_error(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="all 2 trials diverged"):
        tune_tiny(recipe, tmp_path, 2, space=["lr=1e30:1e35"])
    assert not (tmp_path / "best.toml").exists()


class Trainings:
    """Stands in for training: trial k has the k-th curve of validation accuracies."""

    def __init__(self, *curves: list[float]) -> None:
        self.curves: Iterator[list[float]] = iter(curves)

    def __call__(self, *arguments: Any) -> EpochScores:
        display = arguments[3]
        for epoch, accuracy in enumerate(next(self.curves), start=1):
            scores = EpochScores(epoch, epoch, 1.0, 0.5, 1 - accuracy, accuracy, 0.1, 1.0)
            display.epoch(scores)
        return scores


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return lambda *curves: monkeypatch.setattr(tune_loop, "train_trial", Trainings(*curves))


GOOD, BAD = [0.5, 0.6, 0.7, 0.8, 0.8, 0.8, 0.8, 0.9], [0.1] * 8


@pytest.mark.parametrize("metric", ["validation_accuracy", "validation_loss"])
def test_trial_below_the_median_is_pruned_after_a_quarter_of_the_epochs(
    recipe: Recipe,
    tmp_path: Path,
    stand_in: Callable[..., None],
    metric: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    late = [*GOOD[:-1], 0.1]  # falls behind in the last epoch only, when it is complete
    stand_in(BAD, *[GOOD] * 4, late, BAD, GOOD)
    options = {"overrides": {"epochs": 8}, "metric": metric, "progress": True}
    tuning = tune_tiny(recipe, tmp_path, 8, **options)
    pruned = [trial for trial in tuning.trials if trial.state == TrialState.PRUNED]
    assert [trial.number for trial in pruned] == [6]
    assert list(pruned[0].intermediate_values) == [1, 2, 3]
    assert "trial 6: pruned after epoch 3 of 8, " in capsys.readouterr().err
    assert tuning.ranking[0].number == 1
    assert tuning.result["best"]["value"] == (0.9 if metric == "validation_accuracy" else 1 - 0.9)


def test_trial_that_does_not_fit_into_the_memory_is_passed_over(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = tune_loop.train_trial

    def fitting(recipe: Recipe, *arguments: Any) -> Any:
        if recipe.batch_size > 8:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return usual(recipe, *arguments)

    monkeypatch.setattr(tune_loop, "train_trial", fitting)
    tuning = tune_tiny(recipe, tmp_path, 8, space=["batch_size=8,16"])
    assert tuning.counts["pruned"] > 0
    assert tuning.num_finished == 8


def test_no_trial_begins_after_the_time(
    recipe: Recipe,
    tmp_path: Path,
    stand_in: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticks = iter(range(0, 1000, 10))
    monkeypatch.setattr(tune_loop, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    stand_in(*[GOOD] * 10)
    # The clock is read once at first, and then when a trial is to begin, begins, and has ended.
    tuning = tune_tiny(recipe, tmp_path, trials=None, time_s=45, progress=True)  # type: ignore[arg-type]
    assert tuning.counts["complete"] == 2


def test_importances_are_told_when_the_trials_are_many_enough(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def score(recipe: Recipe, *_: object) -> EpochScores:
        accuracy = 1 / (1 + abs(recipe.optimizer.learning_rate - 0.1))
        return EpochScores(1, 1, 1.0, 0.5, 1.0, accuracy, 0.1, 1.0)

    monkeypatch.setattr(tune_loop, "train_trial", score)
    monkeypatch.setattr(tune_result, "LEAST_FOR_IMPORTANCES", 12)
    assert tune_tiny(recipe, tmp_path, 11).importances is None
    importances = tune_tiny(recipe, tmp_path, 12).importances
    assert importances is not None
    assert list(importances) == ["optimizer.learning_rate", "batch_size"]
    assert sum(importances.values()) == pytest.approx(1)


def test_result_has_the_five_best_and_what_they_were_chosen_from(tuned: Tuning) -> None:
    result = tuned.result
    values = [row["value"] for row in result["top"]]
    assert len(values) == 5
    assert values == sorted([t.value for t in tuned.trials if t.value], reverse=True)[:5]
    assert result["top"][0] == result["best"]
    assert set(result["best"]["values"]) == {"optimizer.learning_rate", "batch_size"}
    assert isinstance(result["best"]["values"]["batch_size"], int)
    assert result["space"] == {"optimizer.learning_rate": "0.001:10.0:log", "batch_size": "4,8,16"}
    assert (result["study"], result["recipe"], result["seed"]) == ("tiny", "tiny", 0)
    assert result["validation_images"] == NUM_VALIDATION


def test_best_recipe_says_what_it_was_chosen_from(tuned: Tuning) -> None:
    best = tuned.result["best"]
    text = (tuned.folder / "best.toml").read_text()
    header = [line for line in text.splitlines() if line.startswith("#")]
    assert header[0] == (
        "# The best of 6 trials of the study 'tiny': 6 complete, 0 pruned, 0 diverged."
    )
    assert header[1].startswith(
        f"# Trial {best['trial']}: validation accuracy {best['value']:.2%} (95 % interval "
    )
    assert header[1].endswith("on 9 validation images, seed 0.")
    assert header[2].startswith("# The recipe 'tiny' as it was: validation accuracy ")
    assert "partly luck" in header[3]


def test_size_of_the_images_may_be_tuned(recipe: Recipe, tmp_path: Path) -> None:
    tuning = tune_tiny(recipe, tmp_path, 4, space=["size_px=6,8", "data.limit=10:20"])
    assert tuning.counts["complete"] == 4
    assert len({trial.params["input.size_px"] for trial in tuning.trials}) == 2


def test_precision_is_decided_once(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([True, False])
    monkeypatch.setattr("thumbnet.training.precision.bf16_is_faster", lambda _: next(answers))
    options: dict[str, Any] = {"overrides": {"precision": "auto"}}
    tune_tiny(recipe, tmp_path, 1, **options)
    tuning = tune_tiny(recipe, tmp_path, 2, **options)
    assert tuning.counts["complete"] == 2
    assert load_recipe(tmp_path / "best.toml").precision == "bf16"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 1}, "another recipe\n  got: recipe.seed = 1\n  expected: recipe.seed = 0"),
        ({"space": ["lr=1:2"]}, "another space\n  got: space.batch_size = None; space.opt"),
        ({"metric": "validation_loss"}, "another metric\n  got: metric = validation_loss"),
    ],
)
def test_other_tuning_of_the_same_name_is_refused(
    tuned_once: tuple[Recipe, Tuning], options: dict[str, Any], message: str
) -> None:
    recipe, tuned = tuned_once
    before = tree(tuned.folder)
    with pytest.raises(CheckpointError, match=f"the study 'tiny' was made with {message}"):
        tune_tiny(recipe, tuned.folder, 9, **options)
    assert tree(tuned.folder) == before


def test_studies_of_other_names_share_a_file(recipe: Recipe, tmp_path: Path) -> None:
    storage = tmp_path / "all.db"
    for name in ("one", "another"):
        options = {"study": name, "seed": len(name), "storage": storage}
        assert len(tune_tiny(recipe, tmp_path / name, 1, **options).trials) == 1
        assert (tmp_path / name / "best.toml").is_file()


def test_study_on_pictures_that_have_changed_is_refused(
    recipe: Recipe, tmp_path: Path, pictures: Path
) -> None:
    tune_tiny(recipe, tmp_path / "study", 1)
    (pictures / "bar" / "0.png").unlink()
    with pytest.raises(CheckpointError, match=r"made with another (training|validation) images"):
        tune_tiny(recipe, tmp_path / "study", 2)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"trials": 0}, RecipeError, "nothing to try\n  got: --trials 0"),
        ({"time_s": 0.0}, RecipeError, "no time to try\n  got: --time 0.0"),
        ({"metric": "accuracy"}, RecipeError, "did you mean 'validation_accuracy'"),
        ({"study": "a/b"}, OutputError, "usable as a file name\n  got: 'a/b'"),
        ({"space": ["lr=1:0"]}, RecipeError, "a range must rise"),
        ({"space": ["lr=-1:1"]}, RecipeError, "the space holds what is no recipe"),
        (
            {"seed": 1, "space": ["momentum=0:0.9"], "overrides": {"momentum": 0.1}},
            RecipeError,
            "both set and tuned\n  got: optimizer.momentum",
        ),
    ],
)
def test_mistake_is_refused_before_anything_is_written(
    recipe: Recipe, tmp_path: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        tune_tiny(recipe, tmp_path / "study", **options)
    assert not (tmp_path / "study").exists()
