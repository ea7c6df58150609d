"""Comparisons, whole: the same as single runs, resumable, the test set opened once."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from thumbnet.errors import (
    CheckpointError,
    DataError,
    DivergedError,
    OutputError,
    RecipeError,
    ThumbnetError,
)
from thumbnet.training import comparison_runs
from thumbnet.training.compare import compare
from thumbnet.training.comparison_plan import TUNING_SEEDS, Plan, make_plan
from thumbnet.training.comparison_tuning import choose_rates, trial_folder
from thumbnet.training.interruption import Interrupted
from thumbnet.training.recipe import Recipe
from thumbnet.training.run import Run
from thumbnet.training.testing import test as open_again
from thumbnet.training.train import train
from tiny_runs import PLAIN, signal_at_step, tiny_recipe, weights

VARY: dict[str, list[object]] = {"optimizer": ["sgd", "adam"]}
RUNS = ["1-sgd-seed1", "2-adam-seed1", "2-adam-seed2", "1-sgd-seed2"]


@pytest.fixture(autouse=True)
def _no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the figures, which take most of a tiny comparison's time."""
    monkeypatch.setattr("thumbnet.training.compare.draw_figures", lambda _: {})
    monkeypatch.setattr("thumbnet.training.compare.to_html", lambda *_, **__: "")
    paths = "thumbnet.training.compare.to_markdown"
    monkeypatch.setattr(paths, lambda blocks, _: "\n".join(map(str, blocks)))


@pytest.fixture
def recipe(pictures: Path) -> Recipe:
    return tiny_recipe(pictures, {**PLAIN, "data": {"validation": 9}}, lr=0.01)


def compare_tiny(recipe: Recipe, out: Path, **changes: Any) -> dict[str, Any]:
    options = {"vary": VARY, "seeds": 2, "device": "cpu", "progress": False}
    return compare(recipe, out=out, **options | changes)


def timeless(results: dict[str, Any]) -> dict[str, Any]:
    """Return the results without what no two machines, and no two days, have in common."""
    copy = json.loads(json.dumps(results))
    copy.pop("finished")
    for side in copy["sides"]:
        for key in ("train_s", "images_per_s", "to_target"):
            side.pop(key)
        for run in side["runs"]:
            for key in ("train_s", "images_per_s", "seconds_to_target"):
                run.pop(key)
            run["curves"].pop("train_seconds")
    for pair in copy["pairs"]:
        for key in ("train_s", "images_per_s", "seconds_to_target"):
            pair["measures"].pop(key)
    return copy


def test_every_run_is_the_run_that_train_makes(recipe: Recipe, tmp_path: Path) -> None:
    results = compare_tiny(recipe, tmp_path / "out")
    for side, name in zip(results["sides"], ("sgd", "adam"), strict=True):
        assert side["name"] == name
        assert [run["seed"] for run in side["runs"]] == [1, 2]
    alone = train(
        recipe,
        out=tmp_path / "alone",
        seed=2,
        overrides={"optimizer": {"name": "adam", "learning_rate": 0.01}},
        device="cpu",
        progress=False,
    )
    together = tmp_path / "out" / "runs" / "2-adam-seed2"
    assert weights(together) == weights(alone)
    run = results["sides"][1]["runs"][1]
    assert run["accuracy"] == alone.result["test_accuracy"]
    assert run["curves"]["validation_accuracy"][-1] == pytest.approx(
        alone.result["validation_accuracy"], abs=1e-6
    )


def test_outcome_of_every_test_image_is_kept(recipe: Recipe, tmp_path: Path) -> None:
    results = compare_tiny(recipe, tmp_path)
    scores, receipt = comparison_runs.read_compared(tmp_path / "runs" / "1-sgd-seed1") or (None, {})
    assert scores is not None
    assert scores.right.shape == (9,)
    assert scores.right.sum() == receipt["results"]["test"]["num_correct"]
    table = results["pairs"][0]["mcnemar"]["seeds"][0]
    accuracies = [side["runs"][0]["accuracy"] for side in results["sides"]]
    assert (table["only_a"] - table["only_b"]) / 9 == pytest.approx(accuracies[0] - accuracies[1])


def test_sides_take_turns(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    original = comparison_runs.train

    def noting(*arguments: Any, **options: Any) -> Any:
        order.append(options["out"].name)
        return original(*arguments, **options)

    monkeypatch.setattr(comparison_runs, "train", noting)
    compare_tiny(recipe, tmp_path)
    assert order == RUNS


def test_test_set_is_opened_once_by_each_run_and_never_by_a_trial(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openings: list[int] = []
    original = comparison_runs.open_test_set

    def noting(*arguments: Any, **options: Any) -> Any:
        openings.append(1)
        return original(*arguments, **options)

    monkeypatch.setattr(comparison_runs, "open_test_set", noting)
    compare_tiny(recipe, tmp_path, tune=3)
    assert len(openings) == 4
    compare_tiny(recipe, tmp_path, tune=3)
    assert len(openings) == 4
    assert all(len(Run(tmp_path / "runs" / name).receipt["test_openings"]) == 1 for name in RUNS)


def test_run_of_a_comparison_can_be_used_like_any_other(recipe: Recipe, tmp_path: Path) -> None:
    compare_tiny(recipe, tmp_path)
    run = Run(tmp_path / "runs" / RUNS[0])
    assert open_again(run.folder).accuracy == run.receipt["results"]["test"]["accuracy"]
    assert sorted(path.name for path in run.folder.iterdir()) == [
        ".lock",
        "metrics.jsonl",
        "model",
        "receipt.json",
        "recipe.toml",
    ]


@pytest.mark.parametrize("step", [1, 5, 9, 25])
def test_interrupted_comparison_goes_on_to_the_same_results(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    whole = compare_tiny(recipe, tmp_path / "whole", tune=2)
    with monkeypatch.context() as patch:
        signal_at_step(patch, step, signal.SIGTERM)
        with pytest.raises(Interrupted):
            compare_tiny(recipe, tmp_path / "out", tune=2)
    assert not (tmp_path / "out" / "results.json").exists()
    resumed = compare_tiny(recipe, tmp_path / "out", tune=2)
    assert timeless(resumed) == timeless(whole)
    for name in RUNS:
        path = Path("runs") / name
        assert weights(tmp_path / "out" / path) == weights(tmp_path / "whole" / path)


def test_finished_comparison_trains_nothing_and_may_take_another_target(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compare_tiny(recipe, tmp_path)
    monkeypatch.setattr(comparison_runs, "train", None)
    again = compare_tiny(recipe, tmp_path, target=0.4, language="zh")
    assert again["sides"][0]["accuracy"] == first["sides"][0]["accuracy"]
    assert again["target"] == {"validation_accuracy": 0.4, "is_given": True}
    assert "结论" in (tmp_path / "comparison.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seeds": 3}, r"got: num_seeds: 3\n  expected: 2"),
        ({"overrides": {"epochs": 3}}, r"recipes\.sgd\.epochs: 3\n  expected: 2, as it began"),
        ({"vary": {"optimizer": ["adam", "sgd"]}}, r"sides: \[\"adam\", \"sgd\"\]"),
        ({"tune": 2}, "tune: 2"),
    ],
)
def test_other_plan_in_the_same_folder_is_refused(
    recipe: Recipe, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    compare_tiny(recipe, tmp_path)
    before = (tmp_path / "plan.json").read_bytes()
    with pytest.raises(OutputError, match=words):
        compare_tiny(recipe, tmp_path, **changes)
    assert (tmp_path / "plan.json").read_bytes() == before


def test_run_of_another_recipe_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    train(recipe, out=tmp_path / "runs" / RUNS[0], device="cpu", progress=False)
    (tmp_path / "runs" / RUNS[0] / "receipt.json").unlink()
    with pytest.raises(CheckpointError, match="of another recipe than the comparison"):
        compare_tiny(recipe, tmp_path)


def test_second_process_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / ".lock", timeout=0),
        pytest.raises(CheckpointError, match="another process is at work"),
    ):
        compare_tiny(recipe, tmp_path)


def test_pictures_that_change_between_runs_are_noticed(
    recipe: Recipe, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = comparison_runs.train
    num_runs = 0

    def losing_a_picture(*arguments: Any, **options: Any) -> Any:
        nonlocal num_runs
        num_runs += 1
        if num_runs == 2:
            (pictures / "bar" / "0.png").unlink()
        return original(*arguments, **options)

    monkeypatch.setattr(comparison_runs, "train", losing_a_picture)
    with pytest.raises(DataError, match="two runs did not see the same"):
        compare_tiny(recipe, tmp_path / "out")
    assert num_runs == 2


def test_training_set_sizes_can_be_compared(recipe: Recipe, tmp_path: Path) -> None:
    results = compare_tiny(recipe, tmp_path, vary={"data.limit": [12, 24]})
    assert results["data"]["num_train"] == [12, 24]
    assert len(results["data"]["test_hash"]) == 1


def test_tuned_side_is_trained_with_its_best_rate(recipe: Recipe, tmp_path: Path) -> None:
    results = compare_tiny(recipe, tmp_path, tune=3)
    for name, side in zip(("1-sgd", "2-adam"), results["sides"], strict=True):
        trials = side["tuning"]["trials"]
        assert [trial["learning_rate"] for trial in trials] == [0.000333, 0.01, 0.3]
        best = max(
            trials, key=lambda trial: (trial["validation_accuracy"], -trial["validation_loss"])
        )
        assert side["tuning"]["learning_rate"] == best["learning_rate"]
        for seed in (1, 2):
            run = Run(tmp_path / "runs" / f"{name}-seed{seed}")
            assert run.recipe.optimizer.learning_rate == best["learning_rate"]
        for seed in TUNING_SEEDS:
            trial = tmp_path / "tuning" / f"{name}-trial1-seed{seed}"
            assert Run(trial).recipe.seed == seed
            assert not (trial / "receipt.json").exists()


def test_run_that_diverges_is_counted_and_not_averaged(recipe: Recipe, tmp_path: Path) -> None:
    results = compare_tiny(recipe, tmp_path, vary={"lr": [0.01, 1e30]})
    assert results["sides"][1]["diverged_seeds"] == [1, 2]
    assert results["sides"][1]["accuracy"]["mean"] is None
    assert results["pairs"][0]["measures"]["accuracy"]["kind"] == "diverged"


def test_trial_that_diverges_is_never_chosen(recipe: Recipe, tmp_path: Path) -> None:
    plan = make_plan([recipe], vary={"epochs": [1, 2]}, tune=2)
    for side in (0, 1):
        end_trials(tmp_path, plan, side, 0, [0.0, 0.0, 0.0])
        end_trials(tmp_path, plan, side, 1, [0.9, 0.9, None])
    chosen = choose_rates(tmp_path, plan)
    assert [found and found["learning_rate"] for found in chosen] == [0.000333, 0.000333]
    assert chosen[0] is not None
    assert chosen[0]["trials"][1]["validation_accuracy"] is None


def test_rate_that_is_best_on_average_is_chosen_not_the_one_that_was_lucky_once(
    recipe: Recipe, tmp_path: Path
) -> None:
    plan = make_plan([recipe], vary={"epochs": [1, 2]}, tune=2)
    for side in (0, 1):
        end_trials(tmp_path, plan, side, 0, [0.8, 0.9, 0.85])
        end_trials(tmp_path, plan, side, 1, [0.95, 0.2, 0.9])
    (found, _) = choose_rates(tmp_path, plan)
    assert found is not None
    assert found["learning_rate"] == found["trials"][0]["learning_rate"]
    assert found["trials"][0]["validation_accuracy"] == pytest.approx(0.85)
    assert found["trials"][1]["accuracies"] == [0.95, 0.2, 0.9]


def end_trials(
    out: Path, plan: Plan, side: int, trial: int, accuracies: list[float | None]
) -> None:
    """Leave the files of a trial's ended runs, one for each seed; None is one that diverged."""
    for seed, accuracy in zip(TUNING_SEEDS, accuracies, strict=True):
        folder = trial_folder(out, plan, side, trial, seed)
        folder.mkdir(parents=True)
        if accuracy is None:
            (folder / "diverged.json").write_text('{"what": "nan"}', encoding="utf-8")
        else:
            scores = {"validation_accuracy": accuracy, "validation_loss": 1.0}
            (folder / "trial.json").write_text(json.dumps(scores), encoding="utf-8")


def test_side_whose_trials_all_diverge_is_an_error(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="epochs=1: every trial diverged"):
        compare_tiny(recipe, tmp_path, vary={"epochs": [1, 2]}, overrides={"lr": 1e30}, tune=2)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"target": 97.0}, RecipeError, "the target is no accuracy"),
        ({"language": "fr"}, ThumbnetError, "no words in this language"),
        ({"vary": None}, RecipeError, "at least two sides"),
    ],
)
def test_mistakes_leave_nothing_behind(
    recipe: Recipe,
    tmp_path: Path,
    changes: dict[str, Any],
    error: type[ThumbnetError],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        compare_tiny(recipe, tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


def test_folder_that_is_a_file_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="cannot write"):
        compare_tiny(recipe, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
