"""Frame, changes of ink and made pictures in a recipe: defaults, limits, what fits what."""

from __future__ import annotations

import pytest
import torch

from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.mnist import load_mnist
from thumbnet.errors import RecipeError
from thumbnet.training.batches import Normalisation, TrainingImages, augment, change_ink
from thumbnet.training.recipe import AugmentationSection, InkSection, Recipe
from thumbnet.training.recipe_file import load_recipe, make_recipe
from thumbnet.training.setup import make_config

STRONG = InkSection(
    share=0.5,
    stroke_px=1.0,
    resolution_px=8,
    resolution_share=0.5,
    blur_share=0.5,
    gap_share=0.5,
    noise=40,
    neighbour_share=0.5,
    shift_px=0.5,
    stretch=0.05,
)


@pytest.fixture(scope="module")
def images() -> ImageSet:
    return load_mnist("train").subset(range(400))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "mnist"),
        ({"data.name": "qmnist"}, "mnist"),
        ({"data.name": "emnist-letters"}, "mnist"),
        ({"data.name": "fashion-mnist"}, "resize"),
        ({"data.name": "folder:pictures"}, "resize"),
        ({"input.channels": 3}, "resize"),
        ({"input.size_px": 32}, "resize"),
        ({"input.frame": "resize"}, "resize"),
        ({"data.name": "folder:pictures", "input.frame": "mnist"}, "mnist"),
    ],
)
def test_frame_follows_from_the_data_unless_it_is_said(
    changes: dict[str, object], expected: str
) -> None:
    assert make_recipe({}, changes).frame == expected


def test_model_keeps_the_frame_and_whether_it_rejects(images: ImageSet) -> None:
    config = make_config(make_recipe({}, {"made.negatives": 0.1}), images)
    assert (config.input.frame, config.rejects, config.num_outputs) == ("mnist", True, 11)
    config = make_config(make_recipe({}, {"input.frame": "resize"}), images)
    assert (config.input.frame, config.rejects, config.num_outputs) == ("resize", False, 10)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("input.frame", "emnist"),
        *[("augmentation.aspect", value) for value in (-0.1, 1.1)],
        *[("ink.share", value) for value in (-0.1, 1.1, float("nan"))],
        *[("ink.stroke_px", value) for value in (-1, 5)],
        *[("ink.resolution_px", value) for value in (3, 21, 8.5)],
        *[("ink.noise", value) for value in (-1, 256)],
        *[("ink.shift_px", value) for value in (-1, float("inf"))],
        *[("ink.stretch", value) for value in (-0.1, 0.5)],
        *[(f"ink.{name}_share", 1.5) for name in ("resolution", "blur", "gap", "neighbour")],
        *[("made.digits", value) for value in (-0.1, 2.1)],
        *[("made.negatives", value) for value in (-0.1, 2.1)],
    ],
)
def test_value_out_of_range_is_an_error_that_names_the_key(key: str, value: object) -> None:
    name = key.replace(".", r"\.")
    with pytest.raises(RecipeError, match=rf"the recipe's '{name}' is not usable"):
        make_recipe({}, {key: value})


@pytest.mark.parametrize(
    "changes", [{"ink.share": 0.5}, {"made.digits": 0.1}, {"made.negatives": 0.1}]
)
def test_changed_and_made_pictures_need_the_frame(changes: dict[str, object]) -> None:
    make_recipe({}, changes)
    for other in ({"input.frame": "resize"}, {"data.name": "cifar10"}, {"input.size_px": 32}):
        with pytest.raises(RecipeError, match=r'need input\.frame = "mnist"'):
            make_recipe({}, {**changes, **other})


@pytest.mark.parametrize("other", [{"input.channels": 3}, {"input.size_px": 32}])
def test_frame_of_mnist_is_grey_and_of_28_px(other: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="the mnist frame is grey and of 28 px"):
        make_recipe({}, {"input.frame": "mnist", **other})


def test_recipe_of_the_bundled_recogniser_uses_all_of_it() -> None:
    recipe = load_recipe("digits")
    assert recipe.frame == "mnist"
    assert recipe.ink.is_used
    assert recipe.made.digits > 0
    assert recipe.made.negatives > 0
    assert recipe.data.validation


def test_changed_ink_leaves_the_rest_bit_by_bit(images: ImageSet) -> None:
    result = change_ink(images.images, STRONG, seed=1, epoch=2, step=3)
    assert (result.dtype, result.shape) == (torch.float32, images.images.shape)
    same = (result == images.images.float()).flatten(1).all(1)
    # Four standard deviations of a half among 400.
    assert abs(int(same.sum()) - 200) < 40
    assert bool(((result >= 0) & (result <= 255.001)).all())


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_share_says_how_many_are_changed(images: ImageSet, share: float) -> None:
    section = STRONG.model_copy(update={"share": share})
    result = change_ink(images.images, section, seed=1, epoch=0, step=0)
    changed = (result != images.images.float()).flatten(1).any(1)
    assert float(changed.float().mean()) == share


def test_changed_ink_depends_on_seed_epoch_and_step_alone(images: ImageSet) -> None:
    first = change_ink(images.images, STRONG, 1, 2, 3)
    torch.rand(9)
    assert torch.equal(change_ink(images.images, STRONG, 1, 2, 3), first)
    for place in [(2, 2, 3), (1, 3, 3), (1, 2, 4)]:
        assert not torch.equal(change_ink(images.images, STRONG, *place), first)


def test_changed_glyphs_are_framed_anew(images: ImageSet) -> None:
    section = InkSection(share=1.0, stroke_px=1.5)
    result = change_ink(images.images, section, 0, 0, 0)[:, 0]
    places = torch.arange(28) + 0.5
    centre = (result.sum(2) * places).sum(1) / result.sum((1, 2))
    assert float((centre - 14).abs().max()) < 1.0


def test_batches_are_augmented_then_inked_then_normalised(images: ImageSet) -> None:
    recipe = make_recipe(
        {"ink": STRONG.model_dump(), "seed": 6}, {"data.shuffle": False, "aspect": 0.2}
    )
    norm = Normalisation(255.0, (0.5,), (0.25,))
    training = TrainingImages(images, recipe, norm, torch.device("cpu"), False)
    training.start_epoch(1)
    moved = augment(images.images[:20], recipe.augmentation, 6, 1, 9)
    expected = (change_ink(moved, STRONG, 6, 1, 9) / 255 - 0.5) / 0.25
    torch.testing.assert_close(training.batch(0, 20, 1, 9).images, expected)


def test_aspect_is_an_augmentation_of_its_own(images: ImageSet) -> None:
    some = images.images[:8]
    assert not torch.equal(augment(some, AugmentationSection(aspect=0.4), 0, 0, 0), some.float())
    assert not Recipe().ink.is_used
