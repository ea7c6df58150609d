from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from thumbnet.datasets.image_set import ImageSet
from thumbnet.errors import DataError

IMAGES = torch.arange(2 * 3 * 4 * 5, dtype=torch.uint8).reshape(2, 3, 4, 5)
LABELS = torch.tensor([1, 0])
NAMES = ("a", "b")


def test_set_tells_its_size_shape_and_classes() -> None:
    images = ImageSet("set", IMAGES, LABELS, NAMES)
    assert (len(images), images.shape, images.num_classes) == (2, (3, 4, 5), 2)


@pytest.mark.parametrize(
    "wrong",
    [IMAGES.float(), IMAGES[:, :, 0], IMAGES[:, :2], IMAGES.to(torch.int64), IMAGES[..., None]],
)
def test_images_of_the_wrong_form_are_refused(wrong: torch.Tensor) -> None:
    with pytest.raises(DataError, match=r"images of 'set'(.|\n)*expected: torch.uint8 \(N, C, H"):
        ImageSet("set", wrong, LABELS, NAMES)


@pytest.mark.parametrize("wrong", [LABELS.int(), LABELS[:1], LABELS[:, None], torch.rand(2)])
def test_labels_of_the_wrong_form_are_refused(wrong: torch.Tensor) -> None:
    with pytest.raises(DataError, match=r"labels of 'set'(.|\n)*expected: torch.int64 \(2,\)"):
        ImageSet("set", IMAGES, wrong, NAMES)


@pytest.mark.parametrize("labels", [[0, 2], [-1, 1]])
def test_labels_that_name_no_class_are_refused(labels: list[int]) -> None:
    message = rf"name no class\n  got: labels from {min(labels)} to {max(labels)}\n.*: 0 to 1,"
    with pytest.raises(DataError, match=message):
        ImageSet("set", IMAGES, torch.tensor(labels), NAMES)


def test_empty_set_is_allowed() -> None:
    images = ImageSet("set", IMAGES[:0], LABELS[:0], NAMES)
    assert len(images) == 0
    assert images.class_counts() == [0, 0]


def test_set_cannot_be_reassigned() -> None:
    images = ImageSet("set", IMAGES, LABELS, NAMES)
    with pytest.raises(dataclasses.FrozenInstanceError):
        images.labels = LABELS  # type: ignore[misc]


def test_class_counts_are_in_label_order_and_hold_empty_classes() -> None:
    labels = torch.tensor([2, 0, 2, 2])
    images = ImageSet("set", torch.zeros(4, 1, 2, 2, dtype=torch.uint8), labels, tuple("abcd"))
    assert images.class_counts() == [1, 0, 3, 0]


def test_pixel_statistics_equal_numpys() -> None:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (50, 3, 6, 5), generator=generator, dtype=torch.uint8)
    images = ImageSet("set", pixels, torch.zeros(50, dtype=torch.int64), NAMES)
    mean, deviation = images.pixel_statistics()
    values = pixels.numpy().astype(np.float64) / 255
    np.testing.assert_allclose(mean, values.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(deviation, values.std((0, 2, 3)), rtol=1e-12)


def test_pixel_statistics_do_not_depend_on_the_order() -> None:
    images = ImageSet("set", IMAGES, LABELS, NAMES)
    assert images.subset([1, 0]).pixel_statistics() == images.pixel_statistics()


def test_content_hash_does_not_depend_on_name_or_memory_layout() -> None:
    first = ImageSet("set", IMAGES, LABELS, NAMES)
    layout = IMAGES.to(memory_format=torch.channels_last)
    assert layout.stride() != IMAGES.stride()
    second = ImageSet("other", layout, LABELS, NAMES)
    assert first.content_hash == second.content_hash
    assert len(first.content_hash) == 64


def test_content_hash_changes_with_every_part() -> None:
    pixel = IMAGES.clone()
    pixel[1, 2, 3, 4] ^= 1
    sets = [
        ImageSet("set", IMAGES, LABELS, NAMES),
        ImageSet("set", pixel, LABELS, NAMES),
        ImageSet("set", IMAGES, torch.tensor([0, 1]), NAMES),
        ImageSet("set", IMAGES, LABELS, ("a", "c")),
        ImageSet("set", IMAGES.reshape(2, 3, 5, 4), LABELS, NAMES),
        ImageSet("set", IMAGES.flip(0), LABELS, NAMES),
    ]
    assert len({images.content_hash for images in sets}) == len(sets)


@pytest.mark.parametrize("indices", [torch.tensor([1, 0, 1]), [1, 0, 1], iter([1, 0, 1])])
def test_subset_keeps_the_order_of_its_indices(indices: object) -> None:
    images = ImageSet("set", IMAGES, LABELS, NAMES)
    part = images.subset(indices, "part")  # type: ignore[arg-type]
    assert torch.equal(part.images, IMAGES[[1, 0, 1]])
    assert part.labels.tolist() == [0, 1, 0]
    assert (part.name, part.class_names) == ("part", NAMES)


def test_subset_may_be_empty_and_keeps_the_name() -> None:
    part = ImageSet("set", IMAGES, LABELS, NAMES).subset([])
    assert (len(part), part.name) == (0, "set")
