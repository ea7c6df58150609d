"""Copying a network's weights to one that was written independently of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Copy parameters and buffers in order of definition, after making each buffer telling."""
    for name, buffer in source.named_buffers():
        if "running" in name:
            buffer.uniform_(0.5, 1.5)
    ours, theirs = list(source.state_dict().values()), list(target.state_dict().values())
    assert [tuple(value.shape) for value in ours] == [tuple(value.shape) for value in theirs]
    for value, copied in zip(theirs, ours, strict=True):
        value.copy_(copied)


def outputs(
    model: nn.Module, twin: nn.Module, shape: tuple[int, ...], num_images: int = 5
) -> tuple[Tensor, Tensor]:
    """Return what the two, with the same weights and in evaluation mode, make of one batch."""
    copy_weights(model, twin)
    images = torch.rand(num_images, *shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return model.eval()(images), twin.eval()(images)
