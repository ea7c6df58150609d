"""Files in the official formats, as small as the tests need them."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from thumbnet.datasets import catalog
from thumbnet.datasets.catalog import CATALOG, DatasetInfo

GENERATOR = np.random.default_rng(0)


def isolate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the machine's data and the network; the working folder becomes ``cwd``."""
    monkeypatch.setenv("THUMBNET_OFFLINE", "1")
    monkeypatch.setenv("THUMBNET_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("THUMBNET_DATA", raising=False)
    monkeypatch.setattr(catalog, "SYSTEM_FOLDERS", {})
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")


def shrink(
    monkeypatch: pytest.MonkeyPatch, name: str, count: int, *packed: Path, split: str = "train"
) -> DatasetInfo:
    """Make the entry ``name`` describe ``count`` images and the files written at ``packed``."""
    files = CATALOG[name].files[split]
    if packed:
        files = tuple(
            dataclasses.replace(file, checksum=f"md5:{hashlib.md5(path.read_bytes()).hexdigest()}")
            for file, path in zip(files, packed, strict=True)
        )
    info = dataclasses.replace(CATALOG[name], num_train=count, num_test=count, files={split: files})
    monkeypatch.setattr(catalog, "CATALOG", {**CATALOG, name: info})
    return info


def idx(array: np.ndarray, code: int = 8) -> bytes:
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + array.astype(">i4" if code == 12 else np.uint8).tobytes()


def grey(count: int, size_px: int = 28) -> np.ndarray:
    return GENERATOR.integers(0, 256, (count, size_px, size_px), dtype=np.uint8)


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def write_fashion(raw: Path, images: np.ndarray, labels: np.ndarray) -> list[Path]:
    """Write both training files, compressed, and return their paths."""
    return [
        write(raw / "train-images-idx3-ubyte.gz", gzip.compress(idx(images))),
        write(raw / "train-labels-idx1-ubyte.gz", gzip.compress(idx(labels))),
    ]
