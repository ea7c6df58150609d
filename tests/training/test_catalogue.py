from __future__ import annotations

import torch

from thumbnet.models import build_model, count_parameters, model_names
from thumbnet.training.catalogue import list_models
from thumbnet.training.recipe_file import packaged_recipes


def test_every_model_is_listed_with_its_size_and_recipes() -> None:
    rows = {row["name"]: row for row in list_models()}
    assert list(rows) == model_names()
    published = {
        "tutorial-mlp": 575_050,
        "tutorial-dropout-mlp": 136_074,
        "tutorial-cnn": 442_446,
        "tutorial-resnet": 42_790,
        "tutorial-resnet18-cifar10": 4_910_410,
    }
    assert {name: rows[name]["parameters"] for name in published} == published
    assert rows["resnet"]["parameters"] == count_parameters(build_model("resnet", (1, 28, 28), 10))
    assert rows["tutorial-dropout-mlp"]["recipes"] == [
        "tutorial-dropout-mlp-adam",
        "tutorial-dropout-mlp-sgd",
    ]
    listed = [name for row in rows.values() for name in row["recipes"]]
    assert sorted(listed) == sorted(packaged_recipes())


def test_listing_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    list_models()
    assert torch.equal(torch.get_rng_state(), before)
