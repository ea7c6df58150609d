"""What a machine can do at best, how busy it is, and how much multiplying a training needs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from thumbnet.training.device import has_bf16_hardware

MIN_REPETITIONS = 3
IN_CHANNELS, OUT_CHANNELS, IMAGE_SIZE_PX = 64, 128, 16


@dataclass(frozen=True)
class Ceilings:
    """The best speeds that were measured, in 10⁹ floating-point operations per second.

    Attributes:
        gemm_fp32_gflop_per_s: product of two square matrices.
        gemm_bf16_gflop_per_s: the same in bfloat16; None where the device has none.
        convolution_fp32_gflop_per_s: 3×3 convolution, 64 → 128 channels of 16×16,
            ``channels_last``, forward and backward.
        convolution_bf16_gflop_per_s: the same in bfloat16; None where the device has none.
    """

    gemm_fp32_gflop_per_s: float
    gemm_bf16_gflop_per_s: float | None
    convolution_fp32_gflop_per_s: float
    convolution_bf16_gflop_per_s: float | None

    def gemm_gflop_per_s(self, bf16: bool) -> float | None:
        """Return the matrix product's speed in one of the two precisions."""
        return self.gemm_bf16_gflop_per_s if bf16 else self.gemm_fp32_gflop_per_s


def measure_ceilings(
    device: torch.device, *, size: int = 2048, batch_size: int = 256, min_time_s: float = 0.3
) -> Ceilings:
    """Measure matrix product and convolution, with the number of threads that torch now has.

    Each is warmed up once and then repeated; the fastest repetition counts, because whatever else
    the machine does can only slow it down.

    Args:
        device: where to multiply.
        size: rows and columns of the matrices: 2·size³ operations.
        batch_size: images of the convolution.
        min_time_s: repeat for as long as this in each of the four measurements, and three times.
    """
    has_bf16 = device.type == "cpu" or has_bf16_hardware(device)

    def gemm(dtype: torch.dtype) -> float:
        return _measure_gemm(device, dtype, size, min_time_s)

    def convolution(dtype: torch.dtype) -> float:
        return measure_convolution(device, dtype, batch_size, min_time_s)

    return Ceilings(
        gemm_fp32_gflop_per_s=gemm(torch.float32),
        gemm_bf16_gflop_per_s=gemm(torch.bfloat16) if has_bf16 else None,
        convolution_fp32_gflop_per_s=convolution(torch.float32),
        convolution_bf16_gflop_per_s=convolution(torch.bfloat16) if has_bf16 else None,
    )


def training_flops_per_image(model: nn.Module, input_shape: tuple[int, int, int]) -> int:
    """Return the operations that training on one image needs at least.

    Training FLOPs ≈ 6 × forward multiply-adds of all ``Conv2d`` and ``Linear`` layers: two each
    for the output, the gradient of the weights and the gradient of the input. The first layer needs
    no gradient of its input but is counted as 6 all the same. A layer whose weights are frozen
    counts as 2. Everything else (normalisation, pooling, augmentation, the optimiser) is not
    counted.

    Args:
        model: is called once with a zero image, in evaluation mode, and left as it was.
        input_shape: ``(channels, height, width)``.
    """
    num_flops = 0

    def count(layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal num_flops
        assert isinstance(layer, (nn.Conv2d, nn.Linear))
        # Each output is a sum over one filter, or over one row of the matrix.
        multiply_adds = output.numel() * layer.weight[0].numel()
        num_flops += (6 if layer.weight.requires_grad else 2) * multiply_adds

    layers = [layer for layer in model.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    modes = [(module, module.training) for module in model.modules()]
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, *input_shape, device=next(model.parameters()).device))
    finally:
        for hook in hooks:
            hook.remove()
        for module, was_training in modes:
            module.training = was_training
    return num_flops


def synchronise(device: torch.device) -> None:
    """Wait until the device has done everything that was asked of it."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def num_physical_cores() -> int | None:
    """Return how many cores this process may use, siblings counted once; None if unknown."""
    try:
        folders = [
            Path(f"/sys/devices/system/cpu/cpu{index}/topology")
            for index in os.sched_getaffinity(0)
        ]
        return len({(folder / "thread_siblings_list").read_text() for folder in folders})
    except (AttributeError, OSError):
        return None


def other_programs_cpu_s() -> float | None:
    """Return the CPU time that all but this process have used, on all cores; None if unknown."""
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
        ticks = [int(value) for value in first.split()[1:9]]
        idle, waiting_for_disk = ticks[3:5]
        busy_s = (sum(ticks) - idle - waiting_for_disk) / os.sysconf("SC_CLK_TCK")
    except (AttributeError, OSError):
        return None
    own = os.times()
    return busy_s - own.user - own.system


def _measure_gemm(device: torch.device, dtype: torch.dtype, size: int, min_time_s: float) -> float:
    # Not zeros or ones: a GPU may clock higher where few bits change.
    generator = torch.Generator(device).manual_seed(0)
    left = torch.rand(size, size, generator=generator, device=device).to(dtype)
    right = torch.rand(size, size, generator=generator, device=device).to(dtype)
    product = torch.empty_like(left)
    best_s = _best_time_s(lambda: torch.mm(left, right, out=product), device, min_time_s)
    return 2 * float(size) ** 3 / best_s / 1e9


def measure_convolution(
    device: torch.device, dtype: torch.dtype, batch_size: int, min_time_s: float
) -> float:
    """Return the speed of the convolution of ``Ceilings``, in 10⁹ operations per second."""
    generator = torch.Generator(device).manual_seed(0)

    def random(*shape: int) -> Tensor:
        values = torch.rand(shape, generator=generator, device=device).to(dtype)
        return values.contiguous(memory_format=torch.channels_last).requires_grad_()

    images = random(batch_size, IN_CHANNELS, IMAGE_SIZE_PX, IMAGE_SIZE_PX)
    filters = random(OUT_CHANNELS, IN_CHANNELS, 3, 3)

    def work() -> None:
        output = functional.conv2d(images, filters, padding=1)
        torch.autograd.grad(output, [images, filters], torch.ones_like(output))

    forward = 2 * batch_size * OUT_CHANNELS * IMAGE_SIZE_PX**2 * filters[0].numel()
    return 3 * forward / _best_time_s(work, device, min_time_s) / 1e9


def _best_time_s(work: Callable[[], object], device: torch.device, min_time_s: float) -> float:
    work()
    synchronise(device)
    times: list[float] = []
    while len(times) < MIN_REPETITIONS or sum(times) < min_time_s:
        start = time.perf_counter()
        work()
        synchronise(device)
        times.append(time.perf_counter() - start)
    return min(times)
