from __future__ import annotations

import pytest
import torch
from torch import nn
from twins import outputs

from thumbnet.errors import ModelError
from thumbnet.models import build_model, count_parameters

MNIST = (1, 28, 28)


def test_tutorial_mlp_equals_its_twin() -> None:
    model = build_model("tutorial-mlp", MNIST, 10)
    twin = nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 512),
        nn.ReLU(),
        nn.Linear(512, 256),
        nn.ReLU(),
        nn.Linear(256, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    ours, theirs = outputs(model, twin, MNIST)
    assert torch.equal(ours, theirs)
    by_hand = 785 * 512 + 513 * 256 + 257 * 128 + 129 * 64 + 65 * 10
    assert count_parameters(model) == by_hand == 575_050


def test_tutorial_dropout_mlp_equals_its_twin() -> None:
    model = build_model("tutorial-dropout-mlp", MNIST, 10)
    twin = nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 256),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(256, 10),
    )
    ours, theirs = outputs(model, twin, MNIST)
    assert torch.equal(ours, theirs)
    assert count_parameters(model) == 785 * 128 + 129 * 256 + 257 * 10 == 136_074


def test_dropout_acts_in_training_as_the_twins() -> None:
    model = build_model("tutorial-dropout-mlp", MNIST, 10)
    images = torch.rand(4, *MNIST)
    linears = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    torch.manual_seed(0)
    ours = model(images)
    torch.manual_seed(0)
    hidden = images.flatten(1)
    for layer in linears[:2]:
        hidden = nn.functional.dropout(layer(hidden).relu(), 0.5)
    assert torch.equal(ours, linears[2](hidden))


def test_no_widths_is_a_linear_classifier() -> None:
    model = build_model("mlp", (3, 4, 5), 6, widths=[])
    assert count_parameters(model) == 3 * 4 * 5 * 6 + 6


def test_activation_is_the_asked_for_one() -> None:
    model = build_model("mlp", (1, 4, 4), 3, widths=[8, 5], activation="tanh")
    twin = nn.Sequential(
        nn.Flatten(), nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 3)
    )
    ours, theirs = outputs(model, twin, (1, 4, 4))
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("dropout", [-0.1, 1.0, 1.5, float("nan")])
def test_dropout_outside_its_range_is_refused(dropout: float) -> None:
    with pytest.raises(ModelError, match=f"'dropout' must be a probability .*\n  got: {dropout}"):
        build_model("mlp", MNIST, 10, dropout=dropout)
