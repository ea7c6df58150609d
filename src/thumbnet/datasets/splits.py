"""Cutting a stratified part from a set: for validation, and for training on fewer images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from thumbnet.datasets.image_set import ImageSet
from thumbnet.errors import DataError

_CHUNK = 4096


def split_validation(
    train: ImageSet,
    size: int | float,
    *,
    seed: int = 0,
    method: Literal["stratified", "last"] = "stratified",
    reuse_memory: bool = False,
) -> tuple[ImageSet, ImageSet | None]:
    """Cut the validation set from the training set.

    Args:
        train: the whole training split.
        size: number of validation images, or a fraction below 1; 0 cuts none.
        seed: chooses the images of a stratified cut.
        method: the same share of every class, or the last images as they stand.
        reuse_memory: let the rest take over the memory of ``train``, whose images must not be used
            again: without it, both are copies, and twice the set is in memory for a moment.

    Returns:
        The rest, and the validation set or None. Both keep the order of ``train``.

    Raises:
        DataError: the cut leaves a class without training images.
    """
    count = round(size * len(train)) if 0 < size < 1 else int(size)
    if count == 0:
        return train, None
    if method == "last":
        held_out = torch.arange(len(train)) >= len(train) - count
    else:
        held_out = stratified_choice(train, count, seed)
    kept = (~held_out).nonzero().flatten()
    left = torch.bincount(train.labels[kept], minlength=train.num_classes).tolist()
    emptied = [
        name
        for name, before, after in zip(train.class_names, train.class_counts(), left, strict=True)
        if before and not after
    ]
    if emptied:
        raise DataError(
            "the validation set would take every image of a class",
            got=f"{count} of {len(train)} images, emptying: {', '.join(emptied)}",
            expected="at least one training image left in every class",
            fix="add images, or cut less: --set data.validation=0.1",
        )
    name = train.name.removesuffix(" train")
    validation = train.subset(held_out.nonzero().flatten(), f"{name} validation")
    return _keep_in_place(train, kept) if reuse_memory else train.subset(kept), validation


def _keep_in_place(images: ImageSet, kept: Tensor) -> ImageSet:
    """Return the images at ``kept`` (ascending), moved to the front of the same memory."""
    pixels, start = images.images, 0
    for chunk in torch.split(kept, _CHUNK):
        # An image only ever moves towards the front, so none is overwritten before it has moved.
        pixels[start : start + len(chunk)] = pixels[chunk]
        start += len(chunk)
    return ImageSet(images.name, pixels[:start], images.labels[kept], images.class_names)


def stratified_choice(images: ImageSet, count: int, seed: int) -> Tensor:
    """Return a bool mask ``(N,)`` of ``count`` images, the same share of each class.

    Shares that are no whole numbers are rounded by the largest remainder. The images of a class
    are drawn at random by ``seed``.

    Raises:
        DataError: ``count`` is larger than the set.
    """
    if count > len(images):
        raise DataError(
            "more images are asked for than there are", got=count, expected=f"at most {len(images)}"
        )
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.zeros(len(images), dtype=torch.bool)
    for label, share in enumerate(_shares(images.class_counts(), count)):
        members = (images.labels == label).nonzero().flatten()
        order = torch.randperm(len(members), generator=generator)
        chosen[members[order[:share]]] = True
    return chosen


def _shares(class_counts: Sequence[int], count: int) -> list[int]:
    total = sum(class_counts)
    shares = [count * number // total for number in class_counts]
    by_remainder = sorted(
        range(len(class_counts)), key=lambda label: -(count * class_counts[label] % total)
    )
    for label in by_remainder[: count - sum(shares)]:
        shares[label] += 1
    return shares
