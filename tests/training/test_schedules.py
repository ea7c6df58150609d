from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thumbnet.training.recipe import ScheduleSection
from thumbnet.training.schedules import learning_rate_factor

NAMES = ["constant", "step", "linear", "cosine", "one-cycle"]


def _factors(num_steps: int, steps_per_epoch: int = 1, **values: Any) -> list[float]:
    section = ScheduleSection(**values)
    return [learning_rate_factor(section, s, num_steps, steps_per_epoch) for s in range(num_steps)]


def _optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


def _rates(scheduler: torch.optim.lr_scheduler.LRScheduler, num_steps: int) -> list[float]:
    rates = []
    for _ in range(num_steps):
        rates.append(scheduler.get_last_lr()[0])
        scheduler.optimizer.step()
        scheduler.step()
    return rates


def test_constant_is_one() -> None:
    assert _factors(7, name="constant") == [1.0] * 7


@pytest.mark.parametrize("steps_per_epoch", [1, 3])
def test_step_equals_torchs_steplr(steps_per_epoch: int) -> None:
    ours = _factors(30, steps_per_epoch, name="step", step_epochs=4, step_factor=0.3)
    torchs = torch.optim.lr_scheduler.StepLR(_optimizer(), 4 * steps_per_epoch, 0.3)
    assert ours == pytest.approx(_rates(torchs, 30), rel=1e-12)


@pytest.mark.parametrize("final", [0.0, 0.1])
def test_cosine_equals_torchs_annealing(final: float) -> None:
    torchs = torch.optim.lr_scheduler.CosineAnnealingLR(_optimizer(), 40, eta_min=final)
    ours = _factors(40, name="cosine", final=final)
    assert ours == pytest.approx(_rates(torchs, 40), rel=1e-9)


@pytest.mark.parametrize(("warmup", "final"), [(0.0, 0.0), (0.1, 0.01)])
def test_one_cycle_equals_its_definition(warmup: float, final: float) -> None:
    num_steps, rise = 101, (warmup or 0.3) * 101
    ours = _factors(num_steps, name="one-cycle", warmup=warmup, final=final)
    for step, factor in enumerate(ours):
        if step < rise:
            share = step / rise
            expected = 1 - (1 - 1 / 25) * (1 + math.cos(math.pi * share)) / 2
        else:
            share = (step - rise) / (num_steps - 1 - rise)
            expected = final + (1 - final) * (1 + math.cos(math.pi * share)) / 2
        assert factor == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert ours[0] == pytest.approx(1 / 25)
    assert ours[-1] == pytest.approx(final, abs=1e-12)


def test_one_cycle_is_near_torchs_whose_peak_is_one_step_earlier() -> None:
    num_steps = 2000
    torchs = torch.optim.lr_scheduler.OneCycleLR(
        _optimizer(),
        1.0,
        total_steps=num_steps,
        div_factor=25,
        final_div_factor=1e9,
        cycle_momentum=False,
    )
    ours = _factors(num_steps, name="one-cycle")
    assert ours == pytest.approx(_rates(torchs, num_steps), abs=2e-3)


@pytest.mark.parametrize("name", ["constant", "step", "cosine"])
def test_warmup_rises_in_a_straight_line_and_then_the_schedule_goes_on(name: str) -> None:
    factors = _factors(100, 10, name=name, warmup=0.1, step_epochs=3)
    assert factors[:10] == pytest.approx([(step + 1) / 11 for step in range(10)])
    assert factors[10] == 1.0
    if name == "cosine":
        shares = [(step - 10) / 90 for step in range(10, 100)]
        expected = [(1 + math.cos(math.pi * share)) / 2 for share in shares]
        assert factors[10:] == pytest.approx(expected)


@given(
    st.sampled_from(NAMES),
    st.integers(1, 200),
    st.integers(1, 20),
    st.floats(0, 0.99),
    st.floats(0, 1),
)
def test_factor_is_never_negative_nor_above_the_peak(
    name: str, num_steps: int, steps_per_epoch: int, warmup: float, final: float
) -> None:
    factors = _factors(num_steps, steps_per_epoch, name=name, warmup=warmup, final=final)
    assert all(0 <= factor <= 1 + 1e-12 for factor in factors)
    if name == "constant" or (name == "step" and num_steps <= 10 * steps_per_epoch):
        assert factors == sorted(factors)


@given(
    st.sampled_from(["constant", "linear", "cosine", "one-cycle"]),
    st.floats(0.1, 0.9),
    st.floats(0, 1),
)
def test_factor_never_jumps(name: str, warmup: float, final: float) -> None:
    factors = _factors(200, name=name, warmup=warmup, final=final)
    changes = [abs(after - before) for before, after in itertools.pairwise(factors)]
    # Half a cosine over the shortest part, a tenth of 200 steps, is steepest in its middle.
    assert max(changes) <= math.pi / 2 / 19 + 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_run_of_one_step_has_a_rate(name: str) -> None:
    (factor,) = _factors(1, name=name)
    assert 0 < factor <= 1


def test_linear_falls_from_the_end_of_the_warm_up_to_its_final_multiple() -> None:
    factors = _factors(100, name="linear", warmup=0.2, final=0.1)

    assert factors[20] == pytest.approx(1.0)
    assert factors[60] == pytest.approx(0.55)
    assert factors[99] == pytest.approx(0.1 + 0.9 / 80)
