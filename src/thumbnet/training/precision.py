"""Which precision to train in: what the recipe says, or what is faster on this machine."""

from __future__ import annotations

from functools import cache

import torch

from thumbnet.training.ceilings import measure_convolution
from thumbnet.training.device import has_bf16_hardware

LEAST_SPEEDUP = 1.2
_BATCH_SIZE, _MIN_TIME_S = 16, 0.01


def use_bf16(precision: str, device: torch.device) -> bool:
    """Return whether ``precision`` (``auto``, ``fp32``, ``bf16``) means bf16 autocast here."""
    return precision == "bf16" or (precision == "auto" and bf16_is_faster(device))


@cache
def bf16_is_faster(device: torch.device) -> bool:
    """Return whether bf16 trains faster than fp32 on ``device``, measured on a CPU in 0.1 s.

    Measured, because the instructions alone do not tell: of two processors with AVX-512 BF16, one
    convolved 1.9 times as fast in bf16 as in fp32 (AMD EPYC, Zen 4), the other half as fast (an
    Intel Xeon whose matrix unit was not to be had).
    """
    if not has_bf16_hardware(device):
        return False
    if device.type != "cpu":
        return True
    fp32, bf16 = (
        measure_convolution(device, dtype, _BATCH_SIZE, _MIN_TIME_S)
        for dtype in (torch.float32, torch.bfloat16)
    )
    return bf16 > LEAST_SPEEDUP * fp32
