"""A whole small-image data set in memory: one uint8 tensor, its labels and its class names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from thumbnet.errors import DataError


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and labels of one split.

    Attributes:
        name: what a person calls the set, e.g. ``"mnist train"``.
        images: uint8 ``(N, C, H, W)``, C is 1 (grey) or 3 (RGB).
        labels: int64 ``(N,)``, each in ``[0, len(class_names))``.
        class_names: the name of every class, in label order.

    Raises:
        DataError: a shape, dtype or label does not fit the others.
    """

    name: str
    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
            raise DataError(
                f"the images of '{self.name}' have the wrong form",
                got=f"{images.dtype} {tuple(images.shape)}",
                expected="torch.uint8 (N, C, H, W) with C = 1 or 3",
            )
        if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
            raise DataError(
                f"the labels of '{self.name}' have the wrong form",
                got=f"{labels.dtype} {tuple(labels.shape)}",
                expected=f"torch.int64 ({images.shape[0]},), one label for each image",
            )
        if len(labels) and not (int(labels.min()) >= 0 and int(labels.max()) < self.num_classes):
            raise DataError(
                f"'{self.name}' has labels that name no class",
                got=f"labels from {int(labels.min())} to {int(labels.max())}",
                expected=f"0 to {self.num_classes - 1}, one for each of its class names",
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def num_classes(self) -> int:
        """The number of classes, whether or not each has an image."""
        return len(self.class_names)

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(channels, height, width)`` of every image."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 (hex) over shape, class names, pixels and labels, in order."""
        digest = hashlib.sha256()
        digest.update(repr((tuple(self.images.shape), self.class_names)).encode())
        digest.update(self.images.contiguous().numpy().data)
        digest.update(self.labels.contiguous().numpy().data)
        return digest.hexdigest()

    def class_counts(self) -> list[int]:
        """Return the number of images of each class, in label order."""
        return torch.bincount(self.labels, minlength=self.num_classes).tolist()

    def pixel_statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return mean and population standard deviation per channel of pixel/255.

        Computed from exact 256-bin histograms, so the memory does not grow with the set and the
        result does not depend on the order of summation.
        """
        values = torch.arange(256, dtype=torch.float64) / 255
        means, deviations = [], []
        for channel in range(self.images.shape[1]):
            counts = torch.bincount(self.images[:, channel].flatten(), minlength=256).double()
            mean = float((counts * values).sum() / counts.sum())
            variance = float((counts * (values - mean) ** 2).sum() / counts.sum())
            means.append(mean)
            deviations.append(variance**0.5)
        return tuple(means), tuple(deviations)

    def subset(self, indices: Tensor | Iterable[int], name: str | None = None) -> ImageSet:
        """Return the images at ``indices`` (int64), in that order, as a new set."""
        chosen = torch.as_tensor(
            indices if isinstance(indices, Tensor) else list(indices), dtype=torch.int64
        )
        return ImageSet(
            name or self.name, self.images[chosen], self.labels[chosen], self.class_names
        )
