"""What array operations do to pictures."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow.arithmetic import binary, multiplied
from thumbnet.inspection.doctor.flow.axes import turned
from thumbnet.inspection.doctor.flow.pictures import UNKNOWN_FACTS
from thumbnet.inspection.doctor.flow.values import Value

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

SHAPES = ("unsqueeze", "squeeze", "expand_dims", "contiguous", "expand", "newaxis")
_SAME = frozenset(
    (
        *("to", "cuda", "cpu", "float", "double", "long", "int", "half", "contiguous", "clone"),
        *("requires_grad_", "type", "astype", "copy", "numpy", "asarray", "array", "tensor"),
        *("as_tensor", "from_numpy", "ascontiguousarray", "float32", "constant", "cast", "detach"),
        *("squeeze", "expand", "pin_memory", "byte", "Tensor", "tolist", "type_as", "bfloat16"),
        *("asanyarray", "device_put", "convert_to_tensor", "clamp", "clip", "item", "set_shape"),
    )
)
_TURNS = frozenset(
    ("permute", "transpose", "moveaxis", "rollaxis", "swapaxes", "rearrange", "movedim")
)
_STATISTICS = frozenset(("mean", "std", "var", "min", "max", "amin", "amax", "median"))
_ARITHMETIC: dict[str, ast.operator] = {
    "sub": ast.Sub(),
    "sub_": ast.Sub(),
    "subtract": ast.Sub(),
    "div": ast.Div(),
    "div_": ast.Div(),
    "divide": ast.Div(),
    "true_divide": ast.Div(),
    "mul": ast.Mult(),
    "mul_": ast.Mult(),
    "multiply": ast.Mult(),
    "add": ast.Add(),
    "add_": ast.Add(),
}


def operate(
    interpreter: Interpreter, made: Call, name: str, images: Value, rest: list[Value]
) -> Value | None:
    """Return what an operation makes of pictures."""
    if name in _SAME:
        return _same(images, name)
    if name in ("unsqueeze", "expand_dims", "newaxis"):
        return images.copy(facts={"is_single": False})
    if name in ("reshape", "view", "flatten", "ravel"):
        return _reshaped(interpreter, made, images, rest)
    if name in _TURNS:
        return images.copy(facts={"layout": turned(made, name, _layout_of(images), rest)})
    if name in ("dot", "matmul") and rest:
        return multiplied(images, rest[0], made.node)
    if name in _STATISTICS:
        return _statistic(made, name, images, rest)
    if name in _ARITHMETIC and rest:
        return binary(interpreter, made.node, _ARITHMETIC[name], images, rest[0])
    if name == "size":
        is_first = bool(rest) and rest[0].constant == 0
        is_batch = "loader" in images.facts or bool(images.facts.get("is_slice"))
        count = Value("count", facts={"of": "images", "is_total": not is_batch})
        return count if is_first else Value("shape", owner=images)
    if name in ("flip", "fliplr", "flipud", "hflip", "vflip"):
        return _flipped(interpreter, made, name, images, rest)
    if "flip_left_right" in name or "flip_up_down" in name:
        interpreter.note("flip", made.node, images, name=name)
        return images.copy()
    if name in ("repeat", "tile", "repeat_interleave"):
        return _repeated(made, images, rest)
    if name in ("eq", "ne", "sum", "numel", "argmax", "topk", "argmin"):
        return Value(splits=images.splits)
    if name in ("interpolate", "resize"):
        return images.copy(facts={"size_px": None})
    if name == "index_select":
        return images.copy(facts={"is_slice": True, "by_indices": Value(), "is_part": True})
    return images.copy(facts=UNKNOWN_FACTS)


def _layout_of(images: Value) -> str:
    return str(images.facts.get("layout") or "")


def _same(images: Value, name: str) -> Value:
    layout = images.facts.get("layout")
    facts: dict[str, Any] = {}
    if name in ("array", "asarray", "asanyarray", "ascontiguousarray") and layout in (
        *("pil", "pil-colour"),
    ):
        facts["layout"] = "hwc" if layout == "pil-colour" else None
    if name in ("from_numpy", "tensor", "as_tensor", "Tensor"):
        facts["is_torch"] = True
    return images.copy(facts=facts) if facts else images


def _reshaped(interpreter: Interpreter, made: Call, images: Value, rest: list[Value]) -> Value:
    sizes = rest[0].items if len(rest) == 1 and rest[0].items is not None else rest
    numbers = [size.number for size in sizes]
    puts_channels_first = len(numbers) >= 3 and numbers[-3] == 3 and numbers[-1] != 3
    if images.facts.get("layout") == "rows":
        # Each row of CIFAR-10's files has all reds first, then all greens, then all blues.
        is_torn = len(numbers) >= 3 and numbers[-1] == 3 and numbers[-3] != 3
        if is_torn:
            interpreter.note("wrong-reshape", made.node, images)
        return images.copy(facts={"layout": "chw" if puts_channels_first else None})
    if images.facts.get("layout") == "hwc":
        if puts_channels_first:
            interpreter.note("wrong-reshape", made.node, images)
        is_kept = len(numbers) == 4 and numbers[-1] == 3
        return images.copy(facts={"layout": "hwc" if is_kept else None, "is_single": False})
    return images.copy(facts={"is_single": False} if len(numbers) > 1 else {})


def _statistic(made: Call, name: str, images: Value, rest: list[Value]) -> Value:
    axis = made.keywords.get("dim") or made.keywords.get("axis") or (rest[0] if rest else None)
    if axis is not None:
        over = [axis.number] if axis.number is not None else [i.number for i in axis.items or ()]
        if 0 not in over:
            # Of each picture by itself.
            return Value("own-statistic", name=name, splits=images.splits)
    if images.facts.get("is_single") or images.splits == {"own"}:
        return Value("own-statistic", name=name)
    facts = {"is_batch": "loader" in images.facts or bool(images.facts.get("is_slice"))}
    return Value("statistic", name=name, splits=images.splits, facts=facts, node=made.node)


def _flipped(
    interpreter: Interpreter, made: Call, name: str, images: Value, rest: list[Value]
) -> Value:
    axis = made.keywords.get("dims") or made.keywords.get("axis") or (rest[0] if rest else None)
    over = [] if axis is None else [axis.number, *(item.number for item in axis.items or ())]
    is_channels = images.facts.get("bgr") and (-1 in over or 2 in over)
    if is_channels:
        return images.copy(facts={"bgr": False})
    interpreter.note("flip", made.node, images, name=name)
    return images.copy()


def _repeated(made: Call, images: Value, rest: list[Value]) -> Value:
    axis = made.keywords.get("axis") or made.keywords.get("dim")
    if axis is None and made.tail == "repeat" and len(rest) == 2:
        axis = rest[1]
    if axis is not None:
        return images.copy(facts={"copies": True} if axis.number == 0 else {})
    first = rest[0].items[0] if rest and rest[0].items else (rest[0] if rest else Value())
    is_copied = first.number is not None and first.number > 1
    return images.copy(facts={"copies": True} if is_copied else {})
