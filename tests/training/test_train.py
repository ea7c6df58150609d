"""``train``: equal bits for equal recipes, and nothing left behind by a mistake."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch

from thumbnet.errors import DeviceError, DivergedError, ModelError, OutputError, RecipeError
from thumbnet.training.checkpoint import CheckpointFolder, read_checkpoint
from thumbnet.training.loop import Training
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe
from thumbnet.training.train import train
from tiny_runs import (
    EVERYTHING,
    NUM_TEST,
    PLAIN,
    RESULT_KEYS,
    call_at_step,
    learning_curve,
    run_tiny,
    tiny_recipe,
    tree,
    weights,
    write_recipe,
)

pytestmark = pytest.mark.usefixtures("no_figures")


def test_same_recipe_and_seed_give_the_same_bits(tmp_path: Path, pictures: Path) -> None:
    recipe = tiny_recipe(pictures, EVERYTHING)
    first, second = (run_tiny(recipe, tmp_path / name) for name in ("first", "second"))
    assert weights(first) == weights(second)
    assert learning_curve(first) == learning_curve(second)


def test_another_seed_gives_other_weights(tmp_path: Path, pictures: Path) -> None:
    first, second = (
        run_tiny(tiny_recipe(pictures, seed=seed), tmp_path / str(seed)) for seed in (1, 2)
    )
    assert weights(first) != weights(second)


def test_training_neither_reads_nor_changes_the_state_of_torch(
    tmp_path: Path, pictures: Path
) -> None:
    recipe = tiny_recipe(pictures, EVERYTHING)
    expected = run_tiny(recipe, tmp_path / "first")
    torch.rand(17)
    state = torch.get_rng_state()
    benchmark = torch.backends.cudnn.benchmark
    threads = torch.get_num_threads()
    assert weights(run_tiny(recipe, tmp_path / "second")) == weights(expected)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cudnn.benchmark == benchmark
    assert torch.get_num_threads() == threads


def test_draws_within_training_do_not_move_it(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A callback that draws between two steps, as a figure or a logger may."""
    recipe = tiny_recipe(pictures, EVERYTHING)
    expected = run_tiny(recipe, tmp_path / "first")
    original = Training.step

    def drawing(training: Training, *arguments: Any) -> Any:
        result = original(training, *arguments)
        torch.rand(3)
        return result

    monkeypatch.setattr(Training, "step", drawing)
    assert weights(run_tiny(recipe, tmp_path / "second")) == weights(expected)


def test_state_of_torch_is_restored_after_a_failure(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_training: Training) -> None:
        raise ZeroDivisionError

    state, threads = torch.get_rng_state(), torch.get_num_threads()
    call_at_step(monkeypatch, 2, fail)
    with pytest.raises(ZeroDivisionError):
        run_tiny(tiny_recipe(pictures), tmp_path / "run")
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_finished_run_holds_recipe_metrics_model_and_result(tmp_path: Path, pictures: Path) -> None:
    recipe = tiny_recipe(pictures, EVERYTHING)
    run = run_tiny(recipe, tmp_path / "run")
    assert run.is_finished
    assert load_recipe(tmp_path / "run/recipe.toml") == recipe
    assert sorted(path.name for path in (tmp_path / "run/model").iterdir()) == [
        *("README.md", "config.json", "manifest.json", "model.safetensors")
    ]
    assert list(run.result) == RESULT_KEYS
    assert run.result["run"] == str(tmp_path / "run")
    assert (run.result["recipe"], run.result["seed"], run.result["epochs"]) == ("tiny", 0, 3)
    assert 0 <= run.result["validation_accuracy"] <= 1
    num_right = run.result["test_accuracy"] * NUM_TEST
    assert num_right == pytest.approx(round(num_right))


def test_tiny_pictures_are_learnt(tmp_path: Path, pictures: Path) -> None:
    run = run_tiny(tiny_recipe(pictures, epochs=20), tmp_path / "run")
    assert run.result["test_accuracy"] == 1.0
    assert run.result["validation_accuracy"] is None


def test_recipe_may_be_a_file_with_changes(tmp_path: Path, pictures: Path) -> None:
    path = write_recipe(tmp_path / "tiny.toml", tiny_recipe(pictures))
    run = train(
        path, out=tmp_path / "run", seed=5, overrides={"epochs": 1, "lr": 0.2}, progress=False
    )
    assert (run.recipe.seed, run.recipe.epochs) == (5, 1)
    assert run.recipe.optimizer.learning_rate == 0.2


def test_recipe_object_takes_changes_too(tmp_path: Path, pictures: Path) -> None:
    run = train(
        tiny_recipe(Path("nowhere")),
        out=tmp_path / "run",
        seed=3,
        data=f"folder:{pictures}",
        progress=False,
    )
    assert (run.recipe.seed, run.recipe.data.name) == (3, f"folder:{pictures}")


def test_default_folder_is_the_next_of_the_recipe(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [train(tiny_recipe(pictures), progress=False).folder for _ in range(2)]
    assert folders == [Path("runs/tiny-1"), Path("runs/tiny-2")]


def test_saved_recipe_is_complete(tmp_path: Path, pictures: Path) -> None:
    run = run_tiny(tiny_recipe(pictures), tmp_path / "run")
    saved = tomllib.loads((run.folder / "recipe.toml").read_text(encoding="utf-8"))
    assert saved["loss"] == {"name": "cross-entropy", "label_smoothing": 0.0}
    assert saved["optimizer"]["momentum"] == 0.0


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"model": "unknown"}, ModelError, "there is no model 'unknown'"),
        ({"model.widths": [0]}, ModelError, "must be positive whole numbers"),
        ({"epochs": 0}, RecipeError, "'epochs' is not usable"),
    ],
)
def test_mistake_before_training_leaves_no_folder(
    tmp_path: Path, pictures: Path, changes: dict[str, Any], kind: type[Exception], message: str
) -> None:
    before = tree(tmp_path)
    with pytest.raises(kind, match=message):
        train(tiny_recipe(pictures), out=tmp_path / "a/b/run", overrides=changes, progress=False)
    assert tree(tmp_path) == before


def test_unknown_device_is_refused_before_anything(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="there is no device 'warp'"):
        train("mnist", out=tmp_path / "run", device="warp", progress=False)
    assert tree(tmp_path) == {}


def test_existing_run_is_not_overwritten(tmp_path: Path, pictures: Path) -> None:
    run_tiny(tiny_recipe(pictures), tmp_path / "run")
    before = tree(tmp_path / "run")
    with pytest.raises(OutputError, match="there is a run in this folder already"):
        run_tiny(tiny_recipe(pictures), tmp_path / "run")
    assert tree(tmp_path / "run") == before


def test_empty_folder_becomes_the_run(tmp_path: Path, pictures: Path) -> None:
    (tmp_path / "run").mkdir()
    assert run_tiny(tiny_recipe(pictures), tmp_path / "run").is_finished


def explosive_recipe(pictures: Path, **changes: object) -> Recipe:
    """A step that is much too large; its own loss is from before it, and so still finite."""
    values = {**PLAIN, "batch_size": 64, "model": {"name": "mlp", "widths": [8, 8, 8]}}
    return tiny_recipe(pictures, values, lr=1e30, **changes)


@pytest.mark.parametrize("num_saved", [0, 1])
def test_loss_that_is_not_finite_names_step_rate_and_checkpoint(
    tmp_path: Path, pictures: Path, num_saved: int
) -> None:
    recipe = explosive_recipe(pictures, epochs=3, batch_size=64 if num_saved else 8)
    last_good = f"step-{num_saved:09d}.ckpt"
    message = r"(?s)at step 2 \(epoch \d, learning rate 1e\+30\).*" + last_good
    with pytest.raises(DivergedError, match=message):
        run_tiny(recipe, tmp_path / "run")
    path = CheckpointFolder(tmp_path / "run/checkpoints").generations()[0]
    assert path.name == last_good
    for value in read_checkpoint(path)["model"].values():
        assert bool(torch.isfinite(value).all())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"validation": 9}, "the validation loss is (inf|nan) after step 1"),
        ({"validation": 9, "ema_decay": 0.9}, "the validation loss is (inf|nan) after step 1"),
        ({"epochs": 3}, "the loss is (inf|nan) at step 2"),
    ],
)
def test_weights_that_explode_in_the_last_step_of_an_epoch_are_a_clear_error(
    tmp_path: Path, pictures: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DivergedError, match=f"(?s){message} .*1e.30.*last good checkpoint"):
        run_tiny(explosive_recipe(pictures, **changes), tmp_path / "run")


def test_weights_that_explode_in_the_very_last_step_are_a_clear_error(
    tmp_path: Path, pictures: Path
) -> None:
    with pytest.raises(ModelError, match=r"(?s)scores are not finite.*lower learning rate"):
        run_tiny(explosive_recipe(pictures, epochs=1), tmp_path / "run")
    assert not (tmp_path / "run/receipt.json").exists()


def test_weights_that_are_not_finite_never_replace_a_good_checkpoint(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = Training.step, []

    def breaking(training: Training, *arguments: Any) -> Any:
        result = original(training, *arguments)
        calls.append(None)
        if len(calls) == 8:  # the last step of the second epoch
            next(training.model.parameters()).data[0, 0] = float("nan")
        return result

    monkeypatch.setattr(Training, "step", breaking)
    message = r"(?s)'1\.weight' has values that are not finite after step 8.*step-000000004\.ckpt"
    with pytest.raises(DivergedError, match=message):
        run_tiny(tiny_recipe(pictures), tmp_path / "run")
    names = [path.name for path in CheckpointFolder(tmp_path / "run/checkpoints").generations()]
    assert names == ["step-000000004.ckpt", "step-000000000.ckpt"]


def test_progress_is_on_stderr_alone(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(tiny_recipe(pictures), out=tmp_path / "run")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("training: 2 epochs of 4 batches\nepoch   1  loss ")
