from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from sklearn.metrics import roc_auc_score

from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.mnist import load_mnist
from thumbnet.errors import DataError
from thumbnet.inspection.doctor.labels import find_suspects, normalised_margins
from thumbnet.training import out_of_fold
from thumbnet.training.out_of_fold import deal_folds, out_of_fold_probabilities


@pytest.fixture
def stripes() -> ImageSet:
    """Noise with a bright column, whose place tells which of three classes it is."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 150, (60, 1, 8, 8), generator=generator, dtype=torch.uint8)
    labels = torch.arange(60) % 3
    images[torch.arange(60), 0, :, 2 * labels + 1] = 255
    return ImageSet("stripes", images, labels, ("a", "b", "c"))


def test_folds_have_every_class_in_equal_shares() -> None:
    labels = torch.tensor([0] * 41 + [1] * 9 + [2] * 2)
    folds = deal_folds(labels, 4, seed=0)
    for label, count in enumerate((41, 9, 2)):
        dealt = torch.bincount(folds[labels == label], minlength=4)
        assert int(dealt.sum()) == count
        assert int(dealt.max() - dealt.min()) <= 1
    sizes = torch.bincount(folds, minlength=4)
    assert int(sizes.max() - sizes.min()) <= 1


def test_folds_depend_on_the_seed_alone() -> None:
    labels = torch.arange(100) % 10
    assert torch.equal(deal_folds(labels, 4, 3), deal_folds(labels, 4, 3))
    assert not torch.equal(deal_folds(labels, 4, 3), deal_folds(labels, 4, 4))


def test_no_network_trains_on_what_it_is_asked(
    stripes: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spy(train: ImageSet, images: torch.Tensor, seed: int) -> torch.Tensor:
        shown = {picture.numpy().tobytes() for picture in train.images}
        asked = [picture.numpy().tobytes() for picture in images]
        assert not shown & set(asked)
        assert len(shown) + len(asked) == len(stripes)
        seeds.append(seed)
        return torch.full((len(images), 3), float(seed))

    seeds: list[int] = []
    monkeypatch.setattr(out_of_fold, "_train_and_predict", spy)
    rows = out_of_fold_probabilities(stripes, num_folds=4, seed=10)
    assert seeds == [10, 11, 12, 13]
    folds = deal_folds(stripes.labels, 4, 10)
    assert torch.equal(rows[:, 0], 10.0 + folds)


def test_probabilities_tell_the_classes_apart_and_repeat(
    stripes: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out_of_fold, "LEAST_STEPS", 40)
    said: list[str] = []
    rows = out_of_fold_probabilities(stripes, num_folds=2, report=said.append)
    assert rows.sum(1).allclose(torch.ones(60))
    assert (rows.argmax(1) == stripes.labels).double().mean() > 0.9
    assert torch.equal(rows, out_of_fold_probabilities(stripes, num_folds=2))
    assert said == [f"looking for wrong labels: network {i} of 2" for i in (1, 2)]


def test_fewer_pictures_than_folds_are_an_error(stripes: ImageSet) -> None:
    with pytest.raises(DataError, match=r"too few pictures(?s:.*)got: 3(?s:.*)at least 4"):
        out_of_fold_probabilities(stripes.subset(range(3)))


@pytest.mark.slow
def test_labels_of_mnist_changed_on_purpose_are_found() -> None:
    digits = load_mnist("train").subset(range(3000))
    generator = torch.Generator().manual_seed(0)
    flipped = torch.rand(3000, generator=generator) < 0.03
    shift = torch.randint(1, 10, (3000,), generator=generator)
    given = replace(
        digits, labels=torch.where(flipped, (digits.labels + shift) % 10, digits.labels)
    )
    rows = out_of_fold_probabilities(given)
    assert roc_auc_score(flipped.numpy(), -normalised_margins(given.labels, rows).numpy()) > 0.98
    hits = flipped[find_suspects(given.labels, rows).indices]
    assert hits[:50].double().mean() > 0.9
    assert hits.sum() / flipped.sum() > 0.7
