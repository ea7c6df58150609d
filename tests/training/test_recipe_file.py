"""Reading, changing and saving recipes; and what the packaged ones say."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbnet.errors import RecipeError
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import (
    flatten,
    load_recipe,
    make_recipe,
    packaged_recipes,
    parse_overrides,
    recipe_to_toml,
    resolve_key,
)

NAMES = sorted(packaged_recipes())


def _write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_the_default_and_the_tutorials_are_packaged() -> None:
    tutorials = ["cnn", "dropout-mlp-adam", "dropout-mlp-sgd", "mlp", "resnet", "resnet18-cifar10"]
    assert {"mnist", *[f"tutorial-{name}" for name in tutorials]} <= set(NAMES)
    assert list(packaged_recipes()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_packaged_recipe_round_trips(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.description
    text = recipe_to_toml(recipe)
    again = load_recipe(_write(tmp_path, text))
    assert again == recipe
    assert recipe_to_toml(again) == text


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "adamw", "betas": [0.8, 0.95], "weight_decay": 0.1},
        {"optimizer": "rmsprop", "momentum": 0.5},
        {"optimizer": "adagrad"},
        {"ema_decay": 0.99, "gradient_clip": 1.0, "threads": 2, "limit": 100},
        {"channels": 3, "mean": [0.1, 1 / 3, 0.3], "std": "train"},
        {"data.validation": 0.1, "patience_epochs": 3, "schedule": "cosine"},
        {"model": "mlp", "model.widths": [8, 16], "model.activation": "tanh"},
        {"description": 'quotes " and \\ and é', "seed": 2**63 - 1},
    ],
)
def test_changed_recipe_round_trips(changes: dict[str, object], tmp_path: Path) -> None:
    recipe = make_recipe({}, changes)
    assert load_recipe(_write(tmp_path, recipe_to_toml(recipe))) == recipe


@given(rate=st.floats(1e-300, 1e300), scale=st.floats(1e-300, 1e300))
def test_numbers_round_trip_to_the_last_bit(rate: float, scale: float) -> None:
    recipe = make_recipe({}, {"lr": rate, "input.scale": scale})
    again = make_recipe(tomllib.loads(recipe_to_toml(recipe)))
    assert (again.optimizer.learning_rate, again.input.scale) == (rate, scale)


def test_tutorial_mlp_is_what_its_source_does() -> None:
    recipe = load_recipe("tutorial-mlp")
    assert (recipe.epochs, recipe.batch_size, recipe.data.shuffle) == (10, 64, True)
    assert recipe.optimizer.model_dump(include={"name", "learning_rate", "momentum"}) == {
        "name": "sgd",
        "learning_rate": 0.01,
        "momentum": 0.5,
    }
    assert not recipe.optimizer.nesterov
    assert recipe.optimizer.weight_decay == 0
    assert (recipe.input.scale, recipe.input.mean, recipe.input.std) == (255, (0.1307,), (0.3081,))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_dropout_tutorial_is_what_its_source_does(optimizer: str) -> None:
    recipe = load_recipe(f"tutorial-dropout-mlp-{optimizer}")
    assert recipe.model.name == "tutorial-dropout-mlp"
    assert (recipe.epochs, recipe.batch_size) == (25, 64)
    assert (recipe.data.validation, recipe.data.validation_from) == (10_000, "last")
    assert (recipe.input.scale, recipe.input.mean, recipe.input.std) == (256, (), ())
    section = recipe.optimizer
    assert (section.name, section.learning_rate, section.momentum) == (optimizer, 0.001, 0)


@pytest.mark.parametrize("name", ["tutorial-cnn", "tutorial-resnet", "tutorial-resnet18-cifar10"])
def test_convolutional_tutorials_are_what_their_sources_do(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.model.name == name
    assert (recipe.optimizer.name, recipe.optimizer.learning_rate) == ("adam", 0.001)
    assert (recipe.epochs, recipe.batch_size, recipe.input.scale) == (10, 64, 255)
    assert recipe.data.shuffle is (name != "tutorial-resnet")
    assert recipe.data.validation == 0
    expected: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    if name == "tutorial-resnet18-cifar10":
        expected = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        assert (recipe.data.name, recipe.input.channels, recipe.input.size_px) == ("cifar10", 3, 32)
    assert (recipe.input.mean, recipe.input.std) == expected


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("tutorial-")])
def test_tutorials_have_none_of_what_their_sources_lack(name: str) -> None:
    recipe = load_recipe(name)
    defaults = Recipe()
    for section in ("augmentation", "schedule", "early_stopping", "loss"):
        assert getattr(recipe, section) == getattr(defaults, section)
    assert (recipe.precision, recipe.gradient_clip, recipe.ema_decay) == ("fp32", None, None)


def test_name_of_the_file_is_the_recipes_unless_it_says_another(tmp_path: Path) -> None:
    assert load_recipe(_write(tmp_path, "epochs = 3")).name == "mine"
    assert load_recipe(str(_write(tmp_path, 'name = "yours"'))).name == "yours"


def test_section_may_be_its_name_alone(tmp_path: Path) -> None:
    text = 'data = "kmnist"\nmodel = "mlp"\noptimizer = "adam"\nschedule = "cosine"\nloss = "mse"'
    recipe = load_recipe(_write(tmp_path, text))
    sections = (recipe.data, recipe.model, recipe.optimizer, recipe.schedule, recipe.loss)
    assert [section.name for section in sections] == ["kmnist", "mlp", "adam", "cosine", "mse"]


@pytest.mark.parametrize(
    ("key", "full"),
    [
        ("lr", "optimizer.learning_rate"),
        ("learning_rate", "optimizer.learning_rate"),
        ("epochs", "epochs"),
        ("size_px", "input.size_px"),
        ("patience_epochs", "early_stopping.patience_epochs"),
        ("model.anything", "model.anything"),
        ("data.name", "data.name"),
        ("name", "name"),
        ("optimizer", "optimizer"),
    ],
)
def test_key_may_be_an_alias_or_a_last_part_that_is_unique(key: str, full: str) -> None:
    assert resolve_key(key) == full


def test_last_part_of_two_keys_names_them_both() -> None:
    with pytest.raises(RecipeError, match=r"'scale' names more than one(.|\n)*input\.s.*augm"):
        resolve_key("scale")


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("epochz", "epochs"),
        ("learning_rat", "learning_rate"),
        ("optimizer.learning_rte", "optimizer.learning_rate"),
        ("data.validaton", "data.validation"),
    ],
)
def test_unknown_key_of_a_change_gives_the_nearest(key: str, nearest: str) -> None:
    with pytest.raises(RecipeError, match=rf"no key '{key}'(.|\n)*did you mean '{nearest}'\?"):
        make_recipe({}, {key: 1})


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ("epoch = 3", "epoch", "epochs"),
        ("[data]\nsuffle = true", r"data\.suffle", r"data\.shuffle"),
        ("[early_stopping]\npatience = 3", r"early_stopping\.patience", r"early_stopping\.pati.*"),
    ],
)
def test_unknown_key_of_a_file_gives_the_nearest(
    tmp_path: Path, text: str, key: str, nearest: str
) -> None:
    with pytest.raises(RecipeError, match=rf"no key '{key}'(.|\n)*did you mean '{nearest}'\?"):
        load_recipe(_write(tmp_path, text))


def test_name_alone_resets_the_section_and_later_changes_add_to_it() -> None:
    recipe = load_recipe("mnist", {"optimizer": "adam", "weight_decay": 0.1})
    assert recipe.optimizer.model_dump() == {
        **Recipe().optimizer.model_dump(),
        "name": "adam",
        "weight_decay": 0.1,
    }


def test_change_of_one_key_keeps_the_others() -> None:
    before, after = load_recipe("mnist"), load_recipe("mnist", {"lr": 0.5, "data.validation": 7})
    assert after.optimizer.learning_rate == 0.5
    assert after.optimizer.momentum == before.optimizer.momentum == 0.6
    assert after.data.validation == 7


def test_none_returns_a_key_to_its_default() -> None:
    recipe = load_recipe("mnist", {"epochs": None, "augmentation": None, "data.validation": None})
    assert (recipe.epochs, recipe.augmentation, recipe.data.validation) == (
        Recipe().epochs,
        Recipe().augmentation,
        0,
    )


def test_values_are_not_changed_by_overrides() -> None:
    values = {"data": {"name": "mnist"}}
    make_recipe(values, {"data.validation": 3})
    assert values == {"data": {"name": "mnist"}}


@pytest.mark.parametrize("section", ["optimizer", "data", "model", "input"])
@pytest.mark.parametrize("value", [3, [1], True])
def test_section_of_the_wrong_type_is_refused_with_and_without_a_change(
    section: str, value: object
) -> None:
    for changes in ({}, {f"{section}.name": "x"} if section != "input" else {"size_px": 32}):
        with pytest.raises(RecipeError, match=f"the recipe's '{section}' is not usable"):
            make_recipe({section: value}, changes)


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("epochs=3", "epochs", 3),
        (" lr =1e-3", "lr", 1e-3),
        ("model.widths=[8,16]", "model.widths", [8, 16]),
        ("data.shuffle=false", "data.shuffle", False),
        ("optimizer=adam", "optimizer", "adam"),
        ('optimizer="adam"', "optimizer", "adam"),
        ("data=folder:a=b", "data", "folder:a=b"),
        ("description=", "description", ""),
        ("lr=inf", "lr", float("inf")),
    ],
)
def test_change_is_toml_where_it_can_be_and_else_text(text: str, key: str, value: object) -> None:
    assert parse_overrides([text]) == {key: value}


def test_widths_given_on_the_command_line_reach_the_model() -> None:
    recipe = load_recipe("mnist", parse_overrides(["model.widths=[8,16]"]))
    assert recipe.model.arguments["widths"] == [8, 16]


def test_last_of_two_changes_wins() -> None:
    assert parse_overrides(["epochs=3", "epochs=4"]) == {"epochs": 4}


@pytest.mark.parametrize("text", ["epochs", "=3", " =3", ""])
def test_change_without_key_or_sign_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match=r"must be key=value(.|\n)*--set epochs=3"):
        parse_overrides([text])


@pytest.mark.parametrize("text", ["epochs = ", "[data", "a = 1\na = 2", "epochs: 3"])
def test_file_that_is_not_toml_says_so_and_where(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError, match=r"not valid TOML: .*(.|\n)*got: .*mine\.toml"):
        load_recipe(_write(tmp_path, text))


def test_file_that_is_not_utf8_says_so(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(RecipeError, match="not valid TOML"):
        load_recipe(tmp_path / "mine.toml")


def test_file_that_cannot_be_read_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    path = _write(tmp_path, "")
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(RecipeError, match=r"cannot be read: Permission denied(.|\n)*mine\.toml"):
        load_recipe(path)


def test_missing_file_and_unknown_name_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"does not exist(.|\n)*nowhere\.toml"):
        load_recipe(tmp_path / "nowhere.toml")
    with pytest.raises(RecipeError, match=r"no recipe 'tutorial-mpl'(.|\n)*mean 'tutorial-mlp'\?"):
        load_recipe("tutorial-mpl")


def test_flatten_joins_keys_with_dots() -> None:
    nested = {"data": {"name": "mnist", "more": {"limit": None}}, "widths": [1, 2], "empty": {}}
    assert flatten(nested) == {"data.name": "mnist", "data.more.limit": None, "widths": [1, 2]}
