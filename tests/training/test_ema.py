from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from thumbnet.training.ema import WeightAverage


def _model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def _move(model: nn.Module, step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.add_(torch.rand(value.shape, generator=generator))
        else:
            value.add_(1)


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.9999])
def test_mean_equals_a_slow_loop(decay: float) -> None:
    model = _model()
    average = WeightAverage(model, decay)
    expected = {name: value.double() for name, value in model.state_dict().items()}
    for step in range(12):
        _move(model, step)
        average.update(model)
        kept = min(decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            expected[name] = kept * expected[name] + (1 - kept) * value.double()
    for name, value in average.mean.items():
        if value.is_floating_point():
            torch.testing.assert_close(value.double(), expected[name], rtol=1e-5, atol=1e-6)


def test_counters_are_copied_and_statistics_averaged() -> None:
    model = _model()
    average = WeightAverage(model, 0.9)
    _move(model, 0)
    average.update(model)
    assert average.mean["1.num_batches_tracked"] == 1
    assert not torch.equal(average.mean["1.running_mean"], model.state_dict()["1.running_mean"])


def test_mean_shares_no_memory_with_the_model() -> None:
    model = _model()
    before = copy.deepcopy(model.state_dict())
    average = WeightAverage(model, 0.9)
    _move(model, 0)
    assert all(torch.equal(value, before[name]) for name, value in average.mean.items())
    moved = copy.deepcopy(model.state_dict())
    average.update(model)
    assert all(torch.equal(value, moved[name]) for name, value in model.state_dict().items())


def test_restored_average_goes_on_exactly() -> None:
    model = _model()
    average = WeightAverage(model, 0.99)
    for step in range(3):
        _move(model, step)
        average.update(model)
    restored = WeightAverage(_model(), 0.99)
    restored.load_state_dict(copy.deepcopy(average.state_dict()))
    _move(model, 3)
    for one in (average, restored):
        one.update(model)
    assert restored.num_updates == average.num_updates == 4
    assert all(torch.equal(value, average.mean[name]) for name, value in restored.mean.items())
