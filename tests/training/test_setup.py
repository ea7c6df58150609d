"""What a recipe is turned into before the first step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from thumbnet import models
from thumbnet.errors import CheckpointError, DataError
from thumbnet.training.randomness import derive_seed
from thumbnet.training.setup import (
    load_run_data,
    make_config,
    prepare_training,
    restore_training,
)
from tiny_runs import EVERYTHING, NUM_TRAIN, tiny_recipe

CPU = torch.device("cpu")


def test_validation_is_cut_from_train_and_shares_no_image(pictures: Path) -> None:
    data = load_run_data(tiny_recipe(pictures, validation=9))
    assert data.validation is not None
    assert (len(data.train), data.validation.class_counts()) == (NUM_TRAIN - 9, [3, 3, 3])
    seen = {image.numpy().tobytes() for image in data.train.images}
    assert not any(image.numpy().tobytes() in seen for image in data.validation.images)


def test_limit_shortens_train_and_leaves_validation_alone(pictures: Path) -> None:
    whole = load_run_data(tiny_recipe(pictures, validation=9))
    limited = load_run_data(tiny_recipe(pictures, validation=9, limit=6))
    assert limited.train.class_counts() == [2, 2, 2]
    assert whole.validation is not None
    assert limited.validation is not None
    assert limited.validation.content_hash == whole.validation.content_hash


def test_limit_above_the_images_is_refused(pictures: Path) -> None:
    with pytest.raises(DataError, match=f"(?s)got: 34.*at most {NUM_TRAIN}"):
        load_run_data(tiny_recipe(pictures, limit=NUM_TRAIN + 1))


def test_validation_that_would_empty_a_class_is_refused(pictures: Path) -> None:
    with pytest.raises(DataError, match="take every image of a class"):
        load_run_data(tiny_recipe(pictures, validation=NUM_TRAIN))


@pytest.mark.parametrize("scale", [255.0, 256.0, 1.0])
def test_statistics_of_train_are_of_the_scaled_training_pixels(
    pictures: Path, scale: float
) -> None:
    recipe = tiny_recipe(pictures, EVERYTHING, **{"input.scale": scale})
    data = load_run_data(recipe)
    config = make_config(recipe, data.train)
    pixels = data.train.images.numpy().astype(np.float64) / scale
    assert config.input.mean == pytest.approx((pixels.mean(),))
    assert config.input.std == pytest.approx((pixels.std(),))


def test_pictures_of_one_grey_do_not_divide_by_zero(pictures: Path) -> None:
    recipe = tiny_recipe(pictures, EVERYTHING)
    data = load_run_data(recipe)
    data.train.images.fill_(7)
    assert make_config(recipe, data.train).input.std == (1.0,)


def test_config_says_what_the_model_was_trained_on(pictures: Path) -> None:
    recipe = tiny_recipe(pictures, seed=4)
    train = load_run_data(recipe).train
    assert make_config(recipe, train).trained_on == {
        "data": f"folder:{pictures}",
        "train_hash": train.content_hash,
        "num_images": NUM_TRAIN,
        "recipe": "tiny",
        "seed": 4,
    }


def test_initial_weights_are_those_of_the_seed(pictures: Path) -> None:
    recipe = tiny_recipe(pictures, seed=11)
    training, state = prepare_training(recipe, load_run_data(recipe), CPU)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(11, "initialisation"))
        expected = models.build_model("mlp", (1, 8, 8), 3, widths=[8])
    for name, value in training.model.state_dict().items():
        assert torch.equal(value, expected.state_dict()[name])
    assert (state.epoch, state.step, state.train_seconds > 0) == (0, 0, True)


def test_only_models_with_convolutions_are_channels_last(pictures: Path) -> None:
    for model, expected in (("cnn", torch.channels_last), ("mlp", torch.contiguous_format)):
        recipe = tiny_recipe(pictures, model=model, **{"model.widths": [4]})
        training, _ = prepare_training(recipe, load_run_data(recipe), CPU)
        assert training.images.memory_format == expected


def test_validation_measures_loss_and_accuracy(pictures: Path) -> None:
    recipe = tiny_recipe(pictures, validation=9)
    data = load_run_data(recipe)
    training, _ = prepare_training(recipe, data, CPU)
    assert training.validate is not None
    assert data.validation is not None
    loss, accuracy = training.validate(training.model)
    losses, right = [], 0
    for image, label in zip(data.validation.images, data.validation.labels, strict=True):
        with torch.no_grad():
            logits = training.model(image[None].float() / 255)[0].double()
        losses.append(float(logits.exp().sum().log() - logits[label]))
        right += int(logits.argmax()) == int(label)
    assert loss == pytest.approx(sum(losses) / 9, abs=1e-6)
    assert accuracy == right / 9


@pytest.mark.parametrize(
    ("key", "saved", "words"),
    [
        ("recipe", "{}", "its recipe has changed"),
        ("training_images", "0" * 64, "its training images has changed"),
        ("validation_images", None, "its validation images has changed"),
        ("device", "cuda", "its device has changed"),
        ("threads", 64, "its threads has changed"),
        ("bf16", True, "its bf16 has changed"),
    ],
)
def test_checkpoint_of_another_run_is_refused(
    pictures: Path, key: str, saved: object, words: str
) -> None:
    recipe = tiny_recipe(pictures, EVERYTHING)
    training, _ = prepare_training(recipe, load_run_data(recipe), CPU)
    with pytest.raises(CheckpointError, match=words):
        restore_training(training, {"identity": {**training.identity, key: saved}})
