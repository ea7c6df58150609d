"""The sides of a comparison: recipes, the values of a recipe's keys, or every combination."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thumbnet.errors import RecipeError
from thumbnet.training.recipe import OPTIMIZER_KEYS, Recipe
from thumbnet.training.recipe_file import (
    change_recipe,
    flatten,
    load_recipe,
    make_recipe,
    resolve_key,
)

# Sections that are chosen by name: "optimizer" means "optimizer.name", and the rest stays.
NAMED = ("data", "loss", "model", "optimizer", "schedule")
# Where two sides differ in these, they do not see the same images.
DATA_KEYS = ("data.", "input.channels", "input.size_px")
# What every run has of its own, or what changes nothing.
_NOT_COMPARED = {"seed", "name", "description"}


@dataclass(frozen=True)
class PlannedSide:
    """One side: a name and a recipe, whose seed is replaced for every run.

    ``dropped`` are keys of the original recipe that do not fit the varied optimiser, loss or model.
    """

    name: str
    recipe: Recipe
    dropped: tuple[str, ...] = ()


def make_sides(
    recipes: Sequence[str | Path | Recipe],
    vary: Mapping[str, Sequence[object]],
    overrides: Mapping[str, object],
) -> list[PlannedSide]:
    """Return a side for every recipe and combination of varied values; see ``make_plan``."""
    loaded = [_load(source, overrides) for source in recipes]
    return [
        _vary(name, recipe, dict(zip(vary, values, strict=True)), len(loaded) == 1)
        for name, recipe in zip(_names(recipes, loaded), loaded, strict=True)
        for values in itertools.product(*vary.values())
    ]


def _load(source: str | Path | Recipe, overrides: Mapping[str, object]) -> Recipe:
    if isinstance(source, Recipe):
        return change_recipe(source, overrides)
    return load_recipe(source, overrides)


def _names(sources: Sequence[str | Path | Recipe], recipes: Sequence[Recipe]) -> list[str]:
    """Return the recipes' names, or what was given where two files have the same name."""
    names = [recipe.name for recipe in recipes]
    return [
        name if names.count(name) == 1 or isinstance(source, Recipe) else str(source)
        for name, source in zip(names, sources, strict=True)
    ]


def _vary(name: str, recipe: Recipe, changes: Mapping[str, object], is_alone: bool) -> PlannedSide:
    values = recipe.model_dump(exclude_unset=True)
    dropped: list[str] = []
    others: dict[str, object] = {}
    for key, value in changes.items():
        section, _, leaf = full_key(key).partition(".")
        if section in NAMED and leaf == "name":
            values[section], lost = _rename(section, values.get(section, {}), value, recipe)
            dropped += [f"{section}.{other}" for other in lost]
        else:
            others[key] = value
    # "adam" says enough, "0.1" does not.
    is_plain = len(changes) == 1 and is_alone
    shown = [
        value if is_plain and isinstance(value, str) else f"{key}={show(value)}"
        for key, value in changes.items()
    ]
    parts = shown if is_alone and shown else [name, *shown]
    try:
        varied = make_recipe(values, others)
    except RecipeError as error:
        raise RecipeError(
            f"{', '.join(parts)}: {error.what}",
            got=error.got,
            expected=error.expected,
            fix=error.fix,
        ) from None
    return PlannedSide(", ".join(parts), varied, tuple(dropped))


def _rename(
    section: str, values: Mapping[str, Any], name: object, recipe: Recipe
) -> tuple[dict[str, Any], list[str]]:
    """Return a section under another name, without the keys that do not fit, and those keys."""
    others = {key for key in values if key != "name"}
    if name == getattr(recipe, section).name:
        fitting = others
    elif section == "optimizer":
        fitting = others & ({"learning_rate"} | OPTIMIZER_KEYS.get(str(name), set()))
    elif section == "model":
        fitting = set()  # a network's arguments are its own, even where they have the same name
    elif section == "loss" and name == "mse":
        fitting = others - {"label_smoothing"}
    else:
        fitting = others
    kept = {key: value for key, value in values.items() if key in fitting}
    return {"name": name, **kept}, sorted(others - fitting)


def full_key(key: str) -> str:
    """Return the dotted key; a section that is chosen by name means its name."""
    full = resolve_key(key)
    return f"{full}.name" if full in NAMED else full


def show(value: object) -> str:
    """Return a value as TOML writes it, but texts without quotation marks."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def check_sides(sides: Sequence[PlannedSide], varied: Sequence[str], is_tuned: bool) -> None:
    """Raise ``RecipeError`` unless the sides can be compared, and tuned if they are to be."""
    if len(sides) < 2:
        raise RecipeError(
            "a comparison needs at least two sides",
            got=sides[0].name if sides else "none",
            expected="two recipes, or one and what to vary",
            fix="thumbnet compare tutorial-mlp --vary optimizer=sgd,adam",
        )
    for one, other in itertools.combinations(sides, 2):
        if one.name == other.name or recipe_dict(one.recipe) == recipe_dict(other.recipe):
            raise RecipeError(
                "two sides are the same", got=f"{one.name} and {other.name}", fix="leave one out"
            )
        _check_same_data(varied, one, other)
    for side in sides if is_tuned else ():
        if not side.recipe.data.validation:
            raise RecipeError(
                "learning rates are chosen on validation images, and there are none",
                got=f"{side.name}: data.validation = 0",
                fix="--set validation=0.1",
            )


def _check_same_data(varied: Sequence[str], one: PlannedSide, other: PlannedSide) -> None:
    for key, (a, b) in differences([one.recipe, other.recipe]).items():
        if key.startswith(DATA_KEYS) and key not in varied:
            raise RecipeError(
                "the sides do not see the same images",
                got=f"{key}: {show(a)} for {one.name}, {show(b)} for {other.name}",
                expected="the same data, split and order on all sides",
                fix=f"--set {key}={show(a if a is not None else b)}",
            )


def differences(recipes: Sequence[Recipe]) -> dict[str, list[Any]]:
    """Return dotted key → its value in each recipe, for the keys whose values differ."""
    flat = [flatten(recipe_dict(recipe)) for recipe in recipes]
    keys = dict.fromkeys(key for values in flat for key in values)
    rows = {key: [values.get(key) for values in flat] for key in keys}
    return {key: row for key, row in rows.items() if any(value != row[0] for value in row)}


def recipe_dict(recipe: Recipe) -> dict[str, Any]:
    """Return what is compared of a recipe, as JSON values, without what its optimiser lacks."""
    values = recipe.model_dump(mode="json", exclude=_NOT_COMPARED)
    section = values["optimizer"]
    known = {"name", "learning_rate"} | OPTIMIZER_KEYS[section["name"]]
    values["optimizer"] = {key: value for key, value in section.items() if key in known}
    return values
