"""A tiny recogniser that obeys the contract of exported files: the mean pixel decides.

Class "light" has the probability mean / 255; what was seen is the mean everywhere.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from thumbnet.inference.model_file import seal

NAMES = ["dark", "light"]
THRESHOLD = 0.75


def metadata(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "format": 1,
        "thumbnet_version": "0.1",
        "class_names": NAMES,
        "input": {"channels": 1, "size_px": 28, "frame": "mnist"},
        "temperature": 1.0,
        "refusal_threshold": THRESHOLD,
        "recipe": None,
        "trained_on": {},
        "model_sha256": "0" * 64,
        "opset": 18,
        "certificate": {"num_test": 1, "label_agreement": 1.0},
        "card": "# A card",
        "made": "2025-01-01T00:00:00Z",
    }
    return values | changes


def model(*, channels: int = 1, threshold: float = THRESHOLD, **changes: Any) -> onnx.ModelProto:
    """Return the stand-in, unsealed; ``changes`` are of its metadata."""
    seen = (1, 28, 28) if channels == 1 else (1, 8, 8, 3)
    constants = {
        "axes": np.array([1, 2, 3]),
        "full": np.float32(255),
        "one": np.float32(1),
        "last": np.array([1]),
        "threshold": np.float32(threshold),
        "seen_axes": np.array([1, 2, 3][: len(seen) - 1]),
        "cells": np.ones(seen, np.float32),
    }
    node = helper.make_node
    nodes = [
        node("Cast", ["pixels"], ["values"], to=TensorProto.FLOAT),
        node("ReduceMean", ["values", "axes"], ["mean"], keepdims=0),
        node("Div", ["mean", "full"], ["light"]),
        node("Sub", ["one", "light"], ["dark"]),
        node("Unsqueeze", ["light", "last"], ["light_column"]),
        node("Unsqueeze", ["dark", "last"], ["dark_column"]),
        node("Concat", ["dark_column", "light_column"], ["probabilities"], axis=1),
        node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
        node("ReduceMax", ["probabilities", "last"], ["probability"], keepdims=0),
        node("Identity", ["probability"], ["score"]),
        node("Less", ["score", "threshold"], ["refused"]),
        node("Unsqueeze", ["mean", "seen_axes"], ["mean_cell"]),
        node("Mul", ["mean_cell", "cells"], ["seen_values"]),
        node("Cast", ["seen_values"], ["seen"], to=TensorProto.UINT8),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [value("pixels", TensorProto.UINT8, ["N", "H", "W", "C"])],
        [
            value("label", TensorProto.INT64, ["N"]),
            value("probability", TensorProto.FLOAT, ["N"]),
            value("probabilities", TensorProto.FLOAT, ["N", 2]),
            value("refused", TensorProto.BOOL, ["N"]),
            value("score", TensorProto.FLOAT, ["N"]),
            value("seen", TensorProto.UINT8, ["N", *seen[1:]]),
        ],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    shape = {"channels": channels, "size_px": seen[1], "frame": "mnist"}
    if channels == 3:
        shape["frame"] = "resize"
    entry = made.metadata_props.add()
    entry.key, entry.value = "thumbnet", json.dumps(metadata(**{"input": shape} | changes))
    return made


def sealed(made: onnx.ModelProto | None = None, **changes: Any) -> bytes:
    """Return the bytes of a sealed file, of the stand-in by default."""
    return seal((made or model(**changes)).SerializeToString())
