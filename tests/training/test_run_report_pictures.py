"""What a run's report shows, computed from its network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from thumbnet.datasets.image_set import ImageSet
from thumbnet.evaluation.classifier import Classifier
from thumbnet.models.folder import Views
from thumbnet.training.report_pictures import NUM_EXPLAINED, report_pictures, sample_of
from thumbnet.training.run import Run
from thumbnet.training.setup import load_run_data
from thumbnet.training.testing import TestOpening, open_test_set
from tiny_runs import EVERYTHING, NUM_TEST, NUM_TRAIN, run_tiny, tiny_recipe, write_pictures

Answered = tuple[Classifier, TestOpening, ImageSet]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("pictures")
    pictures = write_pictures(folder / "pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THUMBNET_HOME", str(folder / "home"))
        patch.setattr("thumbnet.training.finish.write_figures_and_report", lambda *_: None)
        return run_tiny(tiny_recipe(pictures, EVERYTHING, epochs=1), folder / "run")


@pytest.fixture
def answered(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answered:
    monkeypatch.setenv("THUMBNET_HOME", str(tmp_path / "home"))
    classifier = run.load()
    opening = open_test_set(classifier, run.recipe.data.name)
    return classifier, opening, load_run_data(run.recipe).train


def test_every_part_is_there_and_twice_the_same(answered: Answered) -> None:
    classifier, opening, train = answered
    pictures = report_pictures(classifier, opening, train)
    num_mistakes = NUM_TEST - opening.evaluation.num_correct
    assert num_mistakes > 0
    assert pictures.evidence is not None
    assert len(pictures.evidence.rows) == min(NUM_EXPLAINED, num_mistakes)
    assert sum(row.num_first_as_second + row.num_second_as_first for row in pictures.pairs) == (
        num_mistakes
    )
    assert len(pictures.hardest) == NUM_TEST
    assert [row.name for row in pictures.classes] == list(train.class_names)
    assert len(pictures.samples) == NUM_TRAIN - 9
    assert report_pictures(classifier, opening, train) == pictures


def test_training_labels_are_held_against_the_networks_own_answers(answered: Answered) -> None:
    classifier, opening, train = answered
    config = classifier.config.model_copy(update={"views": Views(mirror=True)})
    mirrored = Classifier(classifier.network, config, classifier.device)
    # One view of each, whatever the model averages.
    found = report_pictures(mirrored, opening, train).suspicious
    wrong = classifier.logits(train.images).argmax(1) != train.labels
    assert found is not None
    assert (found.num_images, found.num_disagreeing) == (len(train), int(wrong.sum()))


def test_without_a_mistake_nothing_is_explained(answered: Answered) -> None:
    classifier, opening, train = answered
    right = torch.eye(3)[opening.images.labels]
    perfect = TestOpening(opening.images, right, opening.evaluation, right.amax(1), 0.0)
    pictures = report_pictures(classifier, perfect, train)
    assert pictures.evidence is None
    assert pictures.pairs == ()
    assert len(pictures.hardest) == NUM_TEST


def test_samples_are_evenly_spaced() -> None:
    labels = torch.arange(200) // 50
    images = ImageSet("made", torch.zeros(200, 1, 2, 2, dtype=torch.uint8), labels, tuple("abcd"))
    assert sample_of(images, 8).labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert len(sample_of(images, 1000)) == 200
    assert torch.equal(sample_of(images, 200).labels, labels)


def test_network_is_left_as_it_was(answered: Answered) -> None:
    classifier, opening, train = answered
    before = {name: value.clone() for name, value in classifier.network.state_dict().items()}
    report_pictures(classifier, opening, train)
    assert not any(module.training for module in classifier.network.modules())
    assert all(parameter.grad is None for parameter in classifier.network.parameters())
    after = classifier.network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
