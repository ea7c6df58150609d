"""What a recipe accepts, and what its defaults are."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from thumbnet.errors import RecipeError
from thumbnet.training.recipe import OPTIMIZER_KEYS, OptimizerSection, Recipe
from thumbnet.training.recipe_file import make_recipe

NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("epochs", value) for value in (0, -1, 100_001, 1.5, "many", [1], INFINITE)],
        *[("batch_size", value) for value in (0, -1, 2.5, "all")],
        *[("seed", value) for value in (-1, 2**63, 0.5, "x")],
        *[("precision", value) for value in ("fp16", 32)],
        *[("compile", value) for value in ("maybe", 3)],
        *[("gradient_clip", value) for value in (0, -1.0, NAN, INFINITE)],
        *[("ema_decay", value) for value in (0, 1.0, NAN)],
        ("log_every_steps", 0),
        *[("checkpoint_every_s", value) for value in (-1, NAN, INFINITE)],
        ("threads", 0),
        *[("data.validation", value) for value in (-1, -0.5, NAN, INFINITE, "most", [1])],
        ("data.validation_from", "first"),
        ("data.split_seed", -1),
        ("data.shuffle", "maybe"),
        ("data.limit", 0),
        *[("input.channels", value) for value in (2, 0, "grey")],
        *[("input.size_px", value) for value in (3, 513, 28.5)],
        *[("input.scale", value) for value in (0, -1, NAN, INFINITE)],
        *[("input.mean", value) for value in ("test", ["a"], [NAN], 0.5)],
        *[("input.std", value) for value in ("test", [INFINITE])],
        *[("augmentation.rotation_degrees", value) for value in (-1, 181, NAN)],
        *[("augmentation.translation_px", value) for value in (-1, INFINITE)],
        *[("augmentation.scale", value) for value in (-0.1, 1)],
        *[("augmentation.shear_degrees", value) for value in (-1, 80)],
        *[("augmentation.crop_padding_px", value) for value in (-1, 1.5)],
        ("loss.name", "hinge"),
        *[("loss.label_smoothing", value) for value in (-0.1, 1)],
        ("optimizer.name", "lion"),
        *[("optimizer.learning_rate", value) for value in (0, -0.1, NAN, INFINITE, "fast")],
        *[("optimizer.momentum", value) for value in (-0.1, 1)],
        *[("optimizer.weight_decay", value) for value in (-1e-4, NAN)],
        *[("optimizer.epsilon", value) for value in (0, -1)],
        ("schedule.name", "linea"),
        *[("schedule.warmup", value) for value in (-0.1, 1)],
        *[("schedule.final", value) for value in (-0.1, 1.1)],
        ("schedule.step_epochs", 0),
        *[("schedule.step_factor", value) for value in (0, 1.1)],
        ("early_stopping.patience_epochs", -1),
        ("early_stopping.metric", "train_loss"),
        ("early_stopping.min_improvement", -0.1),
    ],
)
def test_value_out_of_range_is_an_error_that_names_the_key(key: str, value: object) -> None:
    name = key.replace(".", r"\.")
    with pytest.raises(RecipeError, match=rf"the recipe's '{name}' is not usable") as caught:
        make_recipe({}, {key: value})
    assert caught.value.expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input.mean": [0.1, 0.2]}, "'input'(.|\n)*mean needs 1 values, one for each channel"),
        ({"channels": 3, "std": [1.0, 1.0]}, "'input'(.|\n)*std needs 3 values"),
        ({"input.std": [0.0]}, "'input'(.|\n)*std must be positive"),
        ({"input.std": [-0.3]}, "'input'(.|\n)*std must be positive"),
        ({"loss": "mse", "label_smoothing": 0.1}, "'loss'(.|\n)*belongs to cross-entropy"),
        ({"optimizer": "adam", "momentum": 0.9}, "adam has no momentum; it takes betas, epsilon"),
        ({"optimizer": "sgd", "betas": [0.9, 0.99]}, "sgd has no betas; it takes momentum, nest"),
        ({"optimizer": "adam", "betas": [0.9, 1.0]}, "betas must be at least 0 and below 1"),
        ({"optimizer": "sgd", "nesterov": True}, "nesterov needs a momentum above 0"),
        ({"patience_epochs": 3}, "early_stopping needs data.validation above 0"),
        ({"sizes_px": [8, 12], "until": [0.5]}, "'progressive'(.|\n)*need the same length"),
        ({"sizes_px": [2], "until": [0.5]}, "'progressive'(.|\n)*must be at least 4"),
        ({"sizes_px": [8, 12], "until": [0.5, 0.5]}, "'progressive'(.|\n)*until must rise"),
        ({"sizes_px": [8], "until": [1.5]}, "'progressive'(.|\n)*until must rise"),
        ({"sizes_px": [28], "until": [0.5]}, "progressive.sizes_px must be below input.size_px"),
        ({"crop_padding_px": 28}, "crop_padding_px must be below input.size_px"),
        ({"model.num_classes": 3}, "'model'(.|\n)*num_classes follows from the data"),
        ({"model.input_shape": [1, 2, 2]}, "'model'(.|\n)*input_shape follows from the data"),
    ],
)
def test_values_that_contradict_each_other_are_refused(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        make_recipe({}, changes)


@pytest.mark.parametrize("name", ["", "a/b", "a\\b", ".hidden", "a:b", "a*", 'a"'])
def test_name_must_be_usable_as_a_file_name(name: str) -> None:
    with pytest.raises(RecipeError, match=r"'name'(.|\n)*must be usable as a file name"):
        make_recipe({"name": name})


@pytest.mark.parametrize("name", sorted(OPTIMIZER_KEYS))
def test_optimizer_takes_exactly_its_own_keys(name: str) -> None:
    keys = set(OptimizerSection.model_fields) - {"name", "learning_rate"}
    values = {"momentum": 0.5, "nesterov": True, "weight_decay": 0.1, "betas": [0.8, 0.9]}
    values |= {"epsilon": 1e-6, "other_learning_rate": 0.2, "other_momentum": 0.7}
    values |= {"bias_learning_rate": 20.0}
    own = {key: values[key] for key in OPTIMIZER_KEYS[name]}
    assert OptimizerSection.model_validate({"name": name, **own}).weight_decay == 0.1
    for key in keys - OPTIMIZER_KEYS[name]:
        with pytest.raises(ValidationError, match=f"{name} has no {key}"):
            OptimizerSection.model_validate({"name": name, key: values[key]})


def test_validation_may_be_a_number_or_a_fraction() -> None:
    for value in (5000, 0.1, 0):
        validation = make_recipe({}, {"data.validation": value}).data.validation
        assert validation == value
        assert type(validation) is type(value)


def test_one_value_may_stand_for_all_channels() -> None:
    section = make_recipe({"input": {"channels": 3, "mean": [0.5], "std": "train"}}).input
    assert (section.mean, section.std) == ((0.5,), "train")


def test_model_keeps_its_familys_arguments() -> None:
    model = make_recipe({"model": {"name": "mlp", "widths": [8], "dropout": 0.1}}).model
    assert model.arguments == {"widths": [8], "dropout": 0.1}
    assert Recipe().model.arguments == {}


def test_recipe_cannot_be_changed() -> None:
    recipe = Recipe()
    with pytest.raises(ValidationError, match="frozen"):
        recipe.epochs = 3
    with pytest.raises(ValidationError, match="frozen"):
        recipe.data.name = "x"
