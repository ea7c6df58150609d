"""Each optimiser against its update formula, in numpy, in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from thumbnet.training.optimisers import make_optimizer
from thumbnet.training.recipe import OptimizerSection

Array = np.ndarray[Any, np.dtype[np.float64]]
Formula = Callable[[Array, list[Array], OptimizerSection], Array]
RATE, NUM_STEPS = 0.05, 5


def _sgd(weights: Array, gradients: list[Array], section: OptimizerSection) -> Array:
    velocity = np.zeros_like(weights)
    for gradient in gradients:
        change = gradient + section.weight_decay * weights
        velocity = section.momentum * velocity + change
        if section.nesterov:
            weights = weights - RATE * (change + section.momentum * velocity)
        else:
            weights = weights - RATE * velocity
    return weights


def _adam(weights: Array, gradients: list[Array], section: OptimizerSection) -> Array:
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    beta1, beta2 = section.betas
    for step, gradient in enumerate(gradients, start=1):
        change = gradient
        if section.name == "adamw":
            weights = weights - RATE * section.weight_decay * weights
        else:
            change = change + section.weight_decay * weights
        first = beta1 * first + (1 - beta1) * change
        second = beta2 * second + (1 - beta2) * change**2
        unbiased1, unbiased2 = first / (1 - beta1**step), second / (1 - beta2**step)
        weights = weights - RATE * unbiased1 / (np.sqrt(unbiased2) + section.epsilon)
    return weights


def _rmsprop(weights: Array, gradients: list[Array], section: OptimizerSection) -> Array:
    square, velocity = np.zeros_like(weights), np.zeros_like(weights)
    for gradient in gradients:
        change = gradient + section.weight_decay * weights
        square = 0.99 * square + 0.01 * change**2
        velocity = section.momentum * velocity + change / (np.sqrt(square) + section.epsilon)
        weights = weights - RATE * velocity
    return weights


def _adagrad(weights: Array, gradients: list[Array], section: OptimizerSection) -> Array:
    square = np.zeros_like(weights)
    for gradient in gradients:
        change = gradient + section.weight_decay * weights
        square = square + change**2
        weights = weights - RATE * change / (np.sqrt(square) + section.epsilon)
    return weights


CASES: list[tuple[Formula, dict[str, Any]]] = [
    (_sgd, {"name": "sgd"}),
    (_sgd, {"name": "sgd", "momentum": 0.9, "weight_decay": 0.1}),
    (_sgd, {"name": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    (_adam, {"name": "adam"}),
    (_adam, {"name": "adam", "betas": (0.8, 0.95), "epsilon": 1e-3, "weight_decay": 0.1}),
    (_adam, {"name": "adamw", "weight_decay": 0.1}),
    (_adam, {"name": "adamw", "betas": (0.8, 0.95), "epsilon": 1e-3, "weight_decay": 0.5}),
    (_rmsprop, {"name": "rmsprop"}),
    (_rmsprop, {"name": "rmsprop", "momentum": 0.5, "epsilon": 1e-3, "weight_decay": 0.1}),
    (_adagrad, {"name": "adagrad"}),
    (_adagrad, {"name": "adagrad", "epsilon": 1e-3, "weight_decay": 0.1}),
]


@pytest.mark.parametrize(("formula", "values"), CASES)
def test_five_steps_equal_the_formula(formula: Formula, values: dict[str, Any]) -> None:
    section = OptimizerSection(learning_rate=RATE, **values)
    generator = np.random.default_rng(0)
    start = generator.normal(size=(4, 3))
    gradients = [generator.normal(size=(4, 3)) for _ in range(NUM_STEPS)]
    parameter = nn.Parameter(torch.tensor(start, dtype=torch.float32))
    optimizer = make_optimizer(section, [parameter])
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient, dtype=torch.float32)
        optimizer.step()
    expected = formula(start, gradients, section)
    np.testing.assert_allclose(parameter.detach().numpy(), expected, rtol=1e-5, atol=1e-6)


def test_decay_of_adamw_does_not_pass_through_the_moments() -> None:
    ends = {}
    for name in ("adam", "adamw"):
        parameter = nn.Parameter(torch.full((1,), 2.0))
        section = OptimizerSection(name=name, learning_rate=RATE, weight_decay=0.1)
        optimizer = make_optimizer(section, [parameter])
        parameter.grad = torch.zeros(1)
        optimizer.step()
        ends[name] = parameter.item()
    # Without a gradient adam's decay is normalised to a whole step, adamw's stays a share.
    assert ends["adam"] == pytest.approx(2 - RATE, rel=1e-5)
    assert ends["adamw"] == pytest.approx(2 * (1 - RATE * 0.1), rel=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "rmsprop", "adagrad"])
def test_only_trainable_parameters_are_taken(name: str) -> None:
    model = nn.Linear(3, 2)
    model.bias.requires_grad_(False)
    optimizer = make_optimizer(OptimizerSection(name=name), model.parameters())
    assert [p is model.weight for group in optimizer.param_groups for p in group["params"]] == [
        True
    ]


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "adagrad"])
def test_single_kernel_is_used_where_torch_has_one(name: str) -> None:
    optimizer = make_optimizer(OptimizerSection(name=name), nn.Linear(3, 2).parameters())
    assert optimizer.defaults["fused"] is True


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "rmsprop", "adagrad"])
def test_rate_is_the_sections(name: str) -> None:
    section = OptimizerSection(name=name, learning_rate=0.123)
    (group,) = make_optimizer(section, nn.Linear(3, 2).parameters()).param_groups
    assert group["lr"] == 0.123
