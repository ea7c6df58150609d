"""Looking at the installation and the machine: versions, devices, the cache, the bundled files."""

from __future__ import annotations

import importlib.util
import os
import platform
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from thumbnet.errors import ThumbnetError
from thumbnet.inspection.doctor.findings import Finding, ordered
from thumbnet.paths import cache_folder, is_offline
from thumbnet.version import __version__

LIBRARIES = ("numpy", "onnxruntime", "pillow", "scipy", "torch", "torchvision", "safetensors")


def inspect_machine() -> tuple[dict[str, Any], list[Finding]]:
    """Return facts of the installation and the machine, and what is wrong with them."""
    findings = [*_cache_findings(), *_model_findings()]
    has_torch = importlib.util.find_spec("torch") is not None
    if has_torch:
        findings += _data_findings()
    else:
        findings.append(Finding("torch-missing", "thumbnet"))
    facts = {
        "thumbnet": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "libraries": {name: version_of(name) for name in LIBRARIES},
        "cores": os.cpu_count(),
        **(_torch_facts() if has_torch else {"devices": [], "threads": None}),
        "cache": str(cache_folder()),
        "offline": is_offline(),
        "bundled_model": "damaged" if _has(findings, "bundled-model-damaged") else "intact",
        "bundled_data": (
            ("damaged" if _has(findings, "bundled-data-damaged") else "intact")
            if has_torch
            else "not checked"
        ),
    }
    return facts, ordered(findings)


def version_of(name: str) -> str | None:
    """Return a library's version, or None if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _has(findings: list[Finding], code: str) -> bool:
    return any(finding.code == code for finding in findings)


def _torch_facts() -> dict[str, Any]:
    import torch

    devices = ["cuda"] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        devices.append("mps")
    return {"devices": [*devices, "cpu"], "threads": torch.get_num_threads()}


def _cache_findings() -> list[Finding]:
    folder = cache_folder()
    # The folder need not exist yet; then the nearest one above it must allow to make it.
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        return [Finding("cache-not-writable", str(folder), details={"reason": reason})]
    return []


def _model_findings() -> list[Finding]:
    from thumbnet.inference import Recogniser
    from thumbnet.inference.locate import bundled_model
    from thumbnet.inference.model_file import read_sealed

    try:
        Recogniser.load("digits")
        read_sealed(bundled_model("rows"))
    except ThumbnetError as error:
        return [_damaged("bundled-model-damaged", error)]
    return []


def _data_findings() -> list[Finding]:
    from thumbnet.datasets.mnist import load_mnist

    try:
        for split in ("train", "test"):
            load_mnist(split)
    except ThumbnetError as error:
        return [_damaged("bundled-data-damaged", error)]
    return []


def _damaged(code: str, error: ThumbnetError) -> Finding:
    place = Path(str(error.got)).name if error.got else "thumbnet"
    return Finding(code, place, details={"reason": error.what})
