"""How much of a forward pass training must keep until the backward pass."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from thumbnet.inspection.undisturbed import undisturbed


def kept_bytes_per_image(
    model: nn.Module, input_shape: tuple[int, ...], device: torch.device, dtype: torch.dtype
) -> int | None:
    """Measure what automatic differentiation keeps of one more image in a batch.

    Every tensor that it saves is counted once, with its memory, but parameters and buffers are not.
    What is kept for the batch as a whole, such as a norm's statistics, is the same for two images
    as for three, so that the difference of the two is one image's share.

    Returns:
        Bytes, in the precision of ``dtype``; None for a network that cannot run in training mode.
    """
    with undisturbed(model, training=True):
        try:
            two, three = (_kept_bytes(model, (n, *input_shape), device, dtype) for n in (2, 3))
        except Exception:
            return None
    return three - two


def _kept_bytes(
    model: nn.Module, shape: tuple[int, ...], device: torch.device, dtype: torch.dtype
) -> int:
    own = {each.untyped_storage()._cdata for each in [*model.parameters(), *model.buffers()]}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage()._cdata not in own:
            kept[tensor.untyped_storage()._cdata] = tensor
        return tensor

    with torch.enable_grad(), saved_tensors_hooks(keep, lambda tensor: tensor):
        output = model(torch.zeros(shape, device=device, dtype=dtype))
        del output
    return sum(each.untyped_storage().nbytes() for each in kept.values())
