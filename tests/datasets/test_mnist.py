"""The bundled MNIST against what is published of it."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.mnist import BUNDLED_FOLDER, load_mnist, parse_idx
from thumbnet.errors import DataError

OFFICIAL = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@pytest.fixture(scope="module")
def train() -> ImageSet:
    return load_mnist("train")


@pytest.fixture(scope="module")
def test() -> ImageSet:
    return load_mnist("test")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder with the two small files of the test split."""
    for kind in ("images-idx3", "labels-idx1"):
        shutil.copy(BUNDLED_FOLDER / f"t10k-{kind}-ubyte.gz", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_bundled_file_is_the_official_one(name: str) -> None:
    data = gzip.decompress((BUNDLED_FOLDER / f"{name}.gz").read_bytes())
    assert hashlib.sha256(data).hexdigest() == OFFICIAL[name]


def test_nothing_else_is_bundled() -> None:
    assert {path.name for path in BUNDLED_FOLDER.iterdir()} == {f"{name}.gz" for name in OFFICIAL}


def test_sizes_and_classes(train: ImageSet, test: ImageSet) -> None:
    assert train.images.shape == (60_000, 1, 28, 28)
    assert test.images.shape == (10_000, 1, 28, 28)
    assert train.class_names == test.class_names == tuple("0123456789")
    assert (train.name, test.name) == ("mnist train", "mnist test")


def test_class_counts_are_the_known_ones(train: ImageSet, test: ImageSet) -> None:
    assert train.class_counts() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert test.class_counts() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_first_labels_are_the_known_ones(train: ImageSet, test: ImageSet) -> None:
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_pixel_statistics_are_numpys(train: ImageSet) -> None:
    (mean,), (deviation,) = train.pixel_statistics()
    assert (mean, deviation) == pytest.approx((0.1306604762738429, 0.30810780385646264), rel=1e-12)
    pixels = train.images.numpy()
    assert mean == pytest.approx(pixels.mean(dtype=np.float64) / 255, rel=1e-12)
    # The variance from whole numbers, which are exact.
    squares = int((pixels.astype(np.uint32) ** 2).sum(dtype=np.int64))
    variance = squares / pixels.size - pixels.mean(dtype=np.float64) ** 2
    assert deviation == pytest.approx(variance**0.5 / 255, rel=1e-9)


def test_missing_file_says_how_to_get_it_back(copied: Path) -> None:
    (copied / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"missing(.|\n)*t10k-labels-idx1-ubyte\.gz\n  fix: reinst"):
        load_mnist("test", copied)


@pytest.mark.parametrize("damage", ["cut", "empty", "garbage", "changed"])
def test_damaged_file_is_a_data_error(copied: Path, damage: str) -> None:
    path = copied / "t10k-labels-idx1-ubyte.gz"
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(
        {
            "cut": data[:middle],
            "empty": b"",
            "garbage": b"not gzip at all",
            "changed": data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :],
        }[damage]
    )
    with pytest.raises(DataError, match=r"bundled MNIST file is (damaged|not the official)"):
        load_mnist("test", copied)


def test_swapped_file_is_not_the_official_one(copied: Path) -> None:
    shutil.copy(BUNDLED_FOLDER / "train-labels-idx1-ubyte.gz", copied / "t10k-labels-idx1-ubyte.gz")
    message = rf"not the official one(.|\n)*expected: {OFFICIAL['t10k-labels-idx1-ubyte']}"
    with pytest.raises(DataError, match=message):
        load_mnist("test", copied)


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4), (0, 3)])
def test_idx_is_decoded_to_the_shape_of_its_header(shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    header = struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
    assert torch.equal(parse_idx(header + values.tobytes()), torch.from_numpy(values))


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\0\x08", b"\0\0\x0d\x01\0\0\0\0", b"\x01\0\x08\x01", b"\0\0\x08\x02\0\0\0\x01"],
)
def test_header_that_is_not_idx_of_bytes_is_refused(data: bytes) -> None:
    with pytest.raises(DataError, match="not an IDX file of unsigned bytes\n  got: header"):
        parse_idx(data)


@pytest.mark.parametrize("num_bytes", [0, 5, 7])
def test_length_that_does_not_fit_the_header_is_refused(num_bytes: int) -> None:
    message = rf"cut off or too long\n  got: {num_bytes} bytes.*\n  expected: 6 for shape \(2, 3\)"
    with pytest.raises(DataError, match=message):
        parse_idx(struct.pack(">BBBBII", 0, 0, 8, 2, 2, 3) + bytes(num_bytes))
