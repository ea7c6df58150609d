"""Choosing the device and precision, and pinning what would make two runs differ."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import torch

from thumbnet.errors import DeviceError
from thumbnet.training.memory import keep_freed_memory

DEVICES = ("auto", "cuda", "mps", "cpu")


def choose_device(name: str = "auto") -> torch.device:
    """Return the device to train on: ``auto`` takes cuda, then mps, then cpu.

    Args:
        name: ``auto``, ``cpu``, ``mps``, ``cuda`` or ``cuda:N``.

    Raises:
        DeviceError: unknown, or not on this machine.
    """
    present = available_devices()
    if name == "auto":
        return torch.device(present[0])
    if name in present:
        return torch.device(name)
    kind, _, index = name.partition(":")
    if kind == "cuda" and "cuda" in present and index.isdecimal():
        if int(index) < torch.cuda.device_count():
            return torch.device(name)
        raise DeviceError(
            f"there is no device '{name}'",
            expected=f"an index below {torch.cuda.device_count()}",
        )
    known = kind in DEVICES
    raise DeviceError(
        f"device '{name}' is not on this machine" if known else f"there is no device '{name}'",
        expected=f"one of: auto, {', '.join(present)}",
    )


def available_devices() -> list[str]:
    """Return the kinds of device on this machine, fastest first, ``cpu`` always last."""
    devices = []
    if torch.cuda.is_available():
        devices.append("cuda")
    if torch.backends.mps.is_available():
        devices.append("mps")
    return [*devices, "cpu"]


def has_bf16_hardware(device: torch.device) -> bool:
    """Return whether the hardware multiplies bfloat16 itself (AVX-512 BF16, AMX, Ampere, M2).

    On a CPU that does not yet say that it is any faster: see ``precision.bf16_is_faster``.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "mps":
        return bool(torch.backends.mps.is_macos_or_newer(14, 0))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def autocast(device: torch.device, bf16: bool) -> torch.autocast:
    """Return the context in which the forward pass runs."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16)


@contextlib.contextmanager
def pinned(threads: int | None = None) -> Iterator[None]:
    """Make torch deterministic, with a fixed number of CPU threads, for the time of the context.

    The number of threads is part of the result: it decides the order in which sums are made.
    """
    deterministic: Any = torch.utils.deterministic
    # cuBLAS reads this when it starts; without it deterministic mode refuses to multiply.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = (
        torch.get_deterministic_debug_mode(),
        torch.get_num_threads(),
        torch.backends.cudnn.benchmark,
        torch.get_rng_state(),
        deterministic.fill_uninitialized_memory,
    )
    keep_freed_memory()
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    # Writing NaN into every new tensor would find a read of unwritten memory, at one more pass.
    deterministic.fill_uninitialized_memory = False
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before[0])
        torch.set_num_threads(before[1])
        torch.backends.cudnn.benchmark = before[2]
        torch.set_rng_state(before[3])
        deterministic.fill_uninitialized_memory = before[4]
