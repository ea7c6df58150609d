"""What a result can be checked with: the machine, the versions and the code that made it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from thumbnet.errors import ModelError
from thumbnet.version import __version__

LIBRARIES = ("torch", "torchvision", "numpy", "pillow", "safetensors")


def describe_environment(device: torch.device) -> dict[str, Any]:
    """Return code version, library versions and hardware, for a receipt."""
    return {
        "code": {"version": __version__, "source_sha256": source_hash()},
        "libraries": {
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in LIBRARIES},
        },
        "hardware": {
            "system": f"{platform.system()} {platform.machine()}",
            "processor": processor_name(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "memory_gib": memory_gib(),
            "device": device_name(device),
        },
    }


def read_receipt(path: Path) -> dict[str, Any]:
    """Return a receipt as it was written.

    Raises:
        ModelError: the file is damaged.
    """
    try:
        receipt = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(
            f"the receipt is damaged: {error}", got=path, fix="restore it from a backup"
        ) from None
    if not isinstance(receipt, dict) or not {"results", "test_openings"} <= receipt.keys():
        raise ModelError("the receipt is damaged", got=path, fix="restore it from a backup")
    return receipt


def now() -> str:
    """Return the present time, ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@cache
def source_hash() -> str:
    """Return a SHA-256 (hex) over the package's Python files and recipes, sorted by name."""
    folder = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.toml")]):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def processor_name() -> str:
    """Return the CPU's name as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def memory_gib() -> float | None:
    """Return the machine's memory in GiB, or None where the system does not tell."""
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def device_name(device: torch.device) -> str:
    """Return e.g. ``cpu`` or ``cuda (NVIDIA H100)``."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return device.type
