"""What one tensor operation does: its arguments by name, its windows, its multiply-adds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map_only

from thumbnet.inspection.receptive_field import Window

POOLS = frozenset(
    f"{kind}_pool{rank}d{tail}"
    for rank in (1, 2, 3)
    for kind, tail in (("max", ""), ("max", "_with_indices"), ("avg", ""))
)
PADS = frozenset(
    ["constant_pad_nd", *(f"{k}_pad{r}d" for k in ("reflection", "replication") for r in (1, 2, 3))]
)
MATRIX_PRODUCTS = frozenset(
    ("addbmm", "addmm", "addmv", "baddbmm", "bmm", "dot", "linear", "mm", "mv")
)

# What an operation is called by people, where the library's own name says how it is done.
_NAMES = {
    "_adaptive_avg_pool2d": "adaptive_avg_pool2d",
    "_adaptive_avg_pool3d": "adaptive_avg_pool3d",
    "addmm": "linear",
    "baddbmm": "matmul",
    "bmm": "matmul",
    "constant_pad_nd": "pad",
    "convolution": "conv",
    "max_pool2d_with_indices": "max_pool2d",
    "max_pool3d_with_indices": "max_pool3d",
    "mm": "matmul",
    "native_batch_norm": "batch_norm",
    "native_group_norm": "group_norm",
    "native_layer_norm": "layer_norm",
    "_safe_softmax": "softmax",
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
}


@dataclass
class Call:
    """One operation as it ran.

    Attributes:
        function: the operation of PyTorch's ``aten`` or another library.
        arguments: by the names of its schema, those left out with their defaults.
        outputs: the tensors that it gave.
    """

    function: Any
    arguments: dict[str, Any]
    outputs: list[Tensor]
    inputs: list[Tensor] = field(init=False)

    def __post_init__(self) -> None:
        leaves = tree_leaves(list(self.arguments.values()))
        self.inputs = [leaf for leaf in leaves if isinstance(leaf, Tensor)]

    @classmethod
    def bind(cls, function: Any, args: Sequence[Any], kwargs: dict[str, Any], result: Any) -> Call:
        """Give each argument the name that it has in the operation's schema."""
        values = {}
        for position, argument in enumerate(function._schema.arguments):
            if position < len(args):
                values[argument.name] = args[position]
            else:
                default = argument.default_value if argument.has_default_value() else None
                values[argument.name] = kwargs.get(argument.name, default)
        return cls(function, values, [x for x in tree_leaves(result) if isinstance(x, Tensor)])

    @property
    def name(self) -> str:
        """The operation without its library, overload and mark of writing in place."""
        name: str = self.function._schema.name.rpartition("::")[2]
        return name.removesuffix("_") if self.writes else name

    @property
    def title(self) -> str:
        """The name for people."""
        return _NAMES.get(self.name, self.name)

    @property
    def writes(self) -> bool:
        """Whether it changes one of its arguments."""
        return bool(self.function._schema.is_mutable)

    @property
    def is_view(self) -> bool:
        """Whether its outputs are the first tensor's values in other shapes, none of them changed.

        That is asked of the memory, since an operation such as ``contiguous`` may do either.
        """
        if self.writes and torch.Tag.inplace_view not in self.function.tags:
            return False
        own = self.inputs[0].untyped_storage()._cdata
        return all(each.untyped_storage()._cdata == own for each in self.outputs)

    @property
    def is_pointwise(self) -> bool:
        """Whether each value depends on the values at its own place only."""
        return torch.Tag.pointwise in self.function.tags

    @property
    def first(self) -> Tensor:
        """The operand: the first tensor, but where a product is added to it, the one behind it."""
        for name in ("mat1", "batch1", "mat"):
            if name in self.arguments:
                factor: Tensor = self.arguments[name]
                return factor
        return self.inputs[0]


def windows_of(call: Call) -> tuple[Window, ...] | None:
    """Return how an operation moves along the last dimensions of its input; None if it does not."""
    values, shape = call.arguments, call.first.shape if call.inputs else ()
    if call.name in PADS:
        return _pads(values["pad" if "pad" in values else "padding"])
    if call.name in POOLS:
        rank = int(call.name[len("max_pool")])
        kernel = _per_axis(values["kernel_size"], rank)
        stride = _per_axis(values["stride"] or kernel, rank)
        padding, dilation = (_per_axis(values.get(k) or default, rank) for k, default in _DEFAULTS)
        ceil = bool(values.get("ceil_mode"))
        return tuple(
            Window(k, s, p, p, d, ceil=ceil)
            for k, s, p, d in zip(kernel, stride, padding, dilation, strict=True)
        )
    if call.name == "convolution":
        kernel = list(values["weight"].shape[2:])
        rank = len(kernel)
        lists = (values[k] for k in ("stride", "padding", "dilation", "output_padding"))
        stride, padding, dilation, extra = (_per_axis(each, rank) for each in lists)
        return tuple(
            Window(k, s, p, p, d, values["transposed"], e if values["transposed"] else 0)
            for k, s, p, d, e in zip(kernel, stride, padding, dilation, extra, strict=True)
        )
    if "adaptive" in call.name and "pool" in call.name:
        lengths = shape[-len(values["output_size"]) :]
        pairs = list(zip(lengths, values["output_size"], strict=True))
        if all(old % new == 0 for old, new in pairs):
            return tuple(Window(old // new, old // new) for old, new in pairs)
    return None


def run_on(call: Call, operand: Any) -> Any:
    """Run the operation once more, on the CPU, with ``operand`` as its first argument."""
    schema = call.function._schema.arguments
    values = tree_map_only(Tensor, Tensor.cpu, {**call.arguments, schema[0].name: operand})
    args = [values[each.name] for each in schema if not each.kwarg_only]
    return call.function(*args, **{x.name: values[x.name] for x in schema if x.kwarg_only})


_DEFAULTS = (("padding", [0]), ("dilation", [1]))


def _per_axis(values: Sequence[int] | int, rank: int) -> list[int]:
    """Return one number for each axis; the library takes a single one for all of them."""
    values = [values] if isinstance(values, int) else list(values)
    return values * rank if len(values) == 1 else values


def _pads(flat: Sequence[int]) -> tuple[Window, ...]:
    """Return windows of one value; the library lists the last axis first."""
    pairs = list(zip(flat[::2], flat[1::2], strict=True))
    return tuple(Window(1, 1, before, after) for before, after in reversed(pairs))


def multiply_adds(call: Call) -> int:
    """Return how often an operation multiplies two values and adds the product to a sum.

    Counted are convolutions and products of matrices. A bias, which is added once to each output,
    is not, nor are norms, activations, poolings and sums.
    """
    if call.name == "convolution":
        weight: Tensor = call.arguments["weight"]
        # Either side of a transposed convolution has the shape of the other's plain one.
        places = call.first if call.arguments["transposed"] else call.outputs[0]
        return math.prod(places.shape) * math.prod(weight.shape[1:])
    if call.name in MATRIX_PRODUCTS:
        return math.prod(call.first.shape) * _num_columns(call)
    return 0


def _num_columns(call: Call) -> int:
    """Return how many outputs each value of the first operand goes into."""
    if call.name in ("addmv", "dot", "mv"):
        return 1
    return int(call.outputs[0].shape[-1])
