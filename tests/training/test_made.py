"""Made pictures among the training images: how many, of which class, in MNIST's frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.mnist import load_mnist
from thumbnet.datasets.negatives import FIT_KINDS, make_negatives
from thumbnet.errors import DataError
from thumbnet.frame import frame_ink
from thumbnet.training.made import (
    DIGIT_NAMES,
    fitting_negatives,
    framed_digits,
    framed_negatives,
    with_made_pictures,
)
from thumbnet.training.recipe import MadeSection


@pytest.fixture(scope="module")
def images() -> ImageSet:
    return load_mnist("train").subset(range(150))


def _sides(pictures: Tensor) -> np.ndarray:
    """Return the longer side of the ink of each picture with any."""
    ink = pictures[:, 0].numpy() > 90
    spans = [
        [np.flatnonzero(picture.any(axis)) for axis in (0, 1)] for picture in ink if picture.any()
    ]
    return np.array([max(np.ptp(rows), np.ptp(columns)) + 1 for rows, columns in spans])


def test_negatives_of_a_kind_are_the_made_ones_in_the_frame(images: ImageSet) -> None:
    digits = images.images[:, 0].numpy()
    for kind in ("drawings", "half-digits"):
        found = framed_negatives(kind, 5, 3, images.images)
        expected = frame_ink(torch.from_numpy(make_negatives(kind, 5, 3, digits)).float())
        assert (found.dtype, found.shape) == (torch.uint8, (5, 1, 28, 28))
        assert torch.equal(found[:, 0], expected.round().to(torch.uint8))


def test_negatives_for_fitting_are_of_all_kinds(
    images: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, int] = {}

    def count(kind: str, num: int, *_: object) -> np.ndarray:
        asked[kind] = num
        return np.zeros((num, 64, 64), np.uint8)

    monkeypatch.setattr("thumbnet.training.made.make_negatives", count)
    assert fitting_negatives(1000, 0, images.images).shape[1:] == (1, 28, 28)
    assert tuple(asked) == FIT_KINDS
    assert abs(sum(asked.values()) - 1000) < len(FIT_KINDS)
    assert max(asked, key=lambda kind: asked[kind]) == "stroke-letters"
    fitting_negatives(1, 0, images.images)
    assert min(asked.values()) == 1


def test_digits_are_framed_as_mnists() -> None:
    pictures, labels = framed_digits(200, 4)
    assert (pictures.dtype, pictures.shape) == (torch.uint8, (200, 1, 28, 28))
    assert (labels.dtype, set(labels.tolist())) == (torch.int64, set(range(10)))
    assert abs(np.median(_sides(pictures)) - 20) <= 1
    rows = torch.arange(28) + 0.5
    ink = pictures[:, 0].double()
    centre = (ink.sum(2) * rows).sum(1) / ink.sum((1, 2))
    assert float((centre - 14).abs().max()) < 1.5


def test_made_pictures_follow_the_images(images: ImageSet) -> None:
    section = MadeSection(digits=0.2, negatives=0.4)
    more = with_made_pictures(images, section, seed=1)
    assert torch.equal(more.images[:150], images.images)
    assert torch.equal(more.labels[:150], images.labels)
    assert more.class_names == (*DIGIT_NAMES, "")
    num_digits, num_negatives = 30, len(more) - 180
    assert abs(num_negatives - 60) < len(FIT_KINDS)
    assert int((more.labels[150 : 150 + num_digits] < 10).sum()) == num_digits
    assert more.labels[180:].tolist() == [10] * num_negatives


def test_all_is_drawn_from_the_seed(images: ImageSet) -> None:
    section = MadeSection(digits=0.1, negatives=0.1)
    first, again, other = (with_made_pictures(images, section, seed) for seed in (2**62, 2**62, 3))
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.labels, again.labels)
    assert not torch.equal(first.images, other.images)


def test_without_negatives_there_is_no_further_class(images: ImageSet) -> None:
    more = with_made_pictures(images, MadeSection(digits=0.1), seed=0)
    assert more.class_names == DIGIT_NAMES
    assert len(more) == 165


@pytest.mark.parametrize("section", [MadeSection(digits=0.1), MadeSection(negatives=0.1)])
def test_classes_that_are_no_digits_are_refused(images: ImageSet, section: MadeSection) -> None:
    letters = ImageSet("letters", images.images, images.labels, tuple("abcdefghij"))
    with pytest.raises(DataError, match=r"ten digits as classes\n  got: a, b(.|\n)*fix: leave out"):
        with_made_pictures(letters, section, seed=0)
