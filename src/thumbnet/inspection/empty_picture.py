"""What a picture without anything on it looks like: what hiding and comparing start from."""

from __future__ import annotations

import torch
from torch import Tensor

from thumbnet.models.folder import ModelInput

# A JPEG's even background still varies by some levels.
_EVEN_LEVELS, _EVEN_SHARE = 8, 0.9
_MIDDLE = 127.5


def empty_colours(images: Tensor, spec: ModelInput) -> Tensor:
    """Return the colour of an empty picture for each of ``images``.

    Black where the model frames glyphs as MNIST's, whose paper is black; else the colour of the
    picture's own edge where nine tenths of it are even, as on scans and drawings; else the mean
    colour that the model subtracts, or the middle of the range where it subtracts none.

    Args:
        images: uint8 ``(N, C, H, W)``.
        spec: the input of the model that they are for.

    Returns:
        float32 ``(N, C)`` in [0, 255].
    """
    num_images, channels = images.shape[:2]
    if spec.frame == "mnist":
        return torch.zeros(num_images, channels)
    mean = torch.tensor(spec.mean or (_MIDDLE / spec.scale,)) * spec.scale
    edge = torch.cat(
        [images[:, :, 0], images[:, :, -1], images[:, :, 1:-1, 0], images[:, :, 1:-1, -1]], dim=2
    ).float()
    middle = edge.median(dim=2).values
    is_near = ((edge - middle[:, :, None]).abs() <= _EVEN_LEVELS).all(1)
    is_even = is_near.float().mean(1) >= _EVEN_SHARE
    return torch.where(is_even[:, None], middle, mean.expand(num_images, channels))
