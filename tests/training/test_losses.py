from __future__ import annotations

import math

import pytest
import torch

from thumbnet.training.losses import make_loss
from thumbnet.training.recipe import LossSection

LOGITS = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)) * 3
LABELS = torch.tensor([0, 3, 1, 2, 2, 0])


def _slow_cross_entropy(smoothing: float) -> float:
    losses = []
    for row, label in zip(LOGITS.tolist(), LABELS.tolist(), strict=True):
        log_total = math.log(sum(math.exp(value) for value in row))
        for index, value in enumerate(row):
            target = smoothing / len(row) + (1 - smoothing) * (index == label)
            losses.append(target * (log_total - value))
    return sum(losses) / len(LOGITS)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_cross_entropy_equals_a_slow_loop(smoothing: float) -> None:
    loss = make_loss(LossSection(label_smoothing=smoothing))(LOGITS, LABELS)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(_slow_cross_entropy(smoothing), rel=1e-5)


def test_mean_squared_error_equals_a_slow_loop() -> None:
    loss = make_loss(LossSection(name="mse"))(LOGITS, LABELS)
    squares = [
        (1 / (1 + math.exp(-value)) - (index == label)) ** 2
        for row, label in zip(LOGITS.tolist(), LABELS.tolist(), strict=True)
        for index, value in enumerate(row)
    ]
    assert loss.item() == pytest.approx(sum(squares) / len(squares), rel=1e-5)


@pytest.mark.parametrize("name", ["cross-entropy", "mse"])
def test_loss_has_a_gradient_that_raises_the_right_logit(name: str) -> None:
    logits = LOGITS.clone().requires_grad_()
    make_loss(LossSection(name=name))(logits, LABELS).backward()
    assert logits.grad is not None
    assert (logits.grad[torch.arange(6), LABELS] < 0).all()


def test_logits_too_large_for_exp_stay_finite() -> None:
    logits = torch.tensor([[1000.0, -1000.0]])
    for name in ("cross-entropy", "mse"):
        assert torch.isfinite(make_loss(LossSection(name=name))(logits, torch.tensor([0])))
