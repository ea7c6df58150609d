from __future__ import annotations

import itertools
import math
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from thumbnet.models import build_model
from thumbnet.training import ceilings
from thumbnet.training.ceilings import (
    measure_ceilings,
    num_physical_cores,
    other_programs_cpu_s,
    training_flops_per_image,
)

CPU = torch.device("cpu")


def test_flops_of_a_small_cnn_are_those_counted_by_hand() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),  # 4·8·8 outputs of 3·9 products
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2),  # 8·4·4 outputs of 2·9 products
        nn.Flatten(),
        nn.Linear(128, 10),
    )
    multiply_adds = 4 * 64 * 27 + 8 * 16 * 18 + 128 * 10
    assert training_flops_per_image(model, (3, 8, 8)) == 6 * multiply_adds


def test_flops_of_the_mlp_are_six_for_each_weight() -> None:
    model = build_model("mlp", (1, 28, 28), 10, widths=[32, 16])
    assert training_flops_per_image(model, (1, 28, 28)) == 6 * (784 * 32 + 32 * 16 + 16 * 10)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("cnn", (1, 28, 28)), ("tutorial-resnet", (1, 28, 28))],
)
def test_flops_are_three_forward_passes_of_torchs_own_counter(
    name: str, shape: tuple[int, int, int]
) -> None:
    model = build_model(name, shape, 10).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *shape))
    assert training_flops_per_image(model, shape) == 3 * counter.get_total_flops()


def test_frozen_layer_counts_as_its_forward_pass_alone() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Linear(8, 4))
    model[1].requires_grad_(False)
    assert training_flops_per_image(model, (1, 4, 4)) == 2 * 16 * 8 + 6 * 8 * 4


def test_layer_with_frozen_weights_and_a_trained_bias_is_frozen() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3))
    model[0].weight.requires_grad_(False)
    assert training_flops_per_image(model, (1, 4, 4)) == 2 * 2 * 4 * 9 + 6 * 8 * 3


def test_counting_leaves_the_model_as_it_was() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.Flatten(), nn.Linear(8, 3)
    )
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    training_flops_per_image(model, (1, 4, 4))
    assert [module.training for module in model] == [True, False, True, True, True]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_ceilings_are_measured_in_both_precisions() -> None:
    found = asdict(measure_ceilings(CPU, size=16, batch_size=1, min_time_s=0))
    assert all(value > 0 and math.isfinite(value) for value in found.values())
    assert list(found) == [
        f"{work}_{precision}_gflop_per_s"
        for work in ("gemm", "convolution")
        for precision in ("fp32", "bf16")
    ]


def test_measuring_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    measure_ceilings(CPU, size=8, batch_size=1, min_time_s=0)
    assert torch.equal(torch.get_rng_state(), before)


def test_best_of_the_repetitions_is_the_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Repetitions of 4, 2 and 5 seconds; then the convolution's.
    ticks = itertools.chain([0.0, 4.0, 10.0, 12.0, 20.0, 25.0] * 4)
    monkeypatch.setattr(ceilings.time, "perf_counter", lambda: next(ticks))
    found = measure_ceilings(CPU, size=8, batch_size=3, min_time_s=0)
    assert found.gemm_fp32_gflop_per_s == pytest.approx(2 * 8**3 / 2 / 1e9)
    assert found.gemm_bf16_gflop_per_s == found.gemm_fp32_gflop_per_s
    forward = 2 * 3 * (128 * 16 * 16) * (64 * 9)
    assert found.convolution_fp32_gflop_per_s == pytest.approx(3 * forward / 2 / 1e9)
    assert found.gemm_gflop_per_s(bf16=False) == found.gemm_fp32_gflop_per_s


def test_measuring_goes_on_until_the_time_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, calls = itertools.count(), []
    monkeypatch.setattr(ceilings.time, "perf_counter", lambda: float(next(clock)))
    assert ceilings._best_time_s(lambda: calls.append(None), CPU, min_time_s=7) == 1.0
    assert len(calls) == 1 + 7  # one to warm up


def test_cores_are_at_least_one_and_at_most_the_processors() -> None:
    found = num_physical_cores()
    assert found is None or 1 <= found <= torch.multiprocessing.cpu_count()


def test_siblings_are_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    siblings = {"cpu0": "0,2", "cpu1": "1,3", "cpu2": "0,2", "cpu3": "1,3"}
    monkeypatch.setattr(ceilings.os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(Path, "read_text", lambda self: siblings[self.parts[-3]])
    assert num_physical_cores() == 2


def test_unknown_system_has_no_core_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(ceilings.os, "sched_getaffinity", raising=False)
    assert num_physical_cores() is None


def test_other_programs_time_is_busy_time_without_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    line = "cpu  100 20 30 9999 8888 4 5 6 70 0\ncpu0 1 2 3\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: line)
    monkeypatch.setattr(ceilings.os, "sysconf", lambda _: 10, raising=False)
    own = type("Times", (), {"user": 1.5, "system": 0.5})
    monkeypatch.setattr(ceilings.os, "times", lambda: own)
    assert other_programs_cpu_s() == pytest.approx(165 / 10 - 2.0)


def test_other_programs_time_is_unknown_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    assert other_programs_cpu_s() is None
