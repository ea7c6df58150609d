from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from thumbnet.errors import ModelError
from thumbnet.models.layers import ACTIVATIONS, GlobalAveragePool, make_activation, output_shape

FORMULAS = {
    "elu": functional.elu,
    "gelu": functional.gelu,
    "leaky-relu": functional.leaky_relu,
    "relu": lambda x: x.clamp(min=0),
    "sigmoid": lambda x: 1 / (1 + torch.exp(-x)),
    "silu": lambda x: x / (1 + torch.exp(-x)),
    "tanh": torch.tanh,
}


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_activation_is_the_function_of_its_name(name: str) -> None:
    values = torch.linspace(-3, 3, 13)
    torch.testing.assert_close(make_activation(name)(values), FORMULAS[name](values))


def test_unknown_activation_gives_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"no activation 'relu6'(.|\n)*did you mean 'relu'\?"):
        make_activation("relu6")


def test_global_average_pool_equals_torchs_adaptive_one() -> None:
    features = torch.rand(2, 5, 3, 4)
    expected = functional.adaptive_avg_pool2d(features, 1).flatten(1)
    torch.testing.assert_close(GlobalAveragePool()(features), expected)


def test_output_shape_leaves_mode_and_statistics_alone() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert output_shape(model, (1, 6, 5)) == (4 * 4 * 3,)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_output_shape_of_too_small_a_picture_says_its_size_and_the_key() -> None:
    message = r"too small(.|\n)*got: .* = \(1, 4, 4\)(.|\n)*fix: .*input\.size_px"
    with pytest.raises(ModelError, match=message):
        output_shape(nn.Conv2d(1, 2, 5), (1, 4, 4))
