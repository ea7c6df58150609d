"""The reach of what moves over an axis: convolutions, poolings, interpolation.

See ``thumbnet.inspection.reach``; a reach is ``(R, N, C, *axes)`` here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from thumbnet.inspection.operations import Call, run_on, windows_of
from thumbnet.inspection.receptive_field import Window

NOTHING = -math.inf


def grouped(reach: Tensor, num_groups: int) -> Tensor:
    """Return ``(R, N, groups, C / groups, *axes)``."""
    return reach.reshape(*reach.shape[:2], num_groups, -1, *reach.shape[3:])


def convolved(call: Call, reach: Tensor) -> Tensor:
    """Union over a group's channels, then over the window."""
    groups, output = call.arguments["groups"], call.outputs[0]
    windows = windows_of(call)
    assert windows is not None
    by_group = grouped(reach, groups).amax(3)
    if call.arguments["transposed"]:
        for axis, window in enumerate(windows):
            by_group = _spread_apart(by_group, axis - len(windows), window.stride)
        # On values that are spread apart it is a plain convolution of stride 1.
        windows = tuple(
            Window(each.kernel, 1, each.extent - 1 - each.before, 0, each.dilation)
            for each in windows
        )
    seen = windowed(by_group, windows, output.shape)
    each_channel = seen[:, :, :, None].expand(
        -1, -1, -1, output.shape[1] // groups, *seen.shape[3:]
    )
    return each_channel.flatten(2, 3)


def _spread_apart(reach: Tensor, dim: int, stride: int) -> Tensor:
    """Put ``stride - 1`` values that see nothing between each two."""
    moved = reach.movedim(dim, -1)
    length = moved.shape[-1]
    apart = moved.new_full((*moved.shape[:-1], length, stride), NOTHING)
    apart[..., 0] = moved
    return apart.flatten(-2)[..., : (length - 1) * stride + 1].movedim(-1, dim)


def windowed(reach: Tensor, windows: Sequence[Window], shape: Sequence[int]) -> Tensor:
    """Return the union over each place of windows along the last axes, one axis at a time."""
    for axis, window in enumerate(windows, start=-len(windows)):
        length = reach.shape[axis]
        needed = (shape[axis] - 1) * window.stride + window.extent
        # Behind the values as much as the places need: right for ceil_mode and left-over values.
        pads = [0, 0] * (-axis - 1) + [window.before, needed - length - window.before]
        padded = functional.pad(reach, pads, value=NOTHING)
        steps = [
            padded.narrow(axis, tap * window.dilation, needed - window.extent + 1)
            for tap in range(window.kernel)
        ]
        total = steps[0]
        for step in steps[1:]:
            total = torch.maximum(total, step)
        reach = total.index_select(axis, torch.arange(0, total.shape[axis], window.stride))
    return reach


def adaptively_pooled(reach: Tensor, lengths: Sequence[int]) -> Tensor:
    """Return the union over windows that divide an axis into ``lengths`` parts, nearly alike."""
    for axis, count in enumerate(lengths, start=-len(lengths)):
        length = reach.shape[axis]
        starts = [index * length // count for index in range(count)]
        stops = [-(-(index + 1) * length // count) for index in range(count)]
        parts = [
            reach.narrow(axis, start, stop - start).amax(axis, keepdim=True)
            for start, stop in zip(starts, stops, strict=True)
        ]
        reach = torch.cat(parts, axis)
    return reach


def interpolated(call: Call, reach: Tensor) -> Tensor:
    """Ask the operation which values each place is made of, along one axis at a time."""
    rank = reach.dim() - 3
    for axis in range(-rank, 0):
        length = reach.shape[axis]
        along_axis = [length if each == axis else 1 for each in range(-rank, 0)]
        one_hot = torch.eye(length).reshape(1, length, *along_axis)
        one_hot = one_hot.expand(1, length, *call.first.shape[2:]).contiguous()
        made = run_on(call, one_hot).movedim(axis, -1)
        weights = made.reshape(length, -1, made.shape[-1])[:, 0]
        parts = torch.where(weights != 0, reach.movedim(axis, -1)[..., None], NOTHING)
        reach = parts.amax(-2).movedim(-1, axis)
    return reach
