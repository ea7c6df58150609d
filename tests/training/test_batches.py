from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from thumbnet import transforms
from thumbnet.datasets.image_set import ImageSet
from thumbnet.training.batches import (
    Normalisation,
    TrainingImages,
    alternating_flips,
    augment,
    batch_bounds,
    epoch_order,
    picture_size_px,
)
from thumbnet.training.randomness import make_generator
from thumbnet.training.recipe import AugmentationSection, Recipe
from thumbnet.training.recipe_file import make_recipe

MakeImages = Callable[..., ImageSet]
NOTHING = Normalisation(255.0, (), ())


def _training(
    images: ImageSet, recipe: Recipe, channels_last: bool = False, norm: Normalisation = NOTHING
) -> TrainingImages:
    return TrainingImages(images, recipe, norm, torch.device("cpu"), channels_last)


def _pixels(num_images: int = 6) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (num_images, 1, 8, 8)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


@given(st.integers(1, 500), st.integers(1, 70))
def test_batches_cover_every_image_once_and_none_is_a_single_one(
    num_images: int, batch_size: int
) -> None:
    bounds = batch_bounds(num_images, batch_size)
    covered = [index for start, stop in bounds for index in range(start, stop)]
    assert covered == list(range(num_images))
    sizes = [stop - start for start, stop in bounds]
    assert all(size == batch_size for size in sizes[:-1])
    assert sizes[-1] <= batch_size + 1
    if batch_size > 1 and num_images > 1:
        assert min(sizes) > 1


@pytest.mark.parametrize(
    ("num_images", "expected"),
    [
        (8, [(0, 4), (4, 8)]),
        (9, [(0, 4), (4, 9)]),
        (10, [(0, 4), (4, 8), (8, 10)]),
        (1, [(0, 1)]),
        (3, [(0, 3)]),
        (5, [(0, 5)]),
    ],
)
def test_remainder_of_one_joins_the_batch_before(
    num_images: int, expected: list[tuple[int, int]]
) -> None:
    assert batch_bounds(num_images, 4) == expected


@given(st.integers(1, 300), st.integers(0, 2**63 - 1), st.integers(0, 1000))
def test_order_has_every_image_once_and_depends_on_seed_and_epoch_alone(
    num_images: int, seed: int, epoch: int
) -> None:
    order = epoch_order(num_images, seed, epoch, shuffle=True)
    assert sorted(order.tolist()) == list(range(num_images))
    torch.rand(3)
    assert torch.equal(epoch_order(num_images, seed, epoch, shuffle=True), order)


def test_seeds_and_epochs_have_orders_of_their_own() -> None:
    orders = [
        tuple(epoch_order(50, *place, shuffle=True).tolist())
        for place in [(0, 0), (0, 1), (1, 0), (1, 1)]
    ]
    assert len(set(orders)) == 4


def test_unshuffled_order_is_the_stored_one_in_every_epoch() -> None:
    for epoch in (0, 5):
        assert epoch_order(7, 3, epoch, shuffle=False).tolist() == list(range(7))


@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_hands_out_every_image_with_its_label(
    tiny_images: ImageSet, shuffle: bool
) -> None:
    training = _training(tiny_images, make_recipe({}, {"data.shuffle": shuffle, "seed": 4}))
    training.start_epoch(2)
    batches = [training.batch(*bounds, 2, 0) for bounds in batch_bounds(len(training), 7)]
    order = epoch_order(30, 4, 2, shuffle)
    assert torch.equal(torch.cat([batch.labels for batch in batches]), tiny_images.labels[order])
    expected = tiny_images.images[order].float() / 255
    assert torch.equal(torch.cat([batch.images for batch in batches]), expected)


def test_batch_is_normalised_as_the_transform_does(make_images: MakeImages) -> None:
    images = make_images([0, 1, 2], channels=3)
    norm = Normalisation(256.0, (0.1, 0.2, 0.3), (0.5, 0.6, 0.7))
    training = _training(images, make_recipe({}, {"data.shuffle": False}), norm=norm)
    training.start_epoch(0)
    expected = transforms.normalise(images.images, norm.scale, norm.mean, norm.std)
    assert torch.equal(training.batch(0, 3, 0, 0).images, expected)


@pytest.mark.parametrize("channels_last", [False, True])
def test_batch_has_the_asked_for_memory_order(make_images: MakeImages, channels_last: bool) -> None:
    training = _training(make_images([0, 1, 2], channels=3), Recipe(), channels_last)
    training.start_epoch(0)
    images = training.batch(0, 3, 0, 0).images
    assert images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last) is channels_last


def test_augmentation_of_nothing_returns_the_images_themselves() -> None:
    images = _pixels()
    assert augment(images, AugmentationSection(), 0, 0, 0) is images


@pytest.mark.parametrize(
    "values",
    [
        {"flip": True},
        {"crop_padding_px": 2},
        {"rotation_degrees": 10.0},
        {"translation_px": 2.0},
        {"scale": 0.2},
        {"shear_degrees": 10.0},
    ],
)
def test_augmentation_depends_on_seed_epoch_and_step_alone(values: dict[str, Any]) -> None:
    section, images = AugmentationSection(**values), _pixels(40)
    before = images.clone()
    first = augment(images, section, 1, 2, 3)
    torch.rand(9)
    assert torch.equal(augment(images, section, 1, 2, 3), first)
    assert torch.equal(images, before)
    assert first.shape == images.shape
    for place in [(2, 2, 3), (1, 3, 3), (1, 2, 4)]:
        assert not torch.equal(augment(images, section, *place), first)


def test_augmentation_flips_crops_and_warps_in_that_order_from_one_generator() -> None:
    limits = {
        "rotation_degrees": 10.0,
        "translation_px": 1.0,
        "scale": 0.1,
        "shear_degrees": 5.0,
    }
    images = _pixels()
    section = AugmentationSection(flip=True, crop_padding_px=2, **limits)  # type: ignore[arg-type]
    generator = make_generator(1, "augmentation", 2, 3)
    expected = transforms.random_flip(images, generator)
    expected = transforms.random_crop(expected, 2, generator)
    expected = transforms.random_warp(expected.float(), generator, **limits)
    assert torch.equal(augment(images, section, 1, 2, 3), expected)


def test_batches_are_augmented_before_they_are_normalised(tiny_images: ImageSet) -> None:
    recipe = make_recipe({}, {"data.shuffle": False, "translation_px": 3.0, "seed": 6})
    norm = Normalisation(255.0, (0.5,), (0.25,))
    training = _training(tiny_images, recipe, norm=norm)
    training.start_epoch(1)
    moved = augment(tiny_images.images[:5], recipe.augmentation, 6, 1, 9)
    expected = transforms.normalise(moved, norm.scale, norm.mean, norm.std)
    assert torch.equal(training.batch(0, 5, 1, 9).images, expected)


def test_alternating_flip_shows_every_image_both_ways_in_any_two_epochs() -> None:
    flips = [alternating_flips(1000, seed=3, epoch=epoch) for epoch in range(4)]
    assert torch.equal(flips[0], ~flips[1])
    assert torch.equal(flips[0], flips[2])
    assert 400 < int(flips[0].sum()) < 600
    assert not torch.equal(flips[0], alternating_flips(1000, seed=4, epoch=0))


def test_batches_mirror_the_images_whose_turn_it_is(make_images: MakeImages) -> None:
    images = make_images([0, 1] * 12)
    recipe = make_recipe({}, {"flip": "alternating", "batch_size": 24, "seed": 5})
    training = _training(images, recipe)
    for epoch in range(3):
        training.start_epoch(epoch)
        batch = training.batch(0, 24, epoch, 0)
        turn = alternating_flips(24, 5, epoch)
        expected = [images.images[i].flip(2) if turn[i] else images.images[i] for i in range(24)]
        torch.testing.assert_close(
            batch.images, torch.stack(expected)[training.order].float() / 255
        )


@pytest.mark.parametrize(
    ("epochs", "sizes"),
    [
        (10, [12, 12, 12, 12, 16, 16, 16, 20, 20, 20]),
        (5, [12, 12, 16, 16, 20]),
        (2, [12, 16]),
        (1, [12]),
    ],
)
def test_pictures_grow_with_the_share_of_the_epochs(epochs: int, sizes: list[int]) -> None:
    recipe = make_recipe(
        {
            "epochs": epochs,
            "input": {"size_px": 20},
            "progressive": {"sizes_px": [12, 16], "until": [0.4, 0.7]},
        }
    )
    assert [picture_size_px(recipe, epoch) for epoch in range(epochs)] == sizes


def test_small_pictures_are_the_resized_ones(make_images: MakeImages) -> None:
    images = make_images([0, 1] * 3)
    progressive = {"sizes_px": [4], "until": [0.5]}
    recipe = make_recipe(
        {"epochs": 2, "input": {"size_px": 8}, "progressive": progressive, "batch_size": 6}
    )
    training = _training(images, recipe)
    training.start_epoch(0)
    small = training.batch(0, 6, 0, 0).images
    expected = transforms.resize(images.images[training.order].float() / 255, 4)
    torch.testing.assert_close(small, expected)
    training.start_epoch(1)
    assert training.batch(0, 6, 1, 0).images.shape[2:] == (8, 8)
