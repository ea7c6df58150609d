"""Pooling before ReLU, against the order that the model states."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from thumbnet.models import build_model
from thumbnet.models.layers import ACTIVATIONS, pool_first

SHAPE = (1, 28, 28)


def _outputs_and_gradients(model: nn.Module, order: nn.Module) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(8, *SHAPE, generator=generator)
    images = images.to(memory_format=torch.channels_last).requires_grad_()
    logits = order.train()(images)
    gradients = torch.autograd.grad(logits.square().sum(), [images, *model.parameters()])
    return [logits, *gradients]


@pytest.mark.parametrize("name", ["tutorial-cnn", "cnn", "tutorial-resnet", "whitened-cnn"])
def test_pooling_first_has_the_same_bits(name: str) -> None:
    arguments = {"train_stem": True, "stem_width": 8} if name == "whitened-cnn" else {}
    torch.manual_seed(0)
    model = build_model(name, SHAPE, 10, **arguments).to(memory_format=torch.channels_last)

    stated = _outputs_and_gradients(model, model)
    ours = _outputs_and_gradients(model, pool_first(model))

    assert all(torch.equal(a, b) for a, b in zip(stated, ours, strict=True))


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_only_relu_is_moved(activation: str) -> None:
    torch.manual_seed(0)
    model = build_model("cnn", SHAPE, 10, activation=activation)
    stated = _outputs_and_gradients(model, model)

    order = pool_first(model)

    kinds = [type(layer) for layer in order]
    moved = kinds.index(nn.MaxPool2d) < kinds.index(ACTIVATIONS[activation])
    assert moved is (activation == "relu")
    ours = _outputs_and_gradients(model, order)
    assert all(torch.equal(a, b) for a, b in zip(stated, ours, strict=True))


def test_layers_are_shared_and_the_model_stays_as_it_is() -> None:
    model = build_model("tutorial-cnn", SHAPE, 10)
    before = [type(layer) for layer in model]  # type: ignore[arg-type]

    order = pool_first(model)

    assert {id(p) for p in order.parameters()} == {id(p) for p in model.parameters()}
    assert [type(layer) for layer in model] == before  # type: ignore[arg-type]


def test_model_that_is_no_sequence_is_returned_as_it_is() -> None:
    model = nn.Linear(2, 2)
    assert pool_first(model) is model
