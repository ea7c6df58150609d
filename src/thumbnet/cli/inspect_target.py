"""The networks that ``thumbnet inspect`` can be told of: recipes, runs, model folders, names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thumbnet.cli.output import note
from thumbnet.errors import ModelError, nearest

if TYPE_CHECKING:
    from torch import nn

    from thumbnet.training.recipe import Recipe

Shape = tuple[int, int, int]
SHAPE, NUM_CLASSES = (1, 28, 28), 10


def load_target(
    target: str, input_shape: str | None, classes: int | None, changes: list[str]
) -> tuple[nn.Module, Shape, Recipe | None]:
    """Return the network that ``target`` names, the shape of its input and its recipe.

    The recipe is None for a model folder, a finished run or a model's name.

    Raises:
        ThumbnetError: there is no such target, or it cannot be used with these options.
    """
    from thumbnet.models import model_names
    from thumbnet.training.recipe_file import load_recipe, packaged_recipes, parse_overrides

    shape = None if input_shape is None else parse_shape(input_shape)
    recipes, names = packaged_recipes(), model_names()
    overrides = parse_overrides(changes)
    path = Path(target)
    if target in recipes or path.suffix == ".toml":
        return _from_recipe(load_recipe(target, overrides), shape, classes)
    if target in names:
        arguments = {key.removeprefix("model."): value for key, value in overrides.items()}
        shape, num_classes = shape or SHAPE, classes or NUM_CLASSES
        return _build(target, shape, num_classes, arguments), shape, None
    if path.is_dir():
        return _from_folder(path, shape, classes, changes)
    raise ModelError(
        f"there is nothing called '{target}' to inspect",
        expected=f"a run or model folder, a .toml file, or {nearest(target, {*recipes, *names})}",
    )


def parse_shape(text: str) -> Shape:
    """Return channels, height and width of a text such as ``1x28x28``.

    Raises:
        ModelError: it is of another form.
    """
    match = re.fullmatch(r"([1-9]\d*)[x×]([1-9]\d*)[x×]([1-9]\d*)", text.strip().lower())
    if match is None:
        raise ModelError(
            "--input is no shape",
            got=repr(text),
            expected="channels, height and width, such as 1x28x28 or 3x32x32",
        )
    channels, height, width = map(int, match.groups())
    return channels, height, width


def _from_recipe(
    recipe: Recipe, shape: Shape | None, classes: int | None
) -> tuple[nn.Module, Shape, Recipe]:
    section = recipe.input
    shape = shape or (section.channels, section.size_px, section.size_px)
    # A network that is taught what is none of the classes has one more output.
    num_outputs = (classes or _num_classes(recipe)) + (recipe.made.negatives > 0)
    return _build(recipe.model.name, shape, num_outputs, recipe.model.arguments), shape, recipe


def _num_classes(recipe: Recipe) -> int:
    from thumbnet.datasets.catalog import CATALOG
    from thumbnet.datasets.loading import load_dataset

    if recipe.data.name in CATALOG:
        return len(CATALOG[recipe.data.name].class_names)
    section = recipe.input
    images = load_dataset(
        recipe.data.name, "train", channels=section.channels, size_px=section.size_px, report=note
    )
    return images.num_classes


def _build(name: str, shape: Shape, num_outputs: int, arguments: dict[str, Any]) -> nn.Module:
    from thumbnet.inspection.inspect_model import failed_layer
    from thumbnet.models import build_model

    try:
        return build_model(name, shape, num_outputs, **arguments)
    except ModelError as error:
        layer = failed_layer(error.__cause__) if error.__cause__ is not None else ""
        if not layer:
            raise
        raise ModelError(
            error.what + layer, got=error.got, expected=error.expected, fix="a larger --input"
        ) from error


def _from_folder(
    path: Path, shape: Shape | None, classes: int | None, changes: list[str]
) -> tuple[nn.Module, Shape, Recipe | None]:
    from thumbnet.models.folder import MANIFEST, find_model_folder, load_model_folder
    from thumbnet.training.recipe_file import load_recipe, parse_overrides
    from thumbnet.training.run_files import MODEL, RECIPE

    if (path / RECIPE).is_file() and not (path / MODEL / MANIFEST).is_file():
        # The run has not finished, but its recipe says which network it trains.
        return _from_recipe(load_recipe(path / RECIPE, parse_overrides(changes)), shape, classes)
    if classes is not None or changes:
        raise ModelError(
            "a trained network is as it is",
            got=f"--classes {classes}" if classes is not None else f"--set {changes[0]}",
            fix="leave it out, or name the recipe in place of the folder",
        )
    network, config = load_model_folder(find_model_folder(path))
    return network, shape or config.input.shape, None
