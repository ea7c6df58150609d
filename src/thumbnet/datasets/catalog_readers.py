"""Reading the official files of each public data set from a folder, verified before they are used.

A compressed file must have its published checksum. A file that someone has unpacked has none; its
header, its length and the number of its images must fit. CIFAR's batches are Python pickles, which
could run code: each is compared with its published MD5 before it is opened, unpacked or not.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import pickle
import struct
import tarfile
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from thumbnet.datasets.catalog_info import DatasetInfo
from thumbnet.datasets.download import RemoteFile, has_checksum
from thumbnet.datasets.mnist import parse_idx
from thumbnet.errors import DataError

CIFAR_BATCHES_MD5 = {
    "cifar10": {
        "train": {
            "cifar-10-batches-py/data_batch_1": "c99cafc152244af753f735de768cd75f",
            "cifar-10-batches-py/data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "cifar-10-batches-py/data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "cifar-10-batches-py/data_batch_4": "634d18415352ddfa80567beed471001a",
            "cifar-10-batches-py/data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        },
        "test": {"cifar-10-batches-py/test_batch": "40351d587109b95175f43aff81a1287e"},
    },
    "cifar100": {
        "train": {"cifar-100-python/train": "16019d7e3df5f24257cddd939b257f8d"},
        "test": {"cifar-100-python/test": "f0ef6b0ae62326f3e7ffdfab6717acfc"},
    },
}
_FIX = "delete it, so that it is downloaded again, or give another root"


def read_split(
    info: DatasetInfo, split: str, folder: Path, *, checksums: bool = True
) -> tuple[Tensor, Tensor] | None:
    """Read one split of ``info`` from ``folder``, or return None when its files are not there.

    Args:
        info: an entry of the catalogue whose files are not bundled.
        split: ``"train"`` or ``"test"``.
        folder: the one in which the files themselves lie.
        checksums: False where a distribution has compressed the files anew; gzip's own CRC and the
            shapes are then what is verified.

    Returns:
        images, uint8 ``(N, C, H, W)``, upright; labels, int64 ``(N,)``, counted from 0.

    Raises:
        DataError: a file is damaged or is not the official one.
    """
    try:
        match info.format:
            case "emnist":
                return _read_emnist(info, split, folder)
            case "cifar":
                return _read_cifar(info, split, folder)
            case "svhn":
                return _read_svhn(folder, info.files[split][0])
            case "usps":
                return _read_usps(folder, info.files[split][0])
            case _:
                return _read_idx(info, split, folder, checksums)
    except OSError as error:
        raise DataError(
            f"a data file cannot be read ({error.strerror or error})",
            got=error.filename or folder,
            fix="make it readable, or give another root",
        ) from error


def _read_idx(
    info: DatasetInfo, split: str, folder: Path, checksums: bool
) -> tuple[Tensor, Tensor] | None:
    paths = [folder / file.name for file in info.files[split]]
    images, labels = (
        _unpacked(path, file.checksum if checksums else None)
        for path, file in zip(paths, info.files[split], strict=True)
    )
    if images is None or labels is None:
        return None
    digits = (_parse_qmnist if info.format == "qmnist" else _parse)(labels, paths[1])
    return _parse(images, paths[0])[:, None], digits.long()


def _read_emnist(info: DatasetInfo, split: str, folder: Path) -> tuple[Tensor, Tensor] | None:
    """Read EMNIST, whose images lie transposed in NIST's files: their columns are our rows."""
    names = [
        f"{info.name}-{split}-{part}.gz" for part in ("images-idx3-ubyte", "labels-idx1-ubyte")
    ]
    archive = folder / info.files[split][0].name
    if archive.is_file():
        _require(archive, info.files[split][0].checksum)
        with zipfile.ZipFile(archive) as opened:
            found = [gzip.decompress(opened.read(f"gzip/{name}")) for name in names]
    else:
        loose = [_unpacked(folder / name, None) for name in names]
        found = [data for data in loose if data is not None]
    if len(found) < len(names):
        return None
    images, labels = (_parse(data, folder / name) for data, name in zip(found, names, strict=True))
    first_label = 1 if info.name == "emnist-letters" else 0
    return images.transpose(1, 2)[:, None].contiguous(), labels.long() - first_label


def _read_cifar(info: DatasetInfo, split: str, folder: Path) -> tuple[Tensor, Tensor] | None:
    batches_md5 = CIFAR_BATCHES_MD5[info.name][split]
    archive = folder / info.files[split][0].name
    if all((folder / name).is_file() for name in batches_md5):
        contents = {name: (folder / name).read_bytes() for name in batches_md5}
    elif archive.is_file():
        _require(archive, info.files[split][0].checksum)
        with tarfile.open(archive) as opened:
            contents = {name: _member(opened, name) for name in batches_md5}
    else:
        return None
    images: list[Tensor] = []
    labels: list[int] = []
    for name, data in contents.items():
        batch = _unpickle(data, batches_md5[name], folder / name)
        images.append(torch.from_numpy(batch["data"]).reshape(-1, 3, 32, 32))
        labels.extend(batch["labels"] if "labels" in batch else batch["fine_labels"])
    return torch.cat(images), torch.tensor(labels, dtype=torch.int64)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    assert stream is not None, name
    return stream.read()


def _unpickle(data: bytes, md5: str, path: Path) -> dict[str, Any]:
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if found != md5:
        raise _not_official(path, f"md5:{md5}", f"md5:{found}")
    with warnings.catch_warnings():
        # NumPy 2.4.0 to 2.4.4 warn of arrays that Python 2 pickled, as CIFAR's are.
        warnings.filterwarnings("ignore", message=r"dtype\(\): align")
        batch: dict[str, Any] = pickle.loads(data, encoding="latin1")  # noqa: S301 (verified)
    return batch


def _read_svhn(folder: Path, file: RemoteFile) -> tuple[Tensor, Tensor] | None:
    """Read the cropped 32×32 format, in which the digit 0 has the label 10."""
    path = folder / file.name
    if not path.is_file():
        return None
    _require(path, file.checksum)
    from scipy.io import loadmat

    content = loadmat(path)
    images = torch.from_numpy(content["X"]).permute(3, 2, 0, 1).contiguous()
    return images, torch.from_numpy(content["y"]).flatten().long() % 10


def _read_usps(folder: Path, file: RemoteFile) -> tuple[Tensor, Tensor] | None:
    """Read LIBSVM's text: ``label index:value …``, labels from 1, values from -1 to 1.

    The values become 0 to 255 as torchvision makes them, cut off and not rounded.
    """
    path = folder / file.name
    if not path.is_file():
        return None
    _require(path, file.checksum)
    with bz2.open(path, "rt", encoding="ascii") as stream:
        rows = [line.split() for line in stream]
    values = torch.tensor([[float(item.partition(":")[2]) for item in row[1:]] for row in rows])
    images = ((values + 1) / 2 * 255).to(torch.uint8).reshape(-1, 1, 16, 16)
    return images, torch.tensor([int(row[0]) - 1 for row in rows])


def _unpacked(packed: Path, checksum: str | None) -> bytes | None:
    if not packed.is_file():
        plain = packed.with_suffix("")
        return plain.read_bytes() if plain.is_file() else None
    if checksum is not None:
        _require(packed, checksum)
    try:
        return gzip.decompress(packed.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"a data file is damaged ({error})", got=packed, fix=_FIX) from error


def _parse(data: bytes, path: Path) -> Tensor:
    try:
        return parse_idx(data)
    except DataError as error:
        raise DataError(
            error.what, got=f"{path}, {error.got}", expected=error.expected, fix=_FIX
        ) from error


def _parse_qmnist(data: bytes, path: Path) -> Tensor:
    """Decode the int32 ``(N, 8)`` table of QMNIST; the first column is the digit."""
    magic, num_rows, num_columns = struct.unpack_from(">3I", data) if len(data) >= 12 else (0, 0, 0)
    if magic != 0x0C02 or num_columns != 8 or len(data) != 12 + 4 * num_rows * num_columns:
        raise DataError("not a table of QMNIST labels, or cut off", got=path, fix=_FIX)
    table = struct.unpack_from(f">{num_rows * num_columns}i", data, 12)
    return torch.tensor(table[::num_columns])


def _require(path: Path, checksum: str) -> None:
    if not has_checksum(path, checksum):
        raise _not_official(path, checksum)


def _not_official(path: Path, checksum: str, found: str = "another checksum") -> DataError:
    return DataError(
        "a data file is not the official one", got=f"{path}, {found}", expected=checksum, fix=_FIX
    )
