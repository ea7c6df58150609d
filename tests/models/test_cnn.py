from __future__ import annotations

import pytest
import torch
from torch import nn
from twins import outputs

from thumbnet.errors import ModelError
from thumbnet.models import build_model, count_parameters

MNIST = (1, 28, 28)


def test_tutorial_cnn_equals_its_twin() -> None:
    model = build_model("tutorial-cnn", MNIST, 10)
    twin = nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 14 * 14, 70),
        nn.Tanh(),
        nn.Linear(70, 30),
        nn.Tanh(),
        nn.Linear(30, 10),
    )
    ours, theirs = outputs(model, twin, MNIST)
    assert torch.equal(ours, theirs)
    by_hand = (25 + 1) * 32 + 2 * 32 + (6272 + 1) * 70 + (70 + 1) * 30 + (30 + 1) * 10
    assert count_parameters(model) == by_hand == 442_446


def test_default_cnn_equals_its_twin() -> None:
    model = build_model("cnn", MNIST, 10, dropout=0.2)
    layers: list[nn.Module] = []
    for before, after in ((1, 16), (16, 32), (32, 64)):
        layers += [
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
    twin = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(64 * 3 * 3, 10))
    ours, theirs = outputs(model, twin, MNIST)
    assert torch.equal(ours, theirs)
    assert [str(layer) for layer in model] == [str(layer) for layer in twin]


def test_strided_stem_replaces_the_first_pooling() -> None:
    arguments = {"widths": [4, 8], "stem_stride": 2, "kernel_size": 5, "batch_norm": False}
    model = build_model("cnn", MNIST, 10, activation="gelu", head="average", **arguments)
    twin = nn.Sequential(
        nn.Conv2d(1, 4, 5, stride=2, padding=2),
        nn.GELU(),
        nn.Conv2d(4, 8, 5, padding=2),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10),
    )
    ours, theirs = outputs(model, twin, MNIST)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widths": []}, "'widths' is empty"),
        ({"widths": [16, 0]}, "'widths' must be positive whole numbers\n  got: 0"),
        ({"kernel_size": 4}, "'kernel_size' must be odd\n  got: 4"),
        ({"kernel_size": -1}, "'kernel_size' must be positive"),
        ({"stem_stride": 0}, "'stem_stride' must be positive"),
        ({"head": "max"}, "no head 'max'\n  expected: one of: average, flatten"),
        ({"activation": "relo"}, "no activation 'relo'(.|\n)*did you mean 'relu'"),
        ({"dropout": -0.5}, "'dropout' must be a probability below 1\n  got: -0.5"),
        ({"dropout": 1.0}, "'dropout' must be a probability below 1\n  got: 1.0"),
        ({"dropout": float("nan")}, "'dropout' must be a probability below 1\n  got: nan"),
    ],
)
def test_argument_out_of_range_is_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        build_model("cnn", MNIST, 10, **arguments)


@pytest.mark.parametrize("head", ["flatten", "average"])
def test_picture_too_small_for_the_pooling_is_refused(head: str) -> None:
    with pytest.raises(ModelError, match=r"too small(.|\n)*\(1, 7, 28\)"):
        build_model("cnn", (1, 7, 28), 10, head=head)
