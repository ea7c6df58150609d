"""What every attribution asks first: pictures, classes and the colour of an empty picture."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from thumbnet.errors import ModelError
from thumbnet.inspection.undisturbed import undisturbed

BATCH_SIZE = 512
"""About how many pictures a network sees at once."""


def check_images(images: Tensor) -> None:
    """Raise ``ModelError`` unless ``images`` are finite floats ``(N, C, H, W)``, N at least 1."""
    if not images.is_floating_point() or images.ndim != 4 or len(images) == 0:
        raise ModelError(
            "these pictures cannot be explained",
            got=f"{images.dtype} {tuple(images.shape)}",
            expected="floats (N, C, H, W), at least one picture",
        )
    if not bool(torch.isfinite(images).all()):
        raise ModelError("these pictures cannot be explained", got="a value that is not finite")


def as_targets(targets: Tensor | int, network: nn.Module, images: Tensor) -> Tensor:
    """Return one class for each picture, int64 ``(N,)`` on the pictures' device.

    Raises:
        ModelError: there are not as many classes as pictures, or the network has no such class.
    """
    chosen = torch.as_tensor(targets, dtype=torch.int64, device=images.device)
    if chosen.ndim == 0:
        chosen = chosen.expand(len(images))
    if chosen.shape != images.shape[:1]:
        raise ModelError(
            "the classes to explain do not fit the pictures",
            got=f"{tuple(chosen.shape)} for {len(images)} pictures",
            expected="one class, or one for each picture",
        )
    with torch.no_grad(), undisturbed(network, training=False):
        num_scores = network(images[:1]).shape[1]
    if int(chosen.min()) < 0 or int(chosen.max()) >= num_scores:
        raise ModelError(
            "the network has no such class",
            got=f"classes from {int(chosen.min())} to {int(chosen.max())}",
            expected=f"0 to {num_scores - 1}",
        )
    return chosen


def as_empty(empty: Tensor | Sequence[float] | float, images: Tensor) -> Tensor:
    """Return the colour of an empty picture, broadcast to the shape of ``images``.

    Args:
        empty: one value; one for each channel, ``(C,)``; or those for each picture, ``(N, C)``.
        images: float ``(N, C, H, W)``.

    Raises:
        ModelError: it has another shape.
    """
    values = torch.as_tensor(empty, dtype=images.dtype, device=images.device)
    num_images, channels = images.shape[:2]
    if values.shape not in ((), (channels,), (num_images, channels)):
        raise ModelError(
            "the colour of an empty picture does not fit the pictures",
            got=f"shape {tuple(values.shape)}",
            expected=f"one value, ({channels},) or ({num_images}, {channels})",
        )
    colours = values.expand(num_images, channels)
    return colours[:, :, None, None].expand_as(images)
