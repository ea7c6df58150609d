"""Temperature and threshold of a run: from held-out images, never from the test set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.mnist import load_mnist
from thumbnet.evaluation.classifier import Classifier, predict_logits
from thumbnet.evaluation.refusal import fit_temperature, fit_threshold
from thumbnet.models import build_model
from thumbnet.training import calibrate as module
from thumbnet.training.calibrate import Calibration, calibrate
from thumbnet.training.card import model_card
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import make_recipe
from thumbnet.training.setup import RunData, make_config
from tiny_runs import NUM_TRAIN, PLAIN, run_tiny, tiny_recipe

DIGITS: dict[str, Any] = {"model": {"name": "mlp", "widths": [8]}}


@pytest.fixture(scope="module")
def images() -> ImageSet:
    return load_mnist("train").subset(range(300))


@pytest.fixture(autouse=True)
def _few_negatives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NUM_NEGATIVES", 60)


def _classifier(recipe: Recipe, train: ImageSet) -> Classifier:
    config = make_config(recipe, train)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build_model("mlp", config.input.shape, config.num_outputs, widths=[8])
    return Classifier(network.eval(), config, torch.device("cpu"))


def _logits(classifier: Classifier, images: Tensor) -> Tensor:
    return predict_logits(classifier.network, images, classifier.config, classifier.device)


def test_both_come_from_the_validation_images(images: ImageSet) -> None:
    recipe = make_recipe(DIGITS, {"input.frame": "resize"})
    data = RunData(images.subset(range(200)), images.subset(range(200, 300)))
    assert data.validation is not None
    classifier = _classifier(recipe, images)
    found = calibrate(classifier, data, recipe)
    logits = _logits(classifier, data.validation.images)
    temperature = fit_temperature(logits, data.validation.labels)
    assert found.temperature == temperature
    scores = (logits / temperature).softmax(1).amax(1)
    assert found.threshold == fit_threshold(scores, None)
    assert (found.fitted_on, found.num_images, found.num_negatives) == ("validation", 100, 0)
    assert found.threshold.refusals is None


def test_without_validation_a_part_of_the_training_images_serves(
    images: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = make_recipe(DIGITS, {"input.frame": "resize"})
    classifier = _classifier(recipe, images)
    found = calibrate(classifier, RunData(images, None), recipe)
    assert (found.fitted_on, found.num_images) == ("train", 300)
    monkeypatch.setattr(module, "NUM_TRAINING_IMAGES", 50)
    found = calibrate(classifier, RunData(images, None), recipe)
    assert (found.fitted_on, found.num_images) == ("train", 50)
    assert calibrate(classifier, RunData(images, None), recipe) == found


@pytest.mark.parametrize("rejects", [False, True])
def test_digits_are_held_against_made_negatives(images: ImageSet, rejects: bool) -> None:
    recipe = make_recipe(DIGITS, {"made.negatives": 0.1 if rejects else 0.0})
    classifier = _classifier(recipe, images)
    found = calibrate(classifier, RunData(images, None), recipe)
    assert abs(found.num_negatives - 60) < 8
    assert found.threshold.refusals is not None
    assert found.threshold.false_refusals <= 0.005
    # The further output takes no part in the temperature.
    logits = _logits(classifier, images.images)
    assert found.temperature == fit_temperature(logits[:, :10], images.labels)
    assert calibrate(classifier, RunData(images, None), recipe) == found


def test_letters_are_not_held_against_letters(images: ImageSet) -> None:
    letters = ImageSet("letters", images.images, images.labels, tuple("abcdefghij"))
    recipe = make_recipe(DIGITS)
    found = calibrate(_classifier(recipe, letters), RunData(letters, None), recipe)
    assert recipe.frame == "mnist"
    assert (found.num_negatives, found.threshold.refusals) == (0, None)


def test_changed_ink_counts_as_known(images: ImageSet, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = []
    original = fit_threshold

    def fit(known: Tensor, negatives: Tensor | None) -> Any:
        numbers.append(len(known))
        return original(known, negatives)

    monkeypatch.setattr(module, "fit_threshold", fit)
    for share in (0.0, 0.5):
        recipe = make_recipe(DIGITS, {"ink.share": share, "stroke_px": 1.0})
        calibrate(_classifier(recipe, images), RunData(images, None), recipe)
    assert numbers == [300, 600]


def test_calibration_changes_the_two_numbers_of_the_model_only(images: ImageSet) -> None:
    recipe = make_recipe(DIGITS, {"input.frame": "resize"})
    classifier = _classifier(recipe, images)
    found = calibrate(classifier, RunData(images, None), recipe)
    changed = found.apply(classifier.config)
    assert changed.temperature == found.temperature
    assert changed.refusal_threshold == found.threshold.value
    back = {"temperature": 1.0, "refusal_threshold": 0.0}
    assert changed.model_copy(update=back) == classifier.config


def test_network_keeps_its_weights_and_its_mode(images: ImageSet) -> None:
    recipe = make_recipe(DIGITS)
    classifier = _classifier(recipe, images)
    before = nn.utils.parameters_to_vector(classifier.network.parameters()).clone()
    calibrate(classifier, RunData(images, None), recipe)
    after = nn.utils.parameters_to_vector(classifier.network.parameters())
    assert torch.equal(before, after)
    assert not classifier.network.training


@pytest.mark.usefixtures("no_figures")
def test_run_is_calibrated_and_its_receipt_and_card_say_so(tmp_path: Path, pictures: Path) -> None:
    run = run_tiny(tiny_recipe(pictures, PLAIN), tmp_path / "run")
    told = run.receipt["calibration"]
    config = run.load().config
    assert told["temperature"] == config.temperature
    assert told["refusal_threshold"] == config.refusal_threshold
    assert (told["fitted_on"], told["num_images"]) == ("train", NUM_TRAIN)
    assert (told["num_negatives"], told["refusals"]) == (0, None)
    assert 0 <= run.receipt["results"]["test_false_refusals"] <= 1
    assert run.receipt["times"]["calibration_s"] >= 0
    card = (run.folder / "model/README.md").read_text(encoding="utf-8")
    assert card == model_card(config, run.receipt)
    assert "It refuses the 0.0% that it is least certain of (fitted on 33 train images)." in card
    assert "The pictures must look like the training data" in card


@pytest.mark.usefixtures("no_figures")
def test_card_of_glyphs_says_what_is_refused(tmp_path: Path, pictures: Path) -> None:
    run = run_tiny(tiny_recipe(pictures, PLAIN, epochs=1), tmp_path / "run")
    config = run.load().config
    glyphs = config.model_copy(update={"input": config.input.model_copy(update={"frame": "mnist"})})
    threshold = fit_threshold(torch.linspace(0.5, 1, 1000), torch.linspace(0, 0.6, 400))
    found = Calibration(1.2, threshold, "validation", 1000, 400)
    card = model_card(glyphs, {**run.receipt, "calibration": found.to_dict()})
    assert "its ink is found and put where MNIST's is" in card
    assert f"refuses {threshold.refusals:.1%} of 400 made pictures of none of its classes" in card
    assert f"{threshold.false_refusals:.2%} of its own kind, fitted on 1,000 validation" in card
