"""What the catalogue says, against torchvision; and how it finds, verifies and fetches files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from catalog_files import grey, idx, isolate, shrink, write, write_fashion

from thumbnet.datasets import catalog, catalog_readers
from thumbnet.datasets.catalog import CATALOG, load_catalog
from thumbnet.datasets.download import RemoteFile
from thumbnet.datasets.mnist import load_mnist
from thumbnet.errors import DataError, DownloadError

DEBIAN = catalog.SYSTEM_FOLDERS["fashion-mnist"]


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("fashion-mnist", torchvision.datasets.FashionMNIST.resources),
        ("kmnist", torchvision.datasets.KMNIST.resources),
        (
            "qmnist",
            [
                *torchvision.datasets.QMNIST.resources["train"],
                *torchvision.datasets.QMNIST.resources["test"],
            ],
        ),
        ("svhn", [torchvision.datasets.SVHN.split_list[split][1:] for split in ("train", "test")]),
        ("usps", [torchvision.datasets.USPS.split_list[split][1:] for split in ("train", "test")]),
        ("emnist-letters", [(torchvision.datasets.EMNIST.url, torchvision.datasets.EMNIST.md5)]),
    ],
)
def test_names_and_checksums_are_those_that_torchvision_publishes(
    name: str, published: list[tuple[str, str]]
) -> None:
    files = dict.fromkeys([*CATALOG[name].files["train"], *CATALOG[name].files["test"]])
    ours = [(file.name, file.checksum) for file in files]
    assert ours == [(url.rpartition("/")[2], f"md5:{md5}") for url, md5 in published]


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_cifar_batches_are_those_that_torchvision_publishes(name: str) -> None:
    official = getattr(torchvision.datasets, name.upper())
    for split, batches in (("train", official.train_list), ("test", official.test_list)):
        expected = {f"{official.base_folder}/{batch}": md5 for batch, md5 in batches}
        assert catalog_readers.CIFAR_BATCHES_MD5[name][split] == expected
    assert CATALOG[name].files["train"][0].mirrors[0] == official.url


@pytest.mark.parametrize("name", CATALOG)
def test_entry_is_complete(name: str) -> None:
    info = CATALOG[name]
    assert info.name == name
    assert len(set(info.class_names)) == len(info.class_names) > 1
    assert all(info.class_names)
    assert info.citation
    assert info.license
    for file in {*info.files["train"], *info.files["test"]}:
        assert file.mirrors
        assert all(url.startswith("https://") for url in file.mirrors)
        assert len(file.checksum.partition(":")[2]) in (32, 64)


def test_class_names_agree_with_torchvision() -> None:
    official = torchvision.datasets.EMNIST.classes_split_dict
    assert list(CATALOG["emnist-balanced"].class_names) == official["balanced"]
    assert list(CATALOG["emnist-letters"].class_names) == official["letters"][1:]
    assert list(CATALOG["fashion-mnist"].class_names) == torchvision.datasets.FashionMNIST.classes
    assert list(CATALOG["kmnist"].class_names) == torchvision.datasets.KMNIST.classes
    hundred = CATALOG["cifar100"].class_names
    assert len(hundred) == 100
    assert list(hundred) == sorted(hundred)


def test_download_size_counts_an_archive_of_both_splits_once() -> None:
    assert CATALOG["emnist-digits"].download_size_bytes == 561_753_746
    assert CATALOG["fashion-mnist"].download_size_bytes == 30_878_645
    assert CATALOG["mnist"].download_size_bytes == 0
    assert CATALOG["usps"].download_size_bytes is None


# --- the user's mistakes -------------------------------------------------------------------------


def test_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(DataError, match="did you mean 'fashion-mnist'"):
        load_catalog("fashon-mnist", "train")


def test_unknown_split_gets_the_known() -> None:
    with pytest.raises(DataError, match=r"no such split of 'kmnist'\n.*valid\n.*test, train"):
        load_catalog("kmnist", "valid")


def test_missing_files_offline_say_where_to_put_them(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"KMNIST/raw/t10k-images-idx3-ubyte\.gz"):
        load_catalog("kmnist", "test", root=tmp_path)


# --- finding and verifying -----------------------------------------------------------------------


def test_mnist_is_the_bundled_one() -> None:
    assert load_catalog("mnist", "test").content_hash == load_mnist("test").content_hash


def test_compressed_and_unpacked_idx_files_match_torchvision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "FashionMNIST" / "raw"
    packed = write_fashion(raw, grey(12), np.arange(12) % 10)
    shrink(monkeypatch, "fashion-mnist", 12, *packed)
    compressed = load_catalog("fashion-mnist", "train", root=tmp_path)
    for path in packed:
        write(path.with_suffix(""), gzip.decompress(path.read_bytes()))
        path.unlink()
    for stem in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        write(raw / stem, b"torchvision looks whether it exists")
    oracle = torchvision.datasets.FashionMNIST(tmp_path, train=True)
    unpacked = load_catalog("fashion-mnist", "train", root=tmp_path)
    assert torch.equal(unpacked.images[:, 0], oracle.data)
    assert torch.equal(unpacked.labels, oracle.targets)
    assert unpacked.name == "fashion-mnist train"
    assert unpacked.content_hash == compressed.content_hash


@pytest.mark.parametrize("place", ["THUMBNET_DATA", "home/datasets", "cwd/data"])
def test_default_roots_are_searched(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / place
    packed = write_fashion(root / "FashionMNIST" / "raw", grey(2), np.array([3, 4]))
    shrink(monkeypatch, "fashion-mnist", 2, *packed)
    if place == "THUMBNET_DATA":
        monkeypatch.setenv("THUMBNET_DATA", str(root))
    assert load_catalog("fashion-mnist", "train").labels.tolist() == [3, 4]
    with pytest.raises(DownloadError, match="elsewhere"):
        load_catalog("fashion-mnist", "train", root=tmp_path / "elsewhere")


def test_named_root_goes_before_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place, label in (("named", 1), ("home/datasets", 2)):
        raw = tmp_path / place / "FashionMNIST" / "raw"
        for path in write_fashion(raw, grey(1), np.array([label])):
            write(path.with_suffix(""), gzip.decompress(path.read_bytes()))
            path.unlink()
    shrink(monkeypatch, "fashion-mnist", 1)
    monkeypatch.setenv("THUMBNET_DATA", str(tmp_path / "named"))
    assert load_catalog("fashion-mnist", "train").labels.tolist() == [1]
    monkeypatch.delenv("THUMBNET_DATA")
    assert load_catalog("fashion-mnist", "train").labels.tolist() == [2]


@pytest.mark.parametrize(("root", "expected"), [("mine", "mine"), (None, "home/datasets")])
def test_missing_files_are_fetched_to_torchvisions_place_and_read(
    root: str | None, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = write_fashion(tmp_path / "source", grey(2), np.array([5, 6]))
    shrink(monkeypatch, "fashion-mnist", 2, *sources)
    asked: list[Path] = []

    def copy(file: RemoteFile, folder: Path, report: object) -> Path:
        report(file.name)
        asked.append(folder)
        return write(folder / file.name, (tmp_path / "source" / file.name).read_bytes())

    monkeypatch.setattr(catalog, "fetch", copy)
    lines: list[str] = []
    loaded = load_catalog(
        "fashion-mnist", "train", root=root and tmp_path / root, report=lines.append
    )
    assert loaded.labels.tolist() == [5, 6]
    assert asked == [tmp_path / expected / "FashionMNIST" / "raw"] * 2
    assert lines == [path.name for path in sources]


def test_file_that_is_not_official_is_refused(tmp_path: Path) -> None:
    packed = write_fashion(tmp_path / "FashionMNIST" / "raw", grey(2), np.array([0, 1]))
    with pytest.raises(DataError, match="not the official one") as caught:
        load_catalog("fashion-mnist", "train", root=tmp_path)
    assert str(packed[0]) in str(caught.value)
    assert "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d" in str(caught.value)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (idx(grey(3)), idx(np.zeros(3)), "do not hold its train set"),
        (idx(grey(2)), idx(np.zeros(3)), "do not hold its train set"),
        (idx(grey(2, 16)), idx(np.zeros(2)), "do not hold its train set"),
        (idx(grey(2))[:-1], idx(np.zeros(2)), "cut off or too long"),
        (b"<html>", idx(np.zeros(2)), "not an IDX file"),
    ],
)
def test_unpacked_file_of_another_length_or_form_is_refused(
    images: bytes, labels: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "FashionMNIST" / "raw"
    write(raw / "train-images-idx3-ubyte", images)
    write(raw / "train-labels-idx1-ubyte", labels)
    shrink(monkeypatch, "fashion-mnist", 2)
    with pytest.raises(DataError, match=message) as caught:
        load_catalog("fashion-mnist", "train", root=tmp_path)
    assert str(raw) in str(caught.value)


def test_system_folder_is_used_without_published_checksums_but_damage_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "SYSTEM_FOLDERS", {"fashion-mnist": tmp_path / "system"})
    packed = write_fashion(tmp_path / "system", grey(2), np.array([7, 8]))
    shrink(monkeypatch, "fashion-mnist", 2)
    assert load_catalog("fashion-mnist", "train").labels.tolist() == [7, 8]
    packed[0].write_bytes(packed[0].read_bytes()[:-20])
    with pytest.raises(DataError, match="damaged"):
        load_catalog("fashion-mnist", "train")


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_debians_fashion_mnist_is_the_published_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "SYSTEM_FOLDERS", {"fashion-mnist": DEBIAN})
    train, test = (load_catalog("fashion-mnist", split) for split in ("train", "test"))
    assert (len(train), len(test), train.shape) == (60_000, 10_000, (1, 28, 28))
    assert train.class_counts() == [6000] * 10
    assert test.class_counts() == [1000] * 10
    means, deviations = train.pixel_statistics()
    assert means == pytest.approx([0.2860], abs=5e-5)
    assert deviations == pytest.approx([0.3530], abs=5e-5)
    assert train.class_names[int(train.labels[0])] == "Ankle boot"
