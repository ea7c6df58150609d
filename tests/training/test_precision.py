"""Which precision ``auto`` means: measured on a CPU, known on a GPU."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from thumbnet.models import build_model
from thumbnet.training import precision as module
from thumbnet.training.device import autocast
from thumbnet.training.precision import bf16_is_faster, use_bf16

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _forget_measurements() -> None:
    bf16_is_faster.cache_clear()


def _pretend(
    monkeypatch: pytest.MonkeyPatch, hardware: bool, speeds: dict[torch.dtype, float]
) -> None:
    monkeypatch.setattr(module, "has_bf16_hardware", lambda _: hardware)
    monkeypatch.setattr(module, "measure_convolution", lambda _, dtype, *__: speeds[dtype])


@pytest.mark.parametrize(
    ("hardware", "bf16_speed", "faster"),
    [(True, 190.0, True), (True, 110.0, False), (True, 50.0, False), (False, 190.0, False)],
)
def test_auto_takes_bf16_on_a_cpu_only_where_it_convolves_clearly_faster(
    monkeypatch: pytest.MonkeyPatch, hardware: bool, bf16_speed: float, faster: bool
) -> None:
    _pretend(monkeypatch, hardware, {torch.float32: 100.0, torch.bfloat16: bf16_speed})
    assert use_bf16("auto", CPU) is faster
    assert use_bf16("bf16", CPU) is True
    assert use_bf16("fp32", CPU) is False


def test_auto_measures_nothing_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, True, {})
    assert use_bf16("auto", torch.device("cuda")) is True


def test_auto_measures_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, True, {torch.float32: 1.0, torch.bfloat16: 2.0})
    assert use_bf16("auto", CPU) is True
    _pretend(monkeypatch, True, {})
    assert use_bf16("auto", CPU) is True


def test_this_machine_can_be_measured() -> None:
    assert bf16_is_faster(CPU) in (False, True)


@pytest.mark.parametrize("seed", range(3))
def test_bf16_has_the_loss_and_the_gradient_of_fp32(seed: int) -> None:
    torch.manual_seed(seed)
    model = build_model(
        "whitened-cnn", (3, 32, 32), 10, widths=[16, 32, 32], norm_scale=False, identity_start=True
    ).to(memory_format=torch.channels_last)
    images = torch.randn(64, 3, 32, 32).to(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (64,))

    def loss_and_gradients(bf16: bool) -> tuple[float, list[torch.Tensor]]:
        with autocast(CPU, bf16):
            logits = model(images)
        loss = functional.cross_entropy(logits.float(), labels)
        weights = [layer.weight for layer in model if isinstance(layer, (nn.Conv2d, nn.Linear))]
        gradients = torch.autograd.grad(loss, [w for w in weights if w.requires_grad])
        return loss.item(), list(gradients)

    loss, gradients = loss_and_gradients(False)
    loss_bf16, gradients_bf16 = loss_and_gradients(True)
    assert loss_bf16 == pytest.approx(loss, rel=0.01)
    for ours, exact in zip(gradients_bf16, gradients, strict=True):
        similarity = functional.cosine_similarity(ours.flatten(), exact.flatten(), dim=0)
        assert similarity > 0.95
