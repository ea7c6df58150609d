"""Which models there are, how large, and which recipes train them."""

from __future__ import annotations

from typing import Any

import torch

from thumbnet import models
from thumbnet.training.recipe_file import load_recipe, packaged_recipes

MNIST_SHAPE, NUM_CLASSES = (1, 28, 28), 10


def list_models() -> list[dict[str, Any]]:
    """Return ``{"name", "parameters", "recipes"}`` for every registered model, sorted by name.

    The parameters are counted for ten classes of the input of its first recipe, or of MNIST's; a
    family is counted with its default arguments.
    """
    recipes = [load_recipe(name) for name in packaged_recipes()]
    rows = []
    for name in models.model_names():
        users = [recipe for recipe in recipes if recipe.model.name == name]
        shape = MNIST_SHAPE
        if users:
            section = users[0].input
            shape = (section.channels, section.size_px, section.size_px)
        with torch.random.fork_rng(devices=[]):
            model = models.build_model(name, shape, NUM_CLASSES)
        rows.append(
            {
                "name": name,
                "parameters": models.count_parameters(model),
                "recipes": [recipe.name for recipe in users],
            }
        )
    return rows
