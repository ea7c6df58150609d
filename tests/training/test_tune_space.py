"""Search spaces: what the texts mean, and what is refused before any trial."""

from __future__ import annotations

from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from thumbnet.errors import ModelError, RecipeError
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe, make_recipe, packaged_recipes
from thumbnet.training.search_space import make_space
from thumbnet.training.tune_dimension import parse_dimension

MLP = {"model": {"name": "mlp", "widths": [8]}}


def base(**changes: object) -> Recipe:
    return make_recipe(MLP, changes)


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("lr=1e-3:0.1:log", "optimizer.learning_rate", FloatDistribution(1e-3, 0.1, log=True)),
        ("optimizer.momentum=0:0.9", "optimizer.momentum", FloatDistribution(0, 0.9)),
        ("momentum=0:1", "optimizer.momentum", FloatDistribution(0, 1)),
        ("batch_size = 16:512:log", "batch_size", IntDistribution(16, 512, log=True)),
        ("model.dropout=0:0.5", "model.dropout", FloatDistribution(0, 0.5)),
        ("model.depth=8:56", "model.depth", IntDistribution(8, 56)),
        ("gradient_clip=1:10", "gradient_clip", FloatDistribution(1, 10)),
    ],
)
def test_range_is_of_the_numbers_that_its_key_takes(text: str, key: str, expected: object) -> None:
    dimension = parse_dimension(text)
    assert (dimension.key, dimension.distribution) == (key, expected)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("optimizer=sgd,adam", ["sgd", "adam"]),
        ("batch_size=32, 64,128", [32, 64, 128]),
        ("lr=1e-3,0.1", [1e-3, 0.1]),
        ("flip=true,false", [True, False]),
        ("model.widths=[8],[16, 8],[]", [[8], [16, 8], []]),
        ("schedule={name='step',step_epochs=3},'linear'", [{"name": "step", "step_epochs": 3}]),
    ],
)
def test_choices_are_values_as_set_reads_them(text: str, values: list[Any]) -> None:
    dimension = parse_dimension(text)
    assert isinstance(dimension.distribution, CategoricalDistribution)
    found = [dimension.value(label) for label in dimension.distribution.choices]
    assert found[: len(values)] == values
    assert [type(value) for value in found[: len(values)]] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr", "cannot be understood\n  got: lr\n  expected: KEY=LOW:HIGH"),
        ("=1:2", "cannot be understood"),
        ("lr=", "cannot be understood"),
        ("lr=a:b", "a range cannot be understood"),
        ("lr=nan:1", "a range cannot be understood"),
        ("lr=1:inf", "a range cannot be understood"),
        ("lr=0.1:1:linear", "a range cannot be understood"),
        ("lr=1:0.1", "a range must rise\n  got: lr=1:0.1"),
        ("lr=1:1", "a range must rise"),
        ("lr=0:1:log", "a logarithmic range must be positive"),
        ("lr=0.1", "two or more\n  got: lr=0.1\n.*\n  fix: --set lr=0.1"),
        ("lr=0.1,0.1", "different values"),
        ("lr=,0.1", "a choice is empty"),
        ("batch_size=1.5:10", "'batch_size' takes whole numbers"),
        ("nesterov=0:1", "'optimizer.nesterov' has no range"),
        ("optimizer=0:1", "'optimizer' has no range"),
        ("epochz=1:3", "no key 'epochz'\n.*did you mean 'epochs'"),
        ("seed=1:9", "'seed' cannot be tuned: the best seed is only the luckiest"),
        ("data.validation=0.1:0.3", "other validation images do not compare"),
        ("data.name=mnist,qmnist", "other validation images do not compare"),
    ],
)
def test_text_of_another_form_is_refused(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        parse_dimension(text)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["batch_size=0:10"], "got: batch_size=0\n  expected: input should be greater"),
        (["label_smoothing=0:1"], "got: loss.label_smoothing=1.0\n  expected: .* less than 1"),
        (["optimizer=sgd,adma"], "got: optimizer=adma\n  expected: .*'adam'"),
        (["epochs=1,two"], "got: epochs=two\n  expected: .* valid integer"),
        (["optimizer=sgd,adam", "momentum=0:0.9"], "got: optimizer=adam, .*\n.*adam has no mom"),
        (["lr=1:2", "optimizer.learning_rate=3,4"], "twice\n  got: optimizer.learning_rate"),
    ],
)
def test_space_that_holds_what_is_no_recipe_is_refused(texts: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        make_space(base(), texts)


def test_values_that_need_each_other_are_accepted_together() -> None:
    space = make_space(base(), ["nesterov=true,false", "momentum=0.5:0.9"])
    sampled = {"optimizer.nesterov": "true", "optimizer.momentum": 0.7}
    assert space.recipe(sampled).optimizer.nesterov is True


def test_whole_section_does_not_take_back_a_key_of_it() -> None:
    space = make_space(base(), ["lr=0.1:0.2", "optimizer=adam,adamw"])
    recipe = space.recipe({"optimizer.learning_rate": 0.15, "optimizer": "adamw"})
    assert (recipe.optimizer.name, recipe.optimizer.learning_rate) == ("adamw", 0.15)


def test_large_space_is_checked_at_some_of_its_corners() -> None:
    ranges = [f"augmentation.{key}=0:0.5" for key in ("translation_px", "scale", "elastic_px")]
    choices = [f"{key}=1,2,3,4,5,6,7,8" for key in ("epochs", "batch_size", "log_every_steps")]
    assert len(make_space(base(), [*ranges, *choices]).dimensions) == 6
    with pytest.raises(RecipeError, match="batch_size"):
        make_space(base(), [*ranges, choices[0], "batch_size=0,1,2,3,4,5,6,7", choices[2]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model.widths=[8],[0]", "no model: 'widths' must be .*\n  got: model.widths=\\[0\\]"),
        ("model.dropout=0.1:1.5", "no model: 'dropout'.*\n  got: model.dropout=1.5"),
        ("model.width=8,16", "no model: model 'mlp' has no argument 'width'"),
        ("model.name=mlp,mpl", "no model: there is no model 'mpl'"),
    ],
)
def test_model_that_cannot_be_built_is_refused(text: str, message: str) -> None:
    space = make_space(base(), [text])
    with pytest.raises(ModelError, match=message):
        space.check_models((1, 28, 28), 10)


@pytest.mark.parametrize("name", packaged_recipes())
def test_default_space_holds_every_packaged_recipe_itself(name: str) -> None:
    recipe = load_recipe(name)
    space = make_space(recipe)
    own = space.own()
    assert own is not None
    assert space.recipe(own) == recipe
    low, high = space.dimensions[0].corners
    rate = recipe.optimizer.learning_rate
    assert (low, high) == (pytest.approx(rate / 30), pytest.approx(rate * 30))
    assert "optimizer.weight_decay" in space.distributions


def test_default_space_has_a_momentum_where_the_optimiser_has_one() -> None:
    adam = make_space(base(optimizer="adam"))
    assert "optimizer.momentum" not in adam.distributions
    assert "optimizer.momentum" in make_space(base(optimizer="sgd")).distributions
    nesterov = base(**{"optimizer.momentum": 0.99, "optimizer.nesterov": True})
    momentum = make_space(nesterov).distributions["optimizer.momentum"]
    assert momentum == FloatDistribution(0.5, 0.99)


@pytest.mark.parametrize(
    "texts", [["lr=0.1:1"], ["optimizer=adam,adamw"], ["model.dropout=0.1:0.5"]]
)
def test_recipe_outside_the_space_is_none_of_its_trials(texts: list[str]) -> None:
    assert make_space(base(lr=0.01), texts).own() is None


def test_text_describes_the_dimension_again() -> None:
    for text in ("lr=0.001:0.1:log", "batch_size=16:64", "optimizer=sgd,adam"):
        dimension = parse_dimension(text)
        again = parse_dimension(f"{dimension.key}={dimension.text}")
        assert again == dimension
