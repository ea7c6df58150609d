"""What the catalogue says about one public data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from thumbnet.datasets.download import RemoteFile

Format = Literal["bundled", "idx", "qmnist", "emnist", "cifar", "svhn", "usps"]


@dataclass(frozen=True)
class DatasetInfo:
    """One public data set.

    Attributes:
        name: what commands and recipes call it.
        title: one line for people.
        num_train: number of training images.
        num_test: number of test images.
        channels: 1 (grey) or 3 (RGB).
        size_px: height and width of every image.
        class_names: in label order.
        license: the terms that its authors state.
        citation: whom to cite.
        format: how its files are written.
        folder: where its files lie inside a torchvision root.
        files: for each split, what must be there to read it.
    """

    name: str
    title: str
    num_train: int
    num_test: int
    channels: int
    size_px: int
    class_names: tuple[str, ...]
    license: str
    citation: str
    format: Format
    folder: str
    files: Mapping[str, tuple[RemoteFile, ...]]

    @property
    def download_size_bytes(self) -> int | None:
        """Length of all files of both splits; None when that of one is not published."""
        sizes = [file.size_bytes for file in {*self.files["train"], *self.files["test"]}]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None
