"""The test set: opened once by a run, after training, and every opening is on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from thumbnet.errors import DataError, ModelError
from thumbnet.models.folder import load_model_folder
from thumbnet.training import finish, setup, testing, train
from thumbnet.training.interruption import Interrupted
from thumbnet.training.run import Run
from tiny_runs import (
    EVERYTHING,
    NUM_TEST,
    run_tiny,
    signal_at_step,
    tiny_recipe,
    tree,
    write_pictures,
)

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.fixture
def run(tmp_path: Path, pictures: Path) -> Run:
    return run_tiny(tiny_recipe(pictures, EVERYTHING), tmp_path / "run")


def record_events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note, in order, which splits are loaded, and when training ends."""
    events: list[str] = []
    load, train_epochs = setup.load_dataset, train.train_epochs

    def loading(name: str, split: str, **options: Any) -> Any:
        events.append(split)
        return load(name, split, **options)

    def training(*arguments: Any) -> None:
        train_epochs(*arguments)
        events.append("trained")

    for module in (setup, testing):
        monkeypatch.setattr(module, "load_dataset", loading)
    monkeypatch.setattr(train, "train_epochs", training)
    return events


def test_run_opens_the_test_set_once_and_after_training(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = record_events(monkeypatch)
    run_tiny(tiny_recipe(pictures, EVERYTHING), tmp_path / "run")
    assert events == ["train", "trained", "test"]


def test_interrupted_run_never_opens_the_test_set(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = record_events(monkeypatch)
    signal_at_step(monkeypatch, 9)
    with pytest.raises(Interrupted):
        run_tiny(tiny_recipe(pictures, EVERYTHING), tmp_path / "run")
    assert events == ["train"]


def test_every_opening_is_added_to_the_receipt(run: Run, tmp_path: Path) -> None:
    other = write_pictures(tmp_path / "other", num_per_class=20)
    testing.test(run.folder)
    evaluation = testing.test(run.folder / "model", data=f"folder:{other}")
    openings = run.receipt["test_openings"]
    assert [opening["data"] for opening in openings] == [
        *[run.recipe.data.name] * 2,
        f"folder:{other}",
    ]
    assert openings[0]["test_hash"] == openings[1]["test_hash"] != openings[2]["test_hash"]
    assert openings[2]["accuracy"] == evaluation.accuracy
    assert run.result["test_accuracy"] == openings[0]["accuracy"]


def test_accuracy_is_that_of_a_slow_loop_over_single_images(run: Run) -> None:
    network, config = load_model_folder(run.folder / "model")
    images = testing.load_dataset(run.recipe.data.name, "test", channels=1, size_px=8)
    right = 0
    for image, label in zip(images.images, images.labels, strict=True):
        pixels = (image.double() / 255 - config.input.mean[0]) / config.input.std[0]
        with torch.no_grad():
            right += int(network(pixels[None].float()).argmax()) == int(label)
    evaluation = testing.test(run.folder)
    assert evaluation.accuracy == right / NUM_TEST
    assert (evaluation.num_correct, evaluation.num_images) == (right, NUM_TEST)
    assert run.result["test_accuracy"] == evaluation.accuracy


def test_model_folder_away_from_its_run_can_be_tested(run: Run, tmp_path: Path) -> None:
    moved = (run.folder / "model").rename(tmp_path / "moved")
    before = tree(tmp_path)
    assert testing.test(moved).accuracy == run.result["test_accuracy"]
    assert tree(tmp_path) == before


def test_other_classes_are_refused(run: Run, tmp_path: Path) -> None:
    for names in (("bar", "dot"), ("bar", "dot", "square")):
        other = write_pictures(tmp_path / "-".join(names), names)
        with pytest.raises(DataError, match=r"(?s)classes are not the model's.*bar, dot, ring"):
            testing.test(run.folder, data=f"folder:{other}")
    assert len(run.receipt["test_openings"]) == 1


def test_bad_pictures_are_refused_or_skipped(run: Run, pictures: Path) -> None:
    for index in range(3):
        (pictures / "bar" / f"bad{index}.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="3 unreadable images"):
        testing.test(run.folder)
    lines: list[str] = []
    evaluation = testing.test(run.folder, skip_bad=True, report=lines.append)
    assert evaluation.num_images == NUM_TEST
    assert any("skipped 3 unreadable images" in line for line in lines)


def test_unfinished_run_has_nothing_to_test(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").touch()
    with pytest.raises(ModelError, match="has not finished, so it has no model"):
        testing.test(tmp_path)


def test_test_set_that_went_away_is_said_to_be_missing(run: Run, pictures: Path) -> None:
    pictures.rename(pictures.with_name("elsewhere"))
    with pytest.raises(DataError, match="there is no such folder"):
        testing.test(run.folder)


def test_pictures_of_another_size_are_fitted_to_the_model(run: Run, pictures: Path) -> None:
    for path in pictures.rglob("*.png"):
        with Image.open(path) as picture:
            picture.resize((16, 16), Image.Resampling.NEAREST).convert("RGB").save(path)
    assert testing.test(run.folder).accuracy == run.result["test_accuracy"]


def test_temperature_changes_the_loss_but_not_the_accuracy(run: Run) -> None:
    network, config = load_model_folder(run.folder / "model")
    cold = finish.Classifier(network, config, torch.device("cpu"))
    hot = finish.Classifier(
        network, config.model_copy(update={"temperature": 5.0}), torch.device("cpu")
    )
    first, second = (
        testing.open_test_set(classifier, run.recipe.data.name) for classifier in (cold, hot)
    )
    assert first.evaluation.accuracy == second.evaluation.accuracy
    assert first.evaluation.loss != second.evaluation.loss
    assert float(second.probabilities.max()) < float(first.probabilities.max())


def test_record_is_json(run: Run) -> None:
    classifier = run.load()
    record = testing.open_test_set(classifier, run.recipe.data.name).record("x")
    assert json.loads(json.dumps(record)) == record
