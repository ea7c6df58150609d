"""What a tuning is about, checked as a whole before anything is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from thumbnet.datasets.image_set import ImageSet
from thumbnet.errors import OutputError, RecipeError
from thumbnet.training.device import choose_device
from thumbnet.training.precision import use_bf16
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import change_recipe, load_recipe, resolve_key
from thumbnet.training.search_space import Space, make_space
from thumbnet.training.setup import RunData, load_run_data, make_config
from thumbnet.training.tune_storage import Location, locate
from thumbnet.training.tune_trial import Metric

HELD_OUT = 0.1
"""Share of the training images that is held out where the recipe holds out none."""


@dataclass(frozen=True)
class Plan:
    """One tuning.

    Attributes:
        space: the recipe and what is tuned of it.
        metric: what is compared.
        name: the study's.
        folder: for the best recipe.
        location: where the study is kept.
        data: of the recipe.
        validation: the images that every score is of.
        held_out: whether those are held out for tuning alone.
        device: where to train.
    """

    space: Space
    metric: Metric
    name: str
    folder: Path
    location: Location
    data: RunData
    validation: ImageSet
    held_out: bool
    device: torch.device

    @property
    def facts(self) -> dict[str, Any]:
        """What is stored with the study, see ``open_study``."""
        base = self.space.base
        return {
            "same": {
                "recipe": base.model_dump(mode="json", exclude={"name", "description"}),
                "space": {dimension.key: dimension.text for dimension in self.space.dimensions},
                "metric": self.metric,
                "training_images": self.data.train.content_hash,
                "validation_images": self.validation.content_hash,
            },
            # Measured once, since it may come out differently tomorrow, and the weights with it.
            "precision": "bf16" if use_bf16(base.precision, self.device) else "fp32",
        }

    def in_precision(self, precision: str) -> Plan:
        """Return the plan with ``precision`` where the recipe says ``auto``."""
        base = self.space.base
        if base.precision != "auto" or "precision" in self.space.distributions:
            return self
        decided = change_recipe(base, {"precision": precision})
        return dataclasses.replace(self, space=Space(decided, self.space.dimensions))


def make_plan(
    recipe: str | Path | Recipe,
    changes: Mapping[str, object],
    space: Sequence[str],
    metric: Metric,
    study: str | None,
    storage: str | Path | None,
    out: Path | str | None,
    device: str,
) -> Plan:
    """Read the recipe, its space and its data, and check that they fit; see ``tune``."""
    base = _load(recipe, changes)
    held_out = not base.data.validation
    if held_out:
        base = change_recipe(base, {"data.validation": HELD_OUT})
    chosen = make_space(base, space)
    for key in {resolve_key(key) for key in changes} & chosen.distributions.keys():
        raise RecipeError(
            "a key is both set and tuned", got=key, expected="--set, --seed, --data or --space"
        )
    name = base.name if study is None else study
    if not name or name[0] == "." or any(character in name for character in '/\\:*?"<>|'):
        raise OutputError("the study's name must be usable as a file name", got=repr(name))
    folder = Path("runs") / f"tune-{name}" if out is None else Path(out)
    location = locate(storage, folder)
    where = choose_device(device)
    data = load_run_data(base)
    assert data.validation is not None
    config = make_config(base, data.train)
    chosen.check_models(config.input.shape, config.num_outputs)
    return Plan(chosen, metric, name, folder, location, data, data.validation, held_out, where)


def _load(recipe: str | Path | Recipe, changes: Mapping[str, object]) -> Recipe:
    if isinstance(recipe, Recipe):
        return change_recipe(recipe, changes)
    return load_recipe(recipe, changes)
