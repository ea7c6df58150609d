"""Which pixels each value of a tensor depends on, exactly, through one tensor operation.

The *reach* of a tensor is a float32 tensor ``(R, *shape)``. Along each axis of the picture it has
two rows: minus the first pixel that a value depends on, and the last pixel. So the reach of a value
that is computed from several others is the largest of theirs, row by row. A value that depends on
no pixel has -∞ there, and one of which that is not known +∞, which all that follow inherit.

Zero weights, and gradients that happen to vanish, count as dependence; padding does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from thumbnet.inspection.operations import MATRIX_PRODUCTS, PADS, POOLS, Call, run_on, windows_of
from thumbnet.inspection.reach_windows import (
    NOTHING,
    adaptively_pooled,
    convolved,
    grouped,
    interpolated,
    windowed,
)

UNKNOWN = math.inf

Look = Callable[[Tensor], Tensor]
"""Gives a tensor's reach."""

COPIES = frozenset(("_to_copy", "_unsafe_view", "alias", "clone", "copy", "detach", "lift_fresh"))
_LIKE_POINTWISE = (
    COPIES
    | {"_prelu_kernel", "hardswish", "masked_scatter", "native_dropout", "rrelu_with_noise"}
    | {"tril", "triu"}
)
_FILLS = frozenset(("fill", "zero"))
_MOVES = (
    (PADS - {"constant_pad_nd"})
    | {"cat", "channel_shuffle", "flip", "gather", "im2col", "index", "index_select"}
    | {"native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle", "repeat", "roll", "stack"}
    | {"unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes"}
)
_REDUCTIONS = (
    frozenset(("all", "amax", "amin", "aminmax", "any", "argmax", "argmin", "logsumexp", "max"))
    | {"linalg_vector_norm", "mean", "median", "min", "nanmean", "nansum", "norm", "prod"}
    | {"std", "std_mean", "sum", "var", "var_mean"}
)
_MIXES = frozenset(("_log_softmax", "_safe_softmax", "_softmax", "sort", "topk"))
_CUMULATIVE = frozenset(("cummax", "cummin", "cumprod", "cumsum", "logcumsumexp"))
_ONE_OPERAND = (
    (_REDUCTIONS | _MIXES | _CUMULATIVE | POOLS)
    | {"constant_pad_nd", "convolution", "_fused_rms_norm", "glu", "log_sigmoid_forward"}
    | {"native_group_norm", "native_layer_norm"}
)
# im2col pads with zeros, which would be taken for the first pixel: pixels are moved away from it.
_AWAY = 2.0**20


def spread(call: Call, look: Look) -> list[Tensor] | None:
    """Return the reach of each output of ``call``, or None if the operation is not known."""
    name = call.name
    if name in _FILLS:
        found = torch.full_like(look(call.first), NOTHING)
    elif call.is_pointwise or name in _LIKE_POINTWISE:
        sources = [call.arguments["src"]] if name == "copy" else call.inputs
        return [_union(sources, look, output) for output in call.outputs]
    elif name in _MOVES:
        return _moved(call, look)
    elif name in MATRIX_PRODUCTS:
        found = _product(call, look)
    elif name == "embedding":
        found = look(call.arguments["indices"])[..., None]
    elif _is_known(name) and not _depend(call.inputs[1:], look):
        found = _of_operand(call, look(call.first))
    else:
        return None
    return [_fitted(found, output) for output in call.outputs]


def _is_known(name: str) -> bool:
    families = ("adaptive", "upsample", "batch_norm")
    return name in _ONE_OPERAND or any(family in name for family in families)


def _depend(tensors: Sequence[Tensor], look: Look) -> bool:
    """Return whether a tensor that should be a weight or an index depends on the picture."""
    return any(bool((look(tensor) > NOTHING).any()) for tensor in tensors)


def _fitted(reach: Tensor, output: Tensor) -> Tensor:
    """Return a reach in the shape of ``output``; for statistics beside the result, all of it."""
    shape = (len(reach), *output.shape)
    if reach.dim() == len(shape) and all(
        length in (1, wanted) for length, wanted in zip(reach.shape, shape, strict=True)
    ):
        return reach.expand(shape)
    everything = reach[..., None].flatten(1).amax(1)
    return everything.reshape(len(reach), *[1] * output.dim()).expand(shape)


def _union(tensors: Sequence[Tensor], look: Look, output: Tensor) -> Tensor:
    """Return what each value depends on when it is computed from those at its place."""
    total: Tensor | None = None
    for tensor in tensors:
        reach = look(tensor)
        missing = output.dim() - tensor.dim()
        reach = reach.reshape(len(reach), *[1] * missing, *tensor.shape)
        total = reach if total is None else torch.maximum(total, reach)
    assert total is not None
    return total.expand(len(total), *output.shape)


def _moved(call: Call, look: Look) -> list[Tensor] | None:
    """Let the operation move the reach as it moves the values."""
    operand = next(iter(call.arguments.values()))
    moved = operand if isinstance(operand, (list, tuple)) else [operand]
    if _depend(call.inputs[len(moved) :], look):
        return None
    rows: list[list[Tensor]] = []
    for row in range(len(look(moved[0]))):
        reaches = [look(tensor)[row] + _AWAY for tensor in moved]
        result = run_on(call, reaches if moved is operand else reaches[0])
        rows.append([result] if isinstance(result, Tensor) else list(result))
    # Values between 0 and the nearest pixel are what a padding put in.
    stacked = [torch.stack(list(parts)) for parts in zip(*rows, strict=True)]
    return [torch.where(part == 0, NOTHING, part - _AWAY) for part in stacked]


def _product(call: Call, look: Look) -> Tensor:
    """Rows of the first factor by columns of the second, and what is added to the product."""
    left = call.first
    position = next(i for i, tensor in enumerate(call.inputs) if tensor is left)
    added, right = call.inputs[:position], call.inputs[position + 1]
    if call.name == "linear":
        added, right = call.inputs[2:], right.t()
    rows = look(left).amax(-1)
    # A vector has no columns, and then the product has none.
    columns = look(right).amax(-1 if right.dim() == 1 else -2)
    if right.dim() == 1:
        columns = columns.reshape(len(columns), *[1] * (rows.dim() - 1))
    else:
        rows, columns = rows[..., None], columns[..., None, :]
    total = torch.maximum(rows, columns)
    if call.name == "addbmm":
        total = total.amax(1)
    for tensor in added:
        total = torch.maximum(total, _union([tensor], look, call.outputs[0]))
    return total


def _of_operand(call: Call, reach: Tensor) -> Tensor:
    """Return the reach where only the operand depends on the picture, and no weight."""
    name, values = call.name, call.arguments
    if name == "convolution":
        return convolved(call, reach)
    if "upsample" in name:
        return interpolated(call, reach)
    if name in POOLS or name in PADS:
        windows = windows_of(call)
        assert windows is not None
        return windowed(reach, windows, call.outputs[0].shape)
    if "adaptive" in name:
        return adaptively_pooled(reach, values["output_size"])
    if "norm" in name and name not in _REDUCTIONS:
        return _normalised(call, reach)
    if name == "log_sigmoid_forward":
        return reach
    return _along_dimensions(call, reach)


def _normalised(call: Call, reach: Tensor) -> Tensor:
    """Let each value depend on all whose mean and deviation it is divided by."""
    name, values = call.name, call.arguments
    if name == "native_group_norm":
        groups = grouped(reach, values["group"]).flatten(3)
        return groups.amax(3, keepdim=True).expand_as(groups).reshape(reach.shape)
    if "normalized_shape" in values:
        dims = list(range(-len(values["normalized_shape"]), 0))
    else:
        is_training = values.get("training", name.endswith("no_stats"))
        uses_batch = is_training or values.get("running_mean") is None
        dims = [1, *range(3, reach.dim())] if uses_batch else []
    return reach.amax(dims, keepdim=True).expand_as(reach) if dims else reach


def _along_dimensions(call: Call, reach: Tensor) -> Tensor:
    """Reductions and the like: over one dimension, several, or all if none is named."""
    dim = call.arguments.get("dim")
    dims = [dim] if isinstance(dim, int) else list(dim or range(reach.dim() - 1))
    dims = [each + 1 if each >= 0 else each for each in dims]
    if call.name in _CUMULATIVE:
        return reach.cummax(dims[0]).values
    if call.name == "glu":
        first, second = reach.chunk(2, dims[0])
        return torch.maximum(first, second)
    return reach.amax(dims, keepdim=call.name in _MIXES or bool(call.arguments.get("keepdim")))
