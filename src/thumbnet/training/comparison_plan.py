"""What a comparison will do: its sides, seeds and trials, decided before the first run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thumbnet.training.comparison_sides import (
    PlannedSide,
    check_sides,
    full_key,
    make_sides,
    recipe_dict,
    show,
)
from thumbnet.training.recipe import Recipe

FORMAT = 2
TUNING_SEEDS = (0, 1_000_000, 1_000_001)
"""Of the trials; the compared seeds begin at 1.

One seed would often choose a rate that did well by luck, and fails with every other seed.
"""


@dataclass(frozen=True)
class Plan:
    """A whole comparison.

    Attributes:
        title: what the page is called.
        sides: at least two.
        num_seeds: each side is trained with the seeds 1 … n.
        tune: learning rates that are tried on each side before that, each with ``TUNING_SEEDS``; 0
            takes the recipes' own.
        pairs: indices of sides to compare; None compares all.
        varied: keys that differ on purpose.
        gradients: whether the gradient in each layer before training is measured, too.
    """

    title: str
    sides: tuple[PlannedSide, ...]
    num_seeds: int
    tune: int = 0
    pairs: tuple[tuple[int, int], ...] | None = None
    varied: tuple[str, ...] = ()
    gradients: bool = False

    @property
    def seeds(self) -> range:
        """The seeds that every side is trained with."""
        return range(1, self.num_seeds + 1)

    def order(self) -> list[tuple[int, int]]:
        """Return ``(seed, side)`` of every run in order: a round for each seed, begun elsewhere."""
        count = len(self.sides)
        return [
            (seed, (turn + place) % count)
            for turn, seed in enumerate(self.seeds)
            for place in range(count)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return what must be the same for a comparison to go on, as JSON values."""
        return {
            "format": FORMAT,
            "sides": [side.name for side in self.sides],
            "recipes": {side.name: recipe_dict(side.recipe) for side in self.sides},
            "pairs": self.pairs and [list(pair) for pair in self.pairs],
            "num_seeds": self.num_seeds,
            "tune": self.tune,
            "tuning_seeds": list(TUNING_SEEDS),
            "gradients": self.gradients,
        }

    def default_folder(self, parent: Path = Path("comparisons")) -> Path:
        """Return ``comparisons/<title>-<hash>``: the same for the same plan, and only for it."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return parent / f"{slug(self.title)}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def make_plan(
    recipes: Sequence[str | Path | Recipe],
    *,
    vary: Mapping[str, Sequence[object]] | None = None,
    num_seeds: int = 5,
    overrides: Mapping[str, object] | None = None,
    tune: int = 0,
    gradients: bool = False,
) -> Plan:
    """Plan a comparison of recipes, of the values of keys, or of both (every combination).

    Args:
        recipes: names of packaged recipes, ``.toml`` files or recipes.
        vary: key → values; of several keys every combination is a side. The name of an optimiser,
            a loss or a model keeps those of the recipe's other keys in its section that it takes.
        num_seeds: runs of each side.
        overrides: changes of every side, as for ``load_recipe``.
        tune: learning rates to try on each side.
        gradients: also measure the gradient in each layer before training.

    Raises:
        RecipeError: a recipe or a key is wrong, there are fewer than two sides, two are the same,
            they do not see the same images, or tuning lacks validation images.
    """
    varied = {key: list(values) for key, values in (vary or {}).items()}
    keys = tuple(full_key(key) for key in varied)
    sides = make_sides(recipes, varied, overrides or {})
    check_sides(sides, keys, is_tuned=tune > 0)
    title = " – ".join(side.name for side in sides)
    if len(recipes) == 1:
        values = (f"{key} {', '.join(map(show, found))}" for key, found in varied.items())
        title = f"{sides[0].recipe.name}: {'; '.join(values)}"
    return Plan(title, tuple(sides), num_seeds, tune, varied=keys, gradients=gradients)


def first_difference(was: Any, now: Any, path: str = "") -> tuple[str, Any, Any] | None:
    """Return ``(path, was, now)`` of the first place where two JSON values differ."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in {**was, **now}:
            inner = f"{path}.{key}" if path else str(key)
            if found := first_difference(was.get(key), now.get(key), inner):
                return found
        return None
    return None if was == now else (path, was, now)


def slug(text: str) -> str:
    """Return a text that is a file's name everywhere."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:60].lower() or "comparison"
