"""MNIST, bundled with the package: 60,000 + 10,000 handwritten digits, 28×28, grey.

LeCun, Cortes and Burges, "The MNIST database of handwritten digits", 1998. The four IDX files are
the official ones, gzip-compressed; their SHA-256 is verified at every load.
"""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor

from thumbnet.datasets.image_set import ImageSet
from thumbnet.errors import DataError

BUNDLED_FOLDER = Path(__file__).parent / "bundled"
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
CLASS_NAMES = tuple("0123456789")
_PREFIX = {"train": "train", "test": "t10k"}


def load_mnist(split: str, folder: Path = BUNDLED_FOLDER) -> ImageSet:
    """Load the ``"train"`` (60,000) or ``"test"`` (10,000) images from the bundled files.

    Raises:
        DataError: a file is missing, or its content is not the official one.
    """
    prefix = _PREFIX[split]
    images = _read(folder, f"{prefix}-images-idx3-ubyte")
    labels = _read(folder, f"{prefix}-labels-idx1-ubyte")
    return ImageSet(f"mnist {split}", images[:, None], labels.long(), CLASS_NAMES)


def parse_idx(data: bytes) -> Tensor:
    """Decode an IDX file of unsigned bytes into a uint8 tensor of the shape that its header gives.

    Raises:
        DataError: the header is not that of a uint8 IDX file, or the length does not fit it.
    """
    if len(data) < 4 or data[:3] != b"\x00\x00\x08" or len(data) < 4 + 4 * data[3]:
        raise DataError("not an IDX file of unsigned bytes", got=f"header {data[:4].hex(' ')}")
    num_axes = data[3]
    shape = struct.unpack_from(f">{num_axes}I", data, 4)
    offset = 4 + 4 * num_axes
    count = 1
    for size in shape:
        count *= size
    if len(data) - offset != count:
        raise DataError(
            "an IDX file is cut off or too long",
            got=f"{len(data) - offset} bytes of data",
            expected=f"{count} for shape {shape}",
        )
    if count == 0:
        return torch.empty(shape, dtype=torch.uint8)  # frombuffer refuses to read nothing.
    return torch.frombuffer(bytearray(data), dtype=torch.uint8, offset=offset).reshape(shape)


def _read(folder: Path, name: str) -> Tensor:
    path = folder / f"{name}.gz"
    fix = "reinstall the package: pip install --force-reinstall thumbnet"
    try:
        data = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise DataError("a bundled MNIST file is missing", got=path, fix=fix) from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"a bundled MNIST file is damaged ({error})", got=path, fix=fix) from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256[name]:
        raise DataError(
            "a bundled MNIST file is not the official one",
            got=f"{path}, SHA-256 {digest}",
            expected=SHA256[name],
            fix=fix,
        )
    return parse_idx(data)
