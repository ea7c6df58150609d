"""Pictures of one or three colours in front of a graph that takes one kind."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from thumbnet.frame import LUMA_16_BIT

_TAKEN = "taken"


def accept_any(model: onnx.ModelProto, *, is_grey: bool) -> None:
    """Let a graph take uint8 ``(N, H, W, C)``, C 1 or 3, in place of what it was traced with.

    Args:
        model: changed in place; its input was traced as ``(N, H, W)`` or ``(N, H, W, 3)``.
        is_grey: which of these; grey is made as ``thumbnet.frame.to_grey`` does.
    """
    graph = model.graph
    (pixels,) = graph.input
    _rename(graph, pixels.name, _TAKEN)
    _name_axes(graph)
    del pixels.type.tensor_type.shape.dim[3:]
    pixels.type.tensor_type.shape.dim.add().dim_param = "C"
    before = _grey(pixels.name) if is_grey else _colours(pixels.name)
    for index, node in enumerate(before):
        graph.node.insert(index, node)
    # Shapes of what lies between still speak of the old names, and nobody needs them.
    del graph.value_info[:]


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name == old:
                node.input[index] = new
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _rename(attribute.g, old, new)


def _name_axes(graph: onnx.GraphProto) -> None:
    axes = graph.input[0].type.tensor_type.shape.dim
    own = {axis.dim_param: name for axis, name in zip(axes[:3], "NHW", strict=True)}
    for value in [*graph.input, *graph.output]:
        for axis in value.type.tensor_type.shape.dim:
            if axis.dim_param in own:
                axis.dim_param = own[axis.dim_param]


def _colours(pixels: str) -> list[onnx.NodeProto]:
    """Three colours: RGB as it is, grey repeated."""
    return [
        _constant("three_colours", np.array([1, 1, 1, 3])),
        helper.make_node("Expand", [pixels, "three_colours"], [_TAKEN]),
    ]


def _grey(pixels: str) -> list[onnx.NodeProto]:
    """One colour: grey as it is, RGB weighed."""
    same = helper.make_graph(
        [
            _constant("last_axis", np.array([3])),
            helper.make_node("Squeeze", [pixels, "last_axis"], ["grey_as_it_is"]),
        ],
        "grey",
        [],
        [helper.make_tensor_value_info("grey_as_it_is", TensorProto.UINT8, None)],
    )
    weighed = helper.make_graph(
        [
            helper.make_node("Cast", [pixels], ["rgb"], to=TensorProto.INT32),
            _constant("luma", np.array(LUMA_16_BIT, np.int32)),
            helper.make_node("Mul", ["rgb", "luma"], ["rgb_weighed"]),
            _constant("colour_axis", np.array([3])),
            helper.make_node("ReduceSum", ["rgb_weighed", "colour_axis"], ["sum"], keepdims=0),
            _constant("half", np.array(2**15, np.int32)),
            helper.make_node("Add", ["sum", "half"], ["sum_and_half"]),
            _constant("whole", np.array(2**16, np.int32)),
            helper.make_node("Div", ["sum_and_half", "whole"], ["luma_8_bit"]),
            helper.make_node("Cast", ["luma_8_bit"], ["grey_of_rgb"], to=TensorProto.UINT8),
        ],
        "rgb",
        [],
        [helper.make_tensor_value_info("grey_of_rgb", TensorProto.UINT8, None)],
    )
    return [
        helper.make_node("Shape", [pixels], ["num_colours"], start=3, end=4),
        _constant("one", np.array([1])),
        helper.make_node("Equal", ["num_colours", "one"], ["is_grey"]),
        helper.make_node("If", ["is_grey"], [_TAKEN], then_branch=same, else_branch=weighed),
    ]


def _constant(name: str, value: np.ndarray) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value, name))
