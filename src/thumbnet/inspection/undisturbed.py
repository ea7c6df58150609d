"""Running a network without leaving a trace in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def undisturbed(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Put ``model`` into a mode for the block; afterwards all is as it was.

    Each module's own mode, the buffers (batch norm counts and averages in training mode) and the
    state of the random generators are restored. Parameters and their gradients are the caller's
    care: a forward pass changes neither.
    """
    modes = [(module, module.training) for module in model.modules()]
    buffers = [
        (module, name, buffer, buffer.clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
        if buffer is not None
    ]
    devices = {tensor.device for tensor in [*model.parameters(), *model.buffers()]}
    gpus = [device for device in devices if device.type == "cuda"]
    with torch.random.fork_rng(devices=gpus):
        try:
            model.train(training)
            yield
        finally:
            for module, mode in modes:
                module.training = mode
            _restore(buffers)


@torch.no_grad()
def _restore(buffers: list[tuple[nn.Module, str, Tensor, Tensor]]) -> None:
    for module, name, buffer, before in buffers:
        module._buffers[name] = buffer.copy_(before)


@contextmanager
def plain_operations() -> Iterator[None]:
    """Let PyTorch compute in many plain operations, which can be followed, and in no fused ones."""
    from torch.backends import cudnn, mha, mkldnn
    from torch.nn.attention import SDPBackend, sdpa_kernel

    was_fast, was_enabled = mha.get_fastpath_enabled(), mkldnn.enabled
    try:
        mha.set_fastpath_enabled(False)
        # Not by its context manager, which also sets what a CPU may lack, with a warning.
        mkldnn.enabled = False  # type: ignore[assignment]
        with cudnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        mha.set_fastpath_enabled(was_fast)
        mkldnn.enabled = was_enabled
