"""Each format, against files written here by its official description and against torchvision."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import pickle
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from catalog_files import GENERATOR, grey, idx, isolate, shrink, write
from scipy.io import savemat

from thumbnet.datasets import catalog_readers
from thumbnet.datasets.catalog import load_catalog
from thumbnet.errors import DataError


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)


UPRIGHT = {"L": ["X...", "X...", "X...", "XXXX"], "T": ["XXXX", ".X..", ".X..", ".X.."]}


def glyph(name: str) -> np.ndarray:
    """Draw a letter of 4×4 blocks, 7 pixels each, as people see it."""
    small = np.array([[255 * (mark == "X") for mark in row] for row in UPRIGHT[name]])
    return np.kron(small, np.ones((7, 7))).astype(np.uint8)


def emnist_members(kind: str, labels: list[int]) -> dict[str, bytes]:
    """Write an L and a T column by column, as NIST's files have them."""
    columns = np.stack([[glyph(name)[:, x] for x in range(28)] for name in "LT"])
    return {
        f"emnist-{kind}-train-images-idx3-ubyte.gz": gzip.compress(idx(columns)),
        f"emnist-{kind}-train-labels-idx1-ubyte.gz": gzip.compress(idx(np.array(labels))),
    }


@pytest.mark.parametrize("layout", ["zip", "gz", "unpacked"])
@pytest.mark.parametrize(("kind", "labels"), [("letters", [12, 20]), ("balanced", [21, 29])])
def test_emnist_is_upright_and_counts_from_zero(
    kind: str, labels: list[int], layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "EMNIST" / "raw"
    members = emnist_members(kind, labels)
    packed = []
    if layout == "zip":
        raw.mkdir(parents=True)
        packed = [raw / "gzip.zip"]
        with zipfile.ZipFile(packed[0], "w") as archive:
            for name, data in members.items():
                archive.writestr(f"gzip/{name}", data)
    for name, data in members.items() if layout != "zip" else ():
        unpack = layout == "unpacked"
        write(raw / (name[:-3] if unpack else name), gzip.decompress(data) if unpack else data)
    shrink(monkeypatch, f"emnist-{kind}", 2, *packed)
    loaded = load_catalog(f"emnist-{kind}", "train", root=tmp_path)
    for image, name in zip(loaded.images, "LT", strict=True):
        assert np.array_equal(image[0].numpy(), glyph(name))
    assert [loaded.class_names[label].upper() for label in loaded.labels] == ["L", "T"]


def test_emnist_archive_that_is_not_official_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "EMNIST" / "raw" / "gzip.zip", b"PK")
    with pytest.raises(DataError, match="not the official one"):
        load_catalog("emnist-digits", "test", root=tmp_path)


def qmnist_table(digits: list[int]) -> np.ndarray:
    rows = [[digit, 4, 1000 + number, 7, 38, -1, 0, 0] for number, digit in enumerate(digits)]
    return np.array(rows, dtype=np.int64)


def test_qmnist_takes_the_digit_from_the_table_as_torchvision_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "QMNIST" / "raw"
    images, table = idx(grey(3)), idx(qmnist_table([9, 0, 4]), code=12)
    packed = [
        write(raw / "qmnist-test-images-idx3-ubyte.gz", gzip.compress(images)),
        write(raw / "qmnist-test-labels-idx2-int.gz", gzip.compress(table)),
    ]
    shrink(monkeypatch, "qmnist", 3, *packed, split="test")
    loaded = load_catalog("qmnist", "test", root=tmp_path)
    write(raw / "qmnist-test-images-idx3-ubyte", images)
    write(raw / "qmnist-test-labels-idx2-int", table)
    oracle = torchvision.datasets.QMNIST(tmp_path, what="test")
    assert torch.equal(loaded.images[:, 0], oracle.data)
    assert torch.equal(loaded.labels, oracle.targets[:, 0])
    assert loaded.labels.tolist() == [9, 0, 4]


@pytest.mark.parametrize("damage", [b"", b"\x00\x00\x0c", idx(qmnist_table([1, 2]), code=12)[:-4]])
def test_qmnist_table_that_is_cut_off_is_refused(
    damage: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "QMNIST" / "raw"
    write(raw / "qmnist-test-images-idx3-ubyte", idx(grey(2)))
    write(raw / "qmnist-test-labels-idx2-int", damage)
    shrink(monkeypatch, "qmnist", 2, split="test")
    with pytest.raises(DataError, match="table of QMNIST labels"):
        load_catalog("qmnist", "test", root=tmp_path)


class _OldType:
    """Warns while it is unpickled, as NumPy 2.4.0 to 2.4.4 do for the official batches."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return warnings.warn, ("dtype(): align should be passed as Python or NumPy boolean",)


def cifar_batch(labels: list[int], key: str = "labels") -> tuple[bytes, np.ndarray]:
    pixels = GENERATOR.integers(0, 256, (len(labels), 3072), dtype=np.uint8)
    batch = {"data": pixels, key: labels, "dtype": _OldType()}
    return pickle.dumps(batch, protocol=2), pixels


@pytest.mark.parametrize("packed", [True, False])
def test_cifar10_joins_its_batches_in_order(
    packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"cifar-10-batches-py/data_batch_{number}" for number in (1, 2)]
    batches = [cifar_batch([3, 8]), cifar_batch([0, 9])]
    archive = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as opened:
        for name, (data, _) in zip(names, batches, strict=True):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            opened.addfile(member, io.BytesIO(data))
            if not packed:
                write(tmp_path / name, data)
    shrink(monkeypatch, "cifar10", 4, archive)
    if not packed:
        archive.unlink()
    md5 = {
        name: hashlib.md5(data).hexdigest() for name, (data, _) in zip(names, batches, strict=True)
    }
    monkeypatch.setitem(catalog_readers.CIFAR_BATCHES_MD5, "cifar10", {"train": md5})
    loaded = load_catalog("cifar10", "train", root=tmp_path)
    assert loaded.labels.tolist() == [3, 8, 0, 9]
    pixels = np.concatenate([pixels for _, pixels in batches])
    for row, column in ((0, 0), (0, 31), (31, 0), (17, 5)):
        for channel in range(3):  # 1024 red values row by row, then green, then blue
            expected = pixels[:, channel * 1024 + row * 32 + column]
            assert loaded.images[:, channel, row, column].tolist() == expected.tolist()


def test_cifar100_has_the_fine_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, _ = cifar_batch([99, 0], key="fine_labels")
    write(tmp_path / "cifar-100-python" / "test", data)
    shrink(monkeypatch, "cifar100", 2, split="test")
    md5 = {"cifar-100-python/test": hashlib.md5(data).hexdigest()}
    monkeypatch.setitem(catalog_readers.CIFAR_BATCHES_MD5, "cifar100", {"test": md5})
    loaded = load_catalog("cifar100", "test", root=tmp_path)
    assert [loaded.class_names[label] for label in loaded.labels] == ["worm", "apple"]


class _Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('the pickle ran')",)


def test_cifar_pickle_that_is_not_official_is_never_opened(tmp_path: Path) -> None:
    trap = pickle.dumps(_Trap())
    with pytest.raises(SystemExit, match="the pickle ran"):
        pickle.loads(trap)
    write(tmp_path / "cifar-10-batches-py" / "test_batch", trap)
    with pytest.raises(DataError, match="not the official one"):
        load_catalog("cifar10", "test", root=tmp_path)


def test_cifar_archive_that_is_not_official_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "cifar-100-python.tar.gz", b"\x1f\x8b")
    with pytest.raises(DataError, match="expected: sha256:85cd44d0"):
        load_catalog("cifar100", "train", root=tmp_path)


def test_svhn_calls_the_digit_zero_zero_as_torchvision_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = GENERATOR.integers(0, 256, (32, 32, 3, 3), dtype=np.uint8)
    path = tmp_path / "train_32x32.mat"
    savemat(path, {"X": pixels, "y": np.array([[10], [1], [9]], dtype=np.uint8)})
    info = shrink(monkeypatch, "svhn", 3, path)
    md5 = info.files["train"][0].checksum.removeprefix("md5:")
    monkeypatch.setitem(torchvision.datasets.SVHN.split_list, "train", ["", path.name, md5])
    loaded = load_catalog("svhn", "train", root=tmp_path)
    oracle = torchvision.datasets.SVHN(tmp_path, "train")
    assert np.array_equal(loaded.images.numpy(), oracle.data)
    assert loaded.labels.tolist() == oracle.labels.tolist() == [0, 1, 9]


def test_usps_has_the_pixels_of_torchvision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.round(GENERATOR.uniform(-1, 1, (5, 256)), 4)
    values[0, :3] = -1, 1, 0
    lines = [
        " ".join([str(label), *(f"{index}:{value:g}" for index, value in enumerate(row, 1))])
        for label, row in zip((1, 10, 5, 6, 2), values, strict=True)
    ]
    path = write(tmp_path / "usps.t.bz2", bz2.compress("\n".join([*lines, ""]).encode()))
    shrink(monkeypatch, "usps", 5, path, split="test")
    loaded = load_catalog("usps", "test", root=tmp_path)
    oracle = torchvision.datasets.USPS(tmp_path, train=False)
    assert np.array_equal(loaded.images[:, 0].numpy(), oracle.data)
    assert loaded.labels.tolist() == oracle.targets == [0, 9, 4, 5, 1]
    assert loaded.shape == (1, 16, 16)


@pytest.mark.parametrize(("name", "file"), [("svhn", "test_32x32.mat"), ("usps", "usps.t.bz2")])
def test_other_file_that_is_not_official_is_refused(name: str, file: str, tmp_path: Path) -> None:
    write(tmp_path / file, b"not it")
    with pytest.raises(DataError, match="not the official one"):
        load_catalog(name, "test", root=tmp_path)


def test_file_that_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "usps.t.bz2", b"x")

    def refuse(*_: object) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(catalog_readers, "has_checksum", refuse)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)") as caught:
        load_catalog("usps", "test", root=tmp_path)
    assert str(path) in str(caught.value)
