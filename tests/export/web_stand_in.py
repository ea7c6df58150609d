"""A small recogniser that keeps the contract of the exported ones, and drawings for it.

It compares the ink, shrunk to 28×28, with ten drawn digits; what resembles none of them is refused.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageDraw

from browser import Stroke
from thumbnet.inference.model_file import seal

# One stroke each, in units of the paper's side.
DIGITS: list[Stroke] = [
    [(0.5, 0.2), (0.32, 0.35), (0.32, 0.65), (0.5, 0.8), (0.68, 0.65), (0.68, 0.35), (0.5, 0.2)],
    [(0.5, 0.18), (0.5, 0.82)],
    [(0.32, 0.32), (0.5, 0.2), (0.66, 0.34), (0.32, 0.8), (0.7, 0.8)],
    [(0.34, 0.2), (0.66, 0.2), (0.48, 0.46), (0.68, 0.64), (0.5, 0.8), (0.32, 0.74)],
    [(0.58, 0.82), (0.58, 0.2), (0.3, 0.62), (0.74, 0.62)],
    [(0.68, 0.2), (0.36, 0.2), (0.36, 0.46), (0.62, 0.5), (0.66, 0.68), (0.34, 0.8)],
    [(0.62, 0.2), (0.38, 0.5), (0.38, 0.75), (0.6, 0.8), (0.64, 0.58), (0.4, 0.58)],
    [(0.3, 0.2), (0.7, 0.2), (0.44, 0.82)],
    [(0.5, 0.5), (0.34, 0.34), (0.5, 0.2), (0.66, 0.34), (0.34, 0.68), (0.5, 0.8), (0.66, 0.68)],
    [(0.64, 0.4), (0.4, 0.42), (0.38, 0.24), (0.64, 0.22), (0.64, 0.4), (0.56, 0.82)],
]
SCRIBBLE: Stroke = [(0.1 + 0.8 * (i % 2), 0.1 + 0.1 * i) for i in range(9)]
THRESHOLD = 0.55


def paint(strokes: list[Stroke], side_px: int) -> np.ndarray:
    """Return strokes as black on white, uint8 ``(side, side, 1)``."""
    image = Image.new("L", (side_px, side_px), 255)
    draw = ImageDraw.Draw(image)
    radius = 0.0375 * side_px
    for stroke in strokes:
        points = [(x * side_px, y * side_px) for x, y in stroke]
        draw.line(points, fill=0, width=round(2 * radius), joint="curve")
        for x, y in points:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    return np.asarray(image)[:, :, None].copy()


def wobbly(stroke: Stroke, seed: int) -> Stroke:
    """Return the stroke as another hand, of this seed, would draw it."""
    generator = np.random.default_rng(seed)
    points = np.array(stroke) * generator.uniform(0.7, 1.2) + generator.uniform(-0.1, 0.1, 2)
    return [(float(x), float(y)) for x, y in points + generator.normal(0, 0.02, points.shape)]


def write_recogniser(path: Path, class_names: list[str] | None = None, channels: int = 1) -> Path:
    """Write the recogniser; its classes are the ten digits unless named otherwise."""
    names = class_names or [str(digit) for digit in range(10)]
    ink = [255 - paint([stroke], 28).reshape(-1).astype(np.float32) for stroke in DIGITS]
    templates = np.stack(ink, axis=1) / np.linalg.norm(ink, axis=1).clip(1)
    constants = {
        "templates": templates[:, np.arange(len(names)) % 10].astype(np.float32),
        "white": np.array(255, np.float32),
        "tiny": np.array(1e-3, np.float32),
        "sharpness": np.array(12, np.float32),
        "threshold": np.array(THRESHOLD, np.float32),
        "zero": np.array(0, np.float32),
        "one": np.array(1, np.float32),
        "channel": np.array([3], np.int64),
        "side": np.array([1, 28, 28], np.int64),
        "last": np.array([1], np.int64),
        "flat": np.array([0, -1], np.int64),
        "picture": np.array([0, 28, 28] if channels == 1 else [0, 28, 28, 1], np.int64),
        "colours": np.array([1, 1, 1] if channels == 1 else [1, 1, 1, 3], np.int64),
    }
    nodes = [
        _node("Cast", "pixels", "float", to=TensorProto.FLOAT),
        _node("ReduceMean", "float channel", "grey", keepdims=0),
        _node("Sub", "white grey", "dark"),
        _node("Unsqueeze", "dark last", "planes"),
        _node("Shape", "pixels", "num", start=0, end=1),
        _node("Concat", "num side", "shape", axis=0),
        _node("Resize", "planes   shape", "small", mode="linear", antialias=1),
        _node("Reshape", "small flat", "row"),
        _node("ReduceL2", "row last", "norm"),
        _node("Max", "norm tiny", "safe"),
        _node("MatMul", "row templates", "products"),
        _node("Div", "products safe", "cosines"),
        _node("Mul", "cosines sharpness", "logits"),
        _node("ArgMax", "logits", "label", axis=1, keepdims=0),
        _node("Softmax", "logits", "probabilities", axis=1),
        _node("ReduceMax", "probabilities last", "probability", keepdims=0),
        _node("ReduceMax", "cosines last", "best", keepdims=0),
        _node("Clip", "best zero one", "score"),
        _node("Less", "score threshold", "refused"),
        _node("Round", "row", "rounded"),
        _node("Clip", "rounded zero white", "clipped"),
        _node("Cast", "clipped", "bytes", to=TensorProto.UINT8),
        _node("Reshape", "bytes picture", "shown"),
        _node("Expand", "shown colours", "seen"),
    ]
    value = helper.make_tensor_value_info
    outputs = [
        value("label", TensorProto.INT64, ["N"]),
        value("probability", TensorProto.FLOAT, ["N"]),
        value("probabilities", TensorProto.FLOAT, ["N", len(names)]),
        value("refused", TensorProto.BOOL, ["N"]),
        value("score", TensorProto.FLOAT, ["N"]),
        value("seen", TensorProto.UINT8, ["N", 28, 28, *([] if channels == 1 else [3])]),
    ]
    inputs = [value("pixels", TensorProto.UINT8, ["N", "H", "W", "C"])]
    tensors = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "stand-in", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    facts = {
        "format": 1,
        "thumbnet_version": "0.0.0",
        "class_names": names,
        "input": {"channels": channels, "size_px": 28, "frame": "mnist"},
        "temperature": 1.0,
        "refusal_threshold": THRESHOLD,
        "recipe": None,
        "trained_on": {},
        "model_sha256": "0" * 64,
        "opset": 18,
        "certificate": {},
        "card": "",
        "made": "2026-01-01T00:00:00+00:00",
    }
    helper.set_model_props(model, {"thumbnet": json.dumps(facts)})
    path.write_bytes(seal(model.SerializeToString()))
    return path


def _node(kind: str, inputs: str, output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(" "), [output], **attributes)
