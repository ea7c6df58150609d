"""Personalising: it begins at the bundled weights, counts honestly, and leaves a whole run."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from test_samples import write_samples

from thumbnet.errors import DataError, OutputError
from thumbnet.export.single_file import export_model
from thumbnet.files import sha256
from thumbnet.inference import Recogniser
from thumbnet.inference.locate import bundled_weights
from thumbnet.models.folder import WEIGHTS, load_model_folder
from thumbnet.training import calibrate, personalise
from thumbnet.training.interruption import Interrupted
from thumbnet.training.recipe_file import load_recipe
from thumbnet.training.run import Run
from thumbnet.training.samples import load_samples
from tiny_runs import signal_at_step, tree, weights


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train on very few images and fit on few: seconds in place of a minute."""
    monkeypatch.setattr(personalise, "EPOCHS", 1)
    monkeypatch.setattr(personalise, "NUM_OTHERS", 100)
    monkeypatch.setattr(personalise, "NUM_SEEN", 60)
    monkeypatch.setattr(calibrate, "NUM_NEGATIVES", 60)


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    return write_samples(tmp_path / "mine", 3)


def trained_on(samples: Path, out: Path, **options: Any) -> Run:
    return personalise.personalise(samples, out=out, device="cpu", progress=False, **options)


def test_bundled_weights_are_those_of_the_bundled_recogniser() -> None:
    recogniser = Recogniser.load("digits")
    _, config = load_model_folder(bundled_weights())
    assert sha256(bundled_weights() / WEIGHTS) == recogniser.metadata["model_sha256"]
    assert config.class_names == recogniser.class_names
    assert config.temperature == recogniser.metadata["temperature"]


def test_recipe_is_the_bundled_one_shorter_and_gentler() -> None:
    _, config = load_model_folder(bundled_weights())
    recipe = personalise.make_personal_recipe(config, 5)
    base = load_recipe("digits")
    for name in ("augmentation", "ink", "made", "model", "loss", "schedule", "views"):
        assert getattr(recipe, name) == getattr(base, name)
    assert (recipe.seed, recipe.frame) == (5, "mnist")
    assert recipe.input.mean == config.input.mean
    assert recipe.optimizer.learning_rate < base.optimizer.learning_rate
    assert recipe.data.validation == base.data.validation
    assert recipe.data.split_seed == base.data.split_seed


def test_samples_are_repeated_behind_the_others(samples: Path) -> None:
    mine = load_samples(samples).train
    others = load_samples(samples).held_back
    both = personalise.mixed(others, mine)
    times = personalise.NUM_SEEN // len(mine)
    assert len(both) == len(others) + times * len(mine)
    assert torch.equal(both.images[: len(others)], others.images)
    for start in range(len(others), len(both), len(mine)):
        assert torch.equal(both.images[start : start + len(mine)], mine.images)
        assert torch.equal(both.labels[start : start + len(mine)], mine.labels)


def test_too_few_samples_leave_nothing(samples: Path, tmp_path: Path) -> None:
    shutil.rmtree(samples / "3")
    with pytest.raises(DataError, match="add 3 of 3"):
        trained_on(samples, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_folder_with_a_run_is_refused_before_training(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.toml").touch()
    with pytest.raises(OutputError, match="a run in this folder already"):
        trained_on(samples, tmp_path / "run")


@pytest.mark.slow
@pytest.mark.usefixtures("quick", "no_figures")
def test_run_is_whole_says_what_was_gained_and_exports(samples: Path, tmp_path: Path) -> None:
    run = trained_on(samples, tmp_path / "run")
    assert run.is_finished
    assert run.recipe.name == "digits-personal"
    personal = run.receipt["personal"]
    assert personal["started_from"] == sha256(bundled_weights() / WEIGHTS)
    assert (personal["num_samples"], personal["held_back"]["before"]["num_images"]) == (20, 10)
    for counts in (*personal["held_back"].values(), *personal["test"].values()):
        low, high = counts["accuracy_interval"]
        assert low <= counts["accuracy"] <= high
        assert counts["accuracy"] == counts["num_correct"] / counts["num_images"]
    # One gentle epoch on hardly anything forgets nothing.
    before, after = personal["test"]["before"], personal["test"]["after"]
    assert before["num_images"] == after["num_images"] == 10_000
    assert after["accuracy"] > before["accuracy"] - 0.005 > 0.99
    assert len(run.receipt["test_openings"]) == 2
    card = (run.folder / "model" / "README.md").read_text(encoding="utf-8")
    assert "One person's handwriting" in card
    assert f"{after['num_correct']:,} of 10,000" in card
    assert weights(run) != (bundled_weights() / WEIGHTS).read_bytes()
    exported = export_model(run.folder)
    recogniser = Recogniser.load(run.folder)
    assert "One person's handwriting" in recogniser.metadata["card"]
    assert exported.certificate.label_agreement == 1


@pytest.mark.slow
@pytest.mark.usefixtures("quick", "no_figures")
def test_same_seed_gives_the_same_weights(samples: Path, tmp_path: Path) -> None:
    first, second, other = (
        weights(trained_on(samples, tmp_path / f"run-{index}", seed=seed))
        for index, seed in enumerate((3, 3, 4))
    )
    assert first == second
    assert first != other


@pytest.mark.slow
@pytest.mark.usefixtures("quick", "no_figures")
def test_interruption_leaves_nothing(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal_at_step(monkeypatch, 1)
    before = tree(tmp_path)
    with pytest.raises(Interrupted) as raised:
        trained_on(samples, tmp_path / "run")
    assert raised.value.signal_number == signal.SIGINT
    assert tree(tmp_path) == before


@pytest.mark.usefixtures("quick", "no_figures")
def test_failure_at_the_end_leaves_nothing(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr(personalise, "_train", lambda *_: None)
    monkeypatch.setattr(personalise, "finish_run", fail)
    before = tree(tmp_path)
    with pytest.raises(OutputError, match="disk is full"):
        trained_on(samples, tmp_path / "run")
    assert tree(tmp_path) == before
