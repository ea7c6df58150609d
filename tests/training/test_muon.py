"""Muon against a singular value decomposition and against torch's SGD."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from thumbnet.training.muon import Muon, orthogonalise
from thumbnet.training.optimisers import make_optimizer
from thumbnet.training.recipe import OptimizerSection


def _gradients(parameters: list[nn.Parameter], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in parameters:
        parameter.grad = torch.randn(parameter.shape, generator=generator)


@pytest.mark.parametrize("shape", [(16, 144), (144, 16), (8, 8)])
def test_orthogonalise_keeps_the_singular_vectors_and_moves_the_values_near_1(
    shape: tuple[int, int],
) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    expected = values / values.norm()
    for _ in range(3):
        expected = 3.4445 * expected - 4.775 * expected**3 + 2.0315 * expected**5

    result = orthogonalise(matrix)

    assert torch.allclose(result, left @ torch.diag(expected) @ right, atol=1e-6)
    if shape != (8, 8):  # a square matrix has values that three iterations do not lift
        assert expected.min() > 0.6
        assert expected.max() < 1.25


def test_filters_turn_by_the_learning_rate_from_their_fixed_norm() -> None:
    weight = nn.Parameter(torch.randn(8, 3, 3, 3, generator=torch.Generator().manual_seed(1)))
    before = weight.detach().clone()
    optimizer = Muon([weight], [], [], 0.1, 0.6, 0.1, 0.1, 0.9)
    _gradients([weight], 2)
    gradient = weight.grad
    assert gradient is not None
    # The first velocity is 0.4 g, so the Nesterov direction is 0.4 g + 0.6 · 0.4 g ∝ g.
    step = orthogonalise(gradient.reshape(8, 27)).reshape(8, 3, 3, 3)

    optimizer.step()

    expected = before * (8**0.5 / before.norm()) - 0.1 * step
    assert torch.allclose(weight, expected, atol=1e-5)


def test_other_parameters_move_as_with_nesterov_sgd() -> None:
    ours = [nn.Parameter(torch.ones(5, 3)), nn.Parameter(torch.ones(5))]
    theirs = [nn.Parameter(torch.ones(5, 3)), nn.Parameter(torch.ones(5))]
    muon = Muon([], ours[:1], ours[1:], 0.24, 0.6, 0.2, 0.4, 0.9, weight_decay=0.002)
    groups = [
        {"params": theirs[:1], "lr": 0.2, "weight_decay": 0.01},
        {"params": theirs[1:], "lr": 0.4, "weight_decay": 0.005},
    ]
    sgd = torch.optim.SGD(groups, momentum=0.9, nesterov=True)
    for seed in range(4):
        _gradients(ours, seed)
        _gradients(theirs, seed)
        muon.step()
        sgd.step()

    for mine, yours in zip(ours, theirs, strict=True):
        assert torch.allclose(mine, yours, atol=1e-6)


def test_recipe_gives_filters_and_the_rest_their_own_rates() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4, 2))
    section = OptimizerSection(
        name="muon",
        learning_rate=0.24,
        momentum=0.6,
        other_learning_rate=0.06,
        other_momentum=0.8,
        bias_learning_rate=12.0,
    )

    optimizer = make_optimizer(section, model.parameters())

    filters, others, biases = optimizer.param_groups
    assert [p.ndim for p in filters["params"]] == [4]
    assert [p.ndim for p in biases["params"]] == [1, 1]
    assert (biases["lr"], biases["momentum"]) == (12.0, 0.8)
    assert (filters["lr"], filters["momentum"], filters["rate_factor"]) == (0.24, 0.6, 1.0)
    assert (others["lr"], others["momentum"]) == (0.06, 0.8)
    assert others["rate_factor"] == pytest.approx(0.25)


def test_directions_in_bf16_are_nearly_those_of_fp32_and_weights_stay_fp32() -> None:
    start = torch.randn(16, 8, 3, 3, generator=torch.Generator().manual_seed(1))
    weights = [nn.Parameter(start.clone()) for _ in range(2)]
    for weight, bf16 in zip(weights, (False, True), strict=True):
        optimizer = Muon([weight], [], [], 0.1, 0.6, 0.1, 0.1, 0.9, bf16=bf16)
        for seed in range(3):
            _gradients([weight], seed)
            optimizer.step()
        assert optimizer.state[weight]["velocity"].dtype == torch.float32

    exact, rounded = (weight.detach().flatten() for weight in weights)
    assert rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    torch.testing.assert_close(rounded, exact, rtol=0, atol=0.01)


def test_biases_have_the_others_rate_unless_the_recipe_says_more() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4, 2))
    section = OptimizerSection(name="muon", other_learning_rate=0.06)

    assert make_optimizer(section, model.parameters()).param_groups[2]["lr"] == 0.06


def test_restored_state_continues_to_the_same_bits() -> None:
    def fresh() -> tuple[list[nn.Parameter], Muon]:
        generator = torch.Generator().manual_seed(3)
        filters = nn.Parameter(torch.randn(4, 2, 3, 3, generator=generator))
        bias = nn.Parameter(torch.randn(4, generator=generator))
        return [filters, bias], Muon([filters], [], [bias], 0.1, 0.6, 0.1, 0.1, 0.9)

    whole, optimizer = fresh()
    for seed in range(4):
        _gradients(whole, seed)
        optimizer.step()
    first, before = fresh()
    for seed in range(2):
        _gradients(first, seed)
        before.step()
    second, after = fresh()
    for target, source in zip(second, first, strict=True):
        target.data.copy_(source.data)
    after.load_state_dict(before.state_dict())
    for seed in range(2, 4):
        _gradients(second, seed)
        after.step()

    assert all(torch.equal(a, b) for a, b in zip(whole, second, strict=True))
