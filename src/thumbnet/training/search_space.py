"""Search spaces: a recipe, and the keys in which its trials differ."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from optuna.distributions import BaseDistribution

from thumbnet import models
from thumbnet.errors import ModelError, RecipeError
from thumbnet.models.registry import InputShape
from thumbnet.training.recipe import OPTIMIZER_KEYS, Recipe
from thumbnet.training.recipe_file import change_recipe
from thumbnet.training.tune_dimension import Dimension, parse_dimension

LEARNING_RATE_FACTOR = 30.0
MAX_CORNERS = 1024
"""A larger space is checked at this many of its corners, drawn at random."""


@dataclass(frozen=True)
class Space:
    """A recipe, and the dimensions in which its trials differ."""

    base: Recipe
    dimensions: tuple[Dimension, ...]

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Key → distribution, in the order in which they were given."""
        return {dimension.key: dimension.distribution for dimension in self.dimensions}

    def values(self, sampled: Mapping[str, Any]) -> dict[str, Any]:
        """Return key → value in the recipe for key → what was sampled."""
        return {
            dimension.key: dimension.value(sampled[dimension.key]) for dimension in self.dimensions
        }

    def recipe(self, sampled: Mapping[str, Any]) -> Recipe:
        """Return the recipe of a trial.

        Raises:
            RecipeError: these values do not go together.
        """
        return self._changed(self.values(sampled))

    def own(self) -> dict[str, Any] | None:
        """Return what would have to be sampled for the recipe as it is; None where it cannot."""
        sampled: dict[str, Any] = {}
        for dimension in self.dimensions:
            if dimension.choices:
                found = [label for label in dimension.choices if self._is_own(dimension, label)]
                if not found:
                    return None
                sampled[dimension.key] = found[0]
                continue
            value: Any = self.base
            for part in dimension.key.split("."):
                # A model's own argument that is not in the recipe has no attribute.
                value = getattr(value, part, None)
            low, high = dimension.corners
            if not isinstance(value, (int, float)) or not low <= value <= high:
                return None
            sampled[dimension.key] = value
        return sampled

    def check(self) -> None:
        """Raise ``RecipeError`` if a corner of the space is no recipe."""
        for corner in self._corners():
            try:
                self.recipe(corner)
            except RecipeError as error:
                shown = ", ".join(f"{key}={value}" for key, value in corner.items())
                raise RecipeError(
                    f"the space holds what is no recipe: {error.what}",
                    got=shown,
                    expected=error.expected,
                    fix="another --space, or another recipe to start from",
                ) from None

    def check_models(self, input_shape: InputShape, num_outputs: int) -> None:
        """Raise ``ModelError`` if a model of the space, one key changed at a time, is none.

        On torch's meta device, where nothing is computed.
        """
        for dimension in self.dimensions:
            if dimension.key.partition(".")[0] != "model":
                continue
            for corner in dimension.corners:
                value = dimension.value(corner)
                section = self._changed({dimension.key: value}).model
                try:
                    with torch.device("meta"):
                        models.build_model(
                            section.name, input_shape, num_outputs, **section.arguments
                        )
                except ModelError as error:
                    raise ModelError(
                        f"the space holds what is no model: {error.what}",
                        got=f"{dimension.key}={value}",
                        expected=error.expected,
                        fix="another --space",
                    ) from None

    def _is_own(self, dimension: Dimension, label: str) -> bool:
        try:
            return self._changed({dimension.key: dimension.value(label)}) == self.base
        except RecipeError:  # it may need another key's value beside it
            return False

    def _changed(self, values: Mapping[str, Any]) -> Recipe:
        # A whole section first, so that it does not take a key of it back.
        ordered = dict(sorted(values.items(), key=lambda item: item[0].count(".")))
        return change_recipe(self.base, ordered)

    def _corners(self) -> Iterator[dict[str, Any]]:
        keys = [dimension.key for dimension in self.dimensions]
        sides = [dimension.corners for dimension in self.dimensions]
        combinations: Iterator[tuple[Any, ...]]
        if math.prod(map(len, sides)) <= MAX_CORNERS:
            combinations = itertools.product(*sides)
        else:
            draw = random.Random(0)  # noqa: S311 - nothing secret
            combinations = (tuple(map(draw.choice, sides)) for _ in range(MAX_CORNERS))
        for combination in combinations:
            yield dict(zip(keys, combination, strict=True))


def make_space(base: Recipe, texts: Sequence[str] = ()) -> Space:
    """Return the space that ``texts`` describe, or a default one, and check it.

    By default the learning rate is tuned on a logarithmic scale between a thirtieth and thirty
    times the recipe's; beside it the weight decay and, where the optimiser has one, the momentum.

    Args:
        base: the recipe to start from.
        texts: ``KEY=LOW:HIGH``, ``KEY=LOW:HIGH:log`` or ``KEY=a,b,c``, where keys and values are
            those of ``--set``.

    Raises:
        RecipeError: of another form, an unknown key, one that appears twice or cannot be tuned, or
            a value of the wrong type or out of range.
    """
    dimensions = [parse_dimension(text) for text in texts] or default_dimensions(base)
    keys = [dimension.key for dimension in dimensions]
    for key in keys:
        if keys.count(key) > 1:
            raise RecipeError("a key is in the space twice", got=key, expected="each key once")
    space = Space(base, tuple(dimensions))
    space.check()
    return space


def default_dimensions(base: Recipe) -> list[Dimension]:
    """Return what is tuned if nothing is asked for; the recipe's own values are among it."""
    section = base.optimizer
    rate, decay = section.learning_rate, section.weight_decay
    texts = [f"lr={rate / LEARNING_RATE_FACTOR!r}:{rate * LEARNING_RATE_FACTOR!r}:log"]
    # A logarithmic range cannot hold the 0 of a recipe without decay.
    texts.append(
        f"weight_decay={decay / LEARNING_RATE_FACTOR!r}:{decay * LEARNING_RATE_FACTOR!r}:log"
        if decay
        else "weight_decay=0,1e-5,1e-4,1e-3,1e-2"
    )
    if "momentum" in OPTIMIZER_KEYS[section.name]:
        low, high = 0.5 if section.nesterov else 0.0, 0.98
        texts.append(f"momentum={min(low, section.momentum)!r}:{max(high, section.momentum)!r}")
    return [parse_dimension(text) for text in texts]
