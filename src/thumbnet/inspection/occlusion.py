"""Occlusion: how much a score falls when a window of the picture is made empty.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from thumbnet.errors import ModelError
from thumbnet.inspection.attribution_checks import BATCH_SIZE, as_empty, as_targets, check_images
from thumbnet.inspection.undisturbed import undisturbed


def occlusion(
    network: nn.Module,
    images: Tensor,
    targets: Tensor | int,
    *,
    window_px: int,
    stride_px: int = 1,
    empty: Tensor | Sequence[float] | float = 0.0,
) -> Tensor:
    """Return how much each picture's score depends on each of its places.

    A square window moves over the picture in steps of ``stride_px``, the last row and column of
    windows cut off at the edge; what is under it becomes empty. A pixel's value is the mean drop of
    the score over the windows that cover it: above 0 where hiding lowers the score, so that the
    place speaks for the class, below 0 where it speaks against.

    Args:
        network: float ``(N, C, H, W)`` → scores ``(N, K)``; logits, probabilities or anything else.
            It is asked in evaluation mode and left as it was.
        images: float ``(N, C, H, W)``, as ``network`` takes them, on its device.
        targets: the class that is explained, of all or of each picture, int64 ``(N,)``.
        window_px: side of the window, 1 to the shorter side of the picture.
        stride_px: 1 to ``window_px``.
        empty: what an empty picture holds: one value, ``(C,)`` or ``(N, C)``.

    Returns:
        The dtype and device of ``images``, ``(N, H, W)``, in the units of the score.

    Raises:
        ModelError: the pictures, the classes, the window or the stride do not fit.
    """
    from captum.attr import Occlusion

    check_images(images)
    chosen = as_targets(targets, network, images)
    channels, height, width = images.shape[1:]
    _check_window(window_px, stride_px, min(height, width))
    with torch.no_grad(), undisturbed(network, training=False):
        maps: Tensor = Occlusion(network).attribute(
            images,
            (channels, window_px, window_px),
            strides=(channels, stride_px, stride_px),
            baselines=as_empty(empty, images),
            target=chosen,
            perturbations_per_eval=max(1, BATCH_SIZE // len(images)),
        )
    # The window covers all channels at once, so they all hold the same.
    return maps[:, 0].to(images.dtype)


def _check_window(window_px: int, stride_px: int, largest_px: int) -> None:
    if not 1 <= window_px <= largest_px:
        raise ModelError(
            "the window does not fit the picture",
            got=f"{window_px} px",
            expected=f"1 to {largest_px} px",
        )
    if not 1 <= stride_px <= window_px:
        raise ModelError(
            "the stride would leave out pixels",
            got=f"{stride_px} px with a window of {window_px} px",
            expected=f"1 to {window_px} px",
        )
