"""Reading recipes: packaged or one's own, with ``--set`` changes; and saving the resolved one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ValidationError

from thumbnet.errors import RecipeError, nearest
from thumbnet.training.recipe import OPTIMIZER_KEYS, Recipe

ALIASES = {"lr": "optimizer.learning_rate"}


def packaged_recipes() -> dict[str, Path]:
    """Return name → file of every packaged recipe, sorted by name."""
    folder = Path(str(resources.files("thumbnet.recipes")))
    return dict(sorted((path.stem, path) for path in folder.glob("*.toml")))


def load_recipe(source: str | Path, overrides: Mapping[str, object] | None = None) -> Recipe:
    """Read a recipe and apply changes to it.

    Args:
        source: the name of a packaged recipe, or the path of a ``.toml`` file.
        overrides: dotted key → value, e.g. ``{"optimizer.learning_rate": 0.1}``. A last part
            that is unique in the recipe needs no dots; ``lr`` is the learning rate. ``None``
            returns a key to its default.

    Raises:
        RecipeError: no such recipe, not TOML, an unknown key, or a value out of range.
    """
    path = _find(source)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"the recipe is not valid TOML: {error}", got=path) from None
    except OSError as error:
        raise RecipeError(f"the recipe cannot be read: {error.strerror}", got=path) from None
    values.setdefault("name", path.stem)
    return make_recipe(values, overrides)


def make_recipe(values: Mapping[str, Any], overrides: Mapping[str, object] | None = None) -> Recipe:
    """Validate nested values, as read from TOML, into a recipe. See ``load_recipe``."""
    tree = _copy(values)
    for key, value in (overrides or {}).items():
        _set(tree, resolve_key(key), value)
    try:
        return Recipe.model_validate(tree)
    except ValidationError as error:
        raise _explain(error) from None


def parse_overrides(assignments: Sequence[str]) -> dict[str, object]:
    """Parse ``key=value`` texts; a value is TOML where it can be, else the text itself.

    Raises:
        RecipeError: no ``=`` or no key in a text.
    """
    overrides: dict[str, object] = {}
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        if not separator or not key.strip():
            raise RecipeError(
                "a change of the recipe must be key=value", got=assignment, fix="--set epochs=3"
            )
        try:
            overrides[key.strip()] = tomllib.loads(f"value = {text}")["value"]
        except (tomllib.TOMLDecodeError, KeyError):
            overrides[key.strip()] = text
    return overrides


def change_recipe(recipe: Recipe, changes: Mapping[str, object]) -> Recipe:
    """Return a recipe with changes, as ``load_recipe`` takes them; defaults are decided anew.

    Raises:
        RecipeError: an unknown key, or a value out of range.
    """
    return make_recipe(recipe.model_dump(exclude_unset=True), changes)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a nested mapping as dotted key → value.

    >>> flatten({"data": {"name": "mnist"}, "seed": 0})
    {'data.name': 'mnist', 'seed': 0}
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def recipe_to_toml(recipe: Recipe) -> str:
    """Return the whole recipe, defaults included, as TOML that ``load_recipe`` reads back equal."""
    values = recipe.model_dump(exclude_none=True)
    # An optimiser refuses keys that belong to another one, so only its own are written.
    values["optimizer"] = {
        key: value
        for key, value in values["optimizer"].items()
        if key in {"name", "learning_rate"} | OPTIMIZER_KEYS[recipe.optimizer.name]
    }
    return tomli_w.dumps(values)


def resolve_key(key: str) -> str:
    """Return the full dotted key for ``key``, which may be a unique last part or an alias.

    Raises:
        RecipeError: unknown, or the last part of more than one key.
    """
    key = ALIASES.get(key, key)
    known = _known_keys(Recipe)
    if key in known or key.startswith("model."):
        return key
    matches = [full for full in known if full.rsplit(".", 1)[-1] == key]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise RecipeError(f"'{key}' names more than one key", expected=f"one of: {matches}")
    leaves = [full.rsplit(".", 1)[-1] for full in known]
    raise RecipeError(
        f"a recipe has no key '{key}'",
        expected=nearest(key, known if "." in key else {*leaves, *known}),
        fix="see every key: thumbnet recipes mnist",
    )


def _find(source: str | Path) -> Path:
    recipes = packaged_recipes()
    if str(source) in recipes:
        return recipes[str(source)]
    path = Path(source)
    if path.suffix == ".toml" and path.is_file():
        return path
    if path.suffix == ".toml":
        raise RecipeError("the recipe file does not exist", got=path)
    raise RecipeError(
        f"there is no recipe '{source}'",
        expected=f"the path of a .toml file, or {nearest(str(source), recipes)}",
    )


def _copy(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copy(v) if isinstance(v, Mapping) else v for k, v in values.items()}


def _set(tree: dict[str, Any], key: str, value: object) -> None:
    section, _, leaf = key.rpartition(".")
    if not section:
        target, leaf = tree, key
    else:
        if isinstance(tree.get(section), str):
            tree[section] = {"name": tree[section]}
        target = tree.setdefault(section, {})
        if not isinstance(target, dict):
            return  # The validation says what is wrong with the section.
    if value is None:
        target.pop(leaf, None)
    else:
        target[leaf] = value


def _known_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    keys = []
    for name, field in model.model_fields.items():
        keys.append(prefix + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys += _known_keys(field.annotation, f"{name}.")
    return keys


def _explain(error: ValidationError) -> RecipeError:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    known = _known_keys(Recipe)
    if first["type"] == "extra_forbidden":
        return RecipeError(f"a recipe has no key '{key}'", expected=nearest(key, known))
    # pydantic goes on with the branch of a union and the place in a list.
    while key and key not in known:
        key = key.rpartition(".")[0]
    others = error.error_count() - 1
    more = f" (and {others} more)" if others and first["type"] == "value_error" else ""
    message = first["msg"].removeprefix("Value error, ")
    got = first["input"]
    return RecipeError(
        f"the recipe's '{key}' is not usable{more}" if key else f"the recipe is not usable{more}",
        got=None if isinstance(got, (dict, BaseModel)) else repr(got),
        expected=message[:1].lower() + message[1:],
        fix=f"--set {key}=…" if key and key != "name" else None,
    )
