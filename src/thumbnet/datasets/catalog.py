"""The catalogue of public data sets: by name, found on this machine or downloaded.

Files are looked for in ``root`` when it is given, else in ``$THUMBNET_DATA``, the cache folder's
``datasets``, ``./data``, and where Debian's ``dataset-fashion-mnist`` puts them. Every root is laid
out as torchvision does, so that what one of the two has downloaded serves both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from thumbnet.datasets.catalog_entries import CATALOG
from thumbnet.datasets.catalog_info import DatasetInfo
from thumbnet.datasets.catalog_readers import read_split
from thumbnet.datasets.download import fetch
from thumbnet.datasets.download_transfer import Report
from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.mnist import load_mnist
from thumbnet.errors import DataError, nearest
from thumbnet.paths import cache_folder

__all__ = ["CATALOG", "DatasetInfo", "load_catalog"]

SPLITS = ("train", "test")
# Debian compresses the files anew, so that the published checksums do not apply to them.
SYSTEM_FOLDERS = {"fashion-mnist": Path("/usr/share/datasets/fashion-mnist")}


def load_catalog(
    name: str, split: str, *, root: Path | None = None, report: Report | None = None
) -> ImageSet:
    """Load one split of a public data set, downloading its official files when none are found.

    Args:
        name: a key of ``CATALOG``.
        split: ``"train"`` or ``"test"``.
        root: a folder laid out as torchvision's ``root``; the only one that is then looked into and
            downloaded to. By default those that the module names, and the first of them to write.
        report: called with lines of progress.

    Returns:
        uint8 ``(N, C, H, W)`` images, upright, and int64 labels that count from 0.

    Raises:
        DataError: the name or the split is unknown, or a found file is not the official one.
        DownloadError: files are missing and cannot be downloaded.
    """
    if name not in CATALOG:
        raise DataError(
            "no such data set in the catalogue", got=name, expected=nearest(name, CATALOG)
        )
    if split not in SPLITS:
        raise DataError(f"no such split of '{name}'", got=split, expected=nearest(split, SPLITS))
    info = CATALOG[name]
    if info.format == "bundled":
        return load_mnist(split)
    for folder, checksums in _places(info, root):
        found = read_split(info, split, folder, checksums=checksums)
        if found is not None:
            return _image_set(info, split, folder, *found)
    folder = _roots(root)[0] / info.folder
    for file in info.files[split]:
        fetch(file, folder, report)
    found = read_split(info, split, folder)
    assert found is not None, folder
    return _image_set(info, split, folder, *found)


def _roots(root: Path | None) -> list[Path]:
    if root is not None:
        return [root]
    named = os.environ.get("THUMBNET_DATA")
    first = [Path(named).expanduser()] if named else []
    return [*first, cache_folder() / "datasets", Path("data")]


def _places(info: DatasetInfo, root: Path | None) -> Iterator[tuple[Path, bool]]:
    """Yield the folders that may hold the files, each with whether its checksums apply."""
    for folder in _roots(root):
        yield folder / info.folder, True
    if root is None and info.name in SYSTEM_FOLDERS:
        yield SYSTEM_FOLDERS[info.name], False


def _image_set(
    info: DatasetInfo, split: str, folder: Path, images: Tensor, labels: Tensor
) -> ImageSet:
    num_images = info.num_train if split == "train" else info.num_test
    official = (num_images, info.channels, info.size_px, info.size_px)
    if tuple(images.shape) != official or len(labels) != num_images:
        raise DataError(
            f"the files of '{info.name}' do not hold its {split} set",
            got=f"{folder}: images {tuple(images.shape)}, {len(labels)} labels",
            expected=f"images {official}, {num_images} labels",
            fix="delete them, so that they are downloaded again, or give another root",
        )
    return ImageSet(f"{info.name} {split}", images, labels, info.class_names)
