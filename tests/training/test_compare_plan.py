"""Which sides a comparison has, in which order they are trained, and what it refuses."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest

from thumbnet.errors import RecipeError
from thumbnet.training.comparison_plan import first_difference, make_plan, slug
from thumbnet.training.comparison_sides import differences
from thumbnet.training.comparison_tuning import trial_rates
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe, make_recipe

SGD = {
    "name": "tiny",
    "optimizer": {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
    "loss": {"label_smoothing": 0.1},
    "model": {"name": "mlp", "widths": [8], "dropout": 0.5},
}


def sides_of(**vary: list[object]) -> dict[str, Recipe]:
    return {side.name: side.recipe for side in make_plan([make_recipe(SGD)], vary=vary).sides}


def test_recipes_are_sides_by_their_names(tmp_path: Path) -> None:
    plan = make_plan(["tutorial-dropout-mlp-sgd", "tutorial-dropout-mlp-adam"])
    assert [side.name for side in plan.sides] == [
        "tutorial-dropout-mlp-sgd",
        "tutorial-dropout-mlp-adam",
    ]
    assert plan.sides[1].recipe == load_recipe("tutorial-dropout-mlp-adam")
    paths = []
    for folder, epochs in (("a", 1), ("b", 2)):
        paths.append(tmp_path / folder / "same.toml")
        paths[-1].parent.mkdir()
        paths[-1].write_text(f"epochs = {epochs}\n")
    assert [side.name for side in make_plan(paths).sides] == [str(path) for path in paths]


def test_values_of_one_key_are_sides() -> None:
    found = sides_of(lr=[0.01, 0.1])
    assert list(found) == ["lr=0.01", "lr=0.1"]
    assert [recipe.optimizer.learning_rate for recipe in found.values()] == [0.01, 0.1]
    assert all(recipe.optimizer.momentum == 0.9 for recipe in found.values())


def test_values_of_several_keys_are_every_combination() -> None:
    found = sides_of(lr=[0.01, 0.1], batch_size=[16, 32])
    assert list(found) == [
        "lr=0.01, batch_size=16",
        "lr=0.01, batch_size=32",
        "lr=0.1, batch_size=16",
        "lr=0.1, batch_size=32",
    ]


def test_several_recipes_vary_together() -> None:
    plan = make_plan(["tutorial-mlp", "tutorial-cnn"], vary={"epochs": [1, 2]})
    assert [side.name for side in plan.sides][1:3] == [
        "tutorial-mlp, epochs=2",
        "tutorial-cnn, epochs=1",
    ]


def test_other_optimiser_keeps_what_it_takes_and_says_what_it_does_not() -> None:
    plan = make_plan([make_recipe(SGD)], vary={"optimizer": ["sgd", "adam", "rmsprop"]})
    sgd, adam, rmsprop = (side.recipe.optimizer for side in plan.sides)
    assert (sgd.name, sgd.momentum, sgd.nesterov) == ("sgd", 0.9, True)
    assert (adam.name, adam.learning_rate, adam.momentum) == ("adam", 0.1, 0.0)
    assert (rmsprop.momentum, rmsprop.nesterov) == (0.9, False)
    assert [side.dropped for side in plan.sides] == [
        (),
        ("optimizer.momentum", "optimizer.nesterov"),
        ("optimizer.nesterov",),
    ]


def test_other_loss_and_other_network_drop_what_is_not_theirs() -> None:
    losses = make_plan([make_recipe(SGD)], vary={"loss": ["cross-entropy", "mse"]}).sides
    assert losses[0].recipe.loss.label_smoothing == 0.1
    assert losses[1].dropped == ("loss.label_smoothing",)
    models = make_plan([make_recipe(SGD)], vary={"model.name": ["mlp", "cnn"]}).sides
    assert models[0].recipe.model.arguments == {"widths": [8], "dropout": 0.5}
    assert models[1].recipe.model.arguments == {}
    assert models[1].dropped == ("model.dropout", "model.widths")


def test_changes_of_every_side_come_before_what_varies() -> None:
    plan = make_plan(["tutorial-mlp"], vary={"epochs": [2, 3]}, overrides={"epochs": 9, "lr": 0.5})
    assert [side.recipe.epochs for side in plan.sides] == [2, 3]
    assert {side.recipe.optimizer.learning_rate for side in plan.sides} == {0.5}


@pytest.mark.parametrize(
    ("recipes", "vary", "words"),
    [
        (["tutorial-mlp"], {}, "at least two sides"),
        (["tutorial-mlp"], {"epochs": [1]}, "at least two sides"),
        (["tutorial-mlp", "tutorial-mlp"], {}, "two sides are the same"),
        (["tutorial-mlp"], {"epochs": [1, 1]}, "two sides are the same"),
        (["tutorial-mlp"], {"epochz": [1, 2]}, "no key 'epochz'"),
        (["tutorial-mlp"], {"epochs": [1, 0]}, "epochs=0: the recipe's 'epochs' is not usable"),
        (["tutorial-mlp"], {"optimizer": ["sgd", "adamm"]}, "adamm: the recipe's 'optimizer.name'"),
        (["tutorial-mlp", "tutorial-resnet18-cifar10"], {}, "do not see the same images"),
        (["tutorial-mlp", "tutorial-resnet"], {}, r"data\.shuffle: true for tutorial-mlp, false"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    recipes: list[str], vary: dict[str, list[object]], words: str
) -> None:
    with pytest.raises(RecipeError, match=words):
        make_plan(recipes, vary=vary)


def test_data_may_differ_where_it_is_what_varies() -> None:
    plan = make_plan(["tutorial-mlp"], vary={"data.limit": [100, 200]})
    assert [side.recipe.data.limit for side in plan.sides] == [100, 200]


def test_tuning_needs_validation_images() -> None:
    vary = {"optimizer": ["sgd", "adam"]}
    with pytest.raises(RecipeError, match=r"there are none(.|\n)*--set validation"):
        make_plan(["tutorial-mlp"], vary=vary, tune=3)
    assert make_plan(["tutorial-mlp"], vary=vary, tune=3, overrides={"validation": 0.1}).tune == 3


def test_sides_take_turns_and_each_round_begins_with_another() -> None:
    plan = make_plan(["tutorial-mlp"], vary={"epochs": [1, 2, 3]}, num_seeds=4)
    order = plan.order()
    rounds = [order[start : start + 3] for start in range(0, 12, 3)]
    for seed, places in enumerate(rounds, start=1):
        assert {place[0] for place in places} == {seed}
        assert sorted(side for _, side in places) == [0, 1, 2]
    assert [places[0][1] for places in rounds] == [0, 1, 2, 0]
    # Over as many seeds as sides, each side is trained as often first as last.
    assert set(
        Counter(
            place.index((seed, side))
            for seed, place in enumerate(rounds[:3], 1)
            for side in range(3)
        ).values()
    ) == {3}


def test_folder_is_the_same_for_the_same_plan_only() -> None:
    def folder(**changes: object) -> Path:
        return make_plan(["tutorial-mlp"], vary={"epochs": [1, 2]}, **changes).default_folder()

    assert folder() == folder()
    assert folder().parent == Path("comparisons")
    assert folder().name.startswith("tutorial-mlp-epochs-1-2-")
    assert len({folder(), folder(num_seeds=6), folder(overrides={"lr": 0.2})}) == 3


def test_first_difference_names_its_place() -> None:
    was = {"a": {"b": 1, "c": 2}, "d": [1]}
    assert first_difference(was, {"a": {"b": 1, "c": 2}, "d": [1]}) is None
    assert first_difference(was, {"a": {"b": 1, "c": 3}, "d": [1]}) == ("a.c", 2, 3)
    assert first_difference(was, {"a": {"b": 1, "c": 2}}) == ("d", [1], None)


def test_differing_settings_are_those_that_both_sides_take() -> None:
    sgd, adam = sides_of(optimizer=["sgd", "adam"]).values()
    found = differences([sgd, adam])
    assert found["optimizer.name"] == ["sgd", "adam"]
    assert found["optimizer.momentum"] == [0.9, None]
    assert found["optimizer.betas"] == [None, [0.9, 0.999]]
    assert "optimizer.learning_rate" not in found
    assert not any(key.startswith(("seed", "model", "data")) for key in found)


def test_trial_rates_are_even_in_ratio_around_the_recipes() -> None:
    rates = trial_rates(0.01, 5)
    assert rates[2] == 0.01
    assert (rates[0], rates[-1]) == (0.000333, 0.3)
    ratios = [after / before for before, after in itertools.pairwise(rates)]
    assert ratios == pytest.approx([30**0.5] * 4, rel=0.01)
    assert trial_rates(0.01, 1) == [0.01]


@pytest.mark.parametrize(
    ("text", "name"),
    [("lr=0.1, batch_size=16", "lr-0.1-batch-size-16"), ("../x", "x"), ("优化器", "comparison")],
)
def test_slug_is_a_file_name(text: str, name: str) -> None:
    assert slug(text) == name
