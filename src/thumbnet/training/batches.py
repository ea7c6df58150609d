"""Which images make a batch, and how they reach the model: an index, a few batched operations."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from thumbnet import ink, transforms
from thumbnet.datasets.image_set import ImageSet
from thumbnet.frame import reframe
from thumbnet.training.process_group import ALONE, ProcessGroup
from thumbnet.training.randomness import derive_seed, make_generator
from thumbnet.training.recipe import AugmentationSection, InkSection, Recipe

WARPS = ("rotation_degrees", "translation_px", "scale", "shear_degrees", "aspect", "elastic_px")


def epoch_order(num_images: int, seed: int, epoch: int, shuffle: bool) -> Tensor:
    """Return the order of the images in one epoch, int64 ``(num_images,)`` on the CPU.

    It depends on these four values alone, not on what was trained before.
    """
    if not shuffle:
        return torch.arange(num_images)
    return torch.randperm(num_images, generator=make_generator(seed, "shuffle", epoch))


def batch_bounds(num_images: int, batch_size: int) -> list[tuple[int, int]]:
    """Return ``(start, stop)`` of every batch of an epoch; every image is in exactly one.

    A last batch of a single image joins the one before it, because batch norm has no variance of
    one value.
    """
    starts = list(range(0, num_images, batch_size))
    if len(starts) > 1 and num_images - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], num_images], strict=True))


@dataclass(frozen=True)
class Normalisation:
    """``(pixel / scale - mean) / std``, see ``transforms.normalise``."""

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Batch:
    """What one process trains on in one step.

    Attributes:
        images: float32 ``(n, C, H, W)``, n at least 1.
        labels: int64 ``(n,)``.
        fraction: what part of the whole batch this is: 1 for a process alone; 0 where there are
            more processes than images, and the image is only there to keep in step.
    """

    images: Tensor
    labels: Tensor
    fraction: float


class TrainingImages:
    """The training images, whole, on the device, as augmented and normalised batches.

    Args:
        images: the training split.
        recipe: seed, augmentation, shuffle and memory format.
        normalisation: the recipe's, with its numbers computed.
        device: where the uint8 tensor is kept.
        channels_last: hand out pictures in that memory order.
        group: the processes that share each batch.
    """

    def __init__(
        self,
        images: ImageSet,
        recipe: Recipe,
        normalisation: Normalisation,
        device: torch.device,
        channels_last: bool,
        group: ProcessGroup = ALONE,
    ) -> None:
        self.images = images.images.to(device)
        self.labels = images.labels.to(device)
        self.recipe = recipe
        self.normalisation = normalisation
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.group = group
        self.order = torch.empty(0, dtype=torch.int64)
        self.flips: Tensor | None = None
        self.size_px = recipe.input.size_px

    def __len__(self) -> int:
        return len(self.images)

    def start_epoch(self, epoch: int) -> None:
        """Fix the order of the images for ``epoch``, their size, and which are mirrored."""
        recipe = self.recipe
        order = epoch_order(len(self), recipe.seed, epoch, recipe.data.shuffle)
        self.order = order.to(self.images.device)
        self.size_px = picture_size_px(recipe, epoch)
        if recipe.augmentation.flip == "alternating":
            self.flips = alternating_flips(len(self), recipe.seed, epoch).to(self.images.device)

    def batch(self, start: int, stop: int, epoch: int, step: int) -> Batch:
        """Return this process's share of the epoch's images ``[start, stop)``."""
        chosen = self.order[start:stop]
        images = self.images.index_select(0, chosen)
        if self.flips is not None:
            images = transforms.flip(images, self.flips.index_select(0, chosen))
        # Before it is shared, so that a picture changes alike whatever the number of processes.
        images = augment(images, self.recipe.augmentation, self.recipe.seed, epoch, step)
        if self.recipe.ink.is_used:
            images = change_ink(images, self.recipe.ink, self.recipe.seed, epoch, step)
        first, last = self.group.share(0, stop - start)
        share = slice(first, max(last, first + 1)) if first < stop - start else slice(0, 1)
        normalisation = self.normalisation
        prepared = transforms.normalise(
            images[share], normalisation.scale, normalisation.mean, normalisation.std
        )
        if self.size_px != self.recipe.input.size_px:
            prepared = transforms.resize(prepared, self.size_px)
        return Batch(
            prepared.contiguous(memory_format=self.memory_format),
            self.labels.index_select(0, chosen[share]),
            (last - first) / (stop - start),
        )


def augment(
    images: Tensor, section: AugmentationSection, seed: int, epoch: int, step: int
) -> Tensor:
    """Apply the recipe's random changes to uint8 ``(N, C, H, W)``; returns uint8 or float32.

    All but the alternating flip, which depends on which image it is: see ``alternating_flips``.
    """
    warp = {name: getattr(section, name) for name in WARPS}
    if not (any(warp.values()) or section.crop_padding_px or section.flip is True):
        return images
    generator = torch.Generator(images.device)
    generator.manual_seed(derive_seed(seed, "augmentation", epoch, step))
    if section.flip is True:
        images = transforms.random_flip(images, generator)
    if section.crop_padding_px:
        images = transforms.random_crop(images, section.crop_padding_px, generator)
    if any(warp.values()):
        images = transforms.random_warp(images.float(), generator, **warp)
    return images


def change_ink(images: Tensor, section: InkSection, seed: int, epoch: int, step: int) -> Tensor:
    """Change the ink of a share of ``(N, 1, 28, 28)`` in [0, 255], and frame those anew.

    Returns float32 of the same shape.
    """
    generator = torch.Generator(images.device)
    generator.manual_seed(derive_seed(seed, "ink", epoch, step))
    images = original = images.float()
    if section.stroke_px:
        images = ink.random_stroke_width(images, generator, section.stroke_px)
    if section.resolution_share:
        images = ink.random_resolution(
            images, generator, section.resolution_px, section.resolution_share
        )
    if section.blur_share:
        images = ink.random_blur(images, generator, section.blur_share)
    if section.gap_share:
        images = ink.random_gaps(images, generator, section.gap_share)
    if section.noise:
        images = ink.random_noise(images, generator, section.noise)
    if section.neighbour_share:
        images = ink.random_neighbours(images, generator, section.neighbour_share)
    off = torch.randn(len(images), 3, generator=generator, device=images.device)
    framed = reframe(images[:, 0], off[:, :2] * section.shift_px, 1 + off[:, 2] * section.stretch)
    changed = torch.rand(len(images), generator=generator, device=images.device) < section.share
    return torch.where(changed[:, None, None, None], framed[:, None], original)


def alternating_flips(num_images: int, seed: int, epoch: int) -> Tensor:
    """Return which images are mirrored in ``epoch``, bool ``(num_images,)`` on the CPU.

    A random half in the first epoch and the other half in the next, so that any two epochs in a row
    show every image both ways, which drawing anew does for half of them (Jordan 2024, 2404.00498).
    """
    generator = make_generator(seed, "augmentation")
    first = torch.rand(num_images, generator=generator) < 0.5
    return ~first if epoch % 2 else first


def picture_size_px(recipe: Recipe, epoch: int) -> int:
    """Return the height and width of the pictures that ``epoch`` (from 0) trains on."""
    for size_px, until in zip(recipe.progressive.sizes_px, recipe.progressive.until, strict=True):
        if epoch / recipe.epochs < until - 1e-9:
            return size_px
    return recipe.input.size_px
