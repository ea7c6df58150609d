"""Integrated gradients: what each pixel adds to a score on the way from an empty picture to this.

Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from thumbnet.errors import ModelError
from thumbnet.inspection.attribution_checks import BATCH_SIZE, as_empty, as_targets, check_images
from thumbnet.inspection.undisturbed import undisturbed


class IntegratedGradients(NamedTuple):
    """What each pixel adds to the score of N pictures.

    Attributes:
        maps: ``(N, H, W)``, the sum over channels, in the units of the score.
        errors: ``(N,)``: the sum of a map less what it should be, which is the score of the picture
            less the score of the empty one (completeness). It shrinks with more steps.
    """

    maps: Tensor
    errors: Tensor


def integrated_gradients(
    network: nn.Module,
    images: Tensor,
    targets: Tensor | int,
    *,
    empty: Tensor | Sequence[float] | float = 0.0,
    num_steps: int = 128,
) -> IntegratedGradients:
    """Return what each pixel adds to the score of a class, compared with an empty picture.

    The gradient of the score is averaged along the straight line from the empty picture to this one
    and multiplied by the difference of the two. By the midpoint rule: in networks of ReLUs the
    gradient jumps on the way, and Gauss–Legendre quadrature is no closer with as many steps.

    Args:
        network: float ``(N, C, H, W)`` → scores ``(N, K)``, differentiable. It is asked in
            evaluation mode and left as it was, without gradients on its parameters.
        images: float ``(N, C, H, W)``, as ``network`` takes them, on its device.
        targets: the class that is explained, of all or of each picture, int64 ``(N,)``.
        empty: what an empty picture holds: one value, ``(C,)`` or ``(N, C)``.
        num_steps: points on the line, at least 2.

    Returns:
        Maps and completeness errors, of the dtype and on the device of ``images``.

    Raises:
        ModelError: the pictures, the classes or the number of steps do not fit.
    """
    from captum.attr import IntegratedGradients as Method

    check_images(images)
    chosen = as_targets(targets, network, images)
    if num_steps < 2:
        raise ModelError("too few points on the line", got=num_steps, expected="2 steps or more")
    with torch.enable_grad(), undisturbed(network, training=False):
        maps, errors = Method(network).attribute(
            images.detach().clone().requires_grad_(),
            as_empty(empty, images).clone(),
            target=chosen,
            n_steps=num_steps,
            method="riemann_middle",
            internal_batch_size=max(BATCH_SIZE, len(images)),
            return_convergence_delta=True,
        )
    maps = maps.detach().sum(1).to(images.dtype)
    return IntegratedGradients(maps, errors.detach().to(images.dtype))
