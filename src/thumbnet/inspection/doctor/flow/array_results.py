"""What array operations do to logits, predictions, hits, losses and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow.arithmetic import features, multiplied
from thumbnet.inspection.doctor.flow.values import NOT_CONSTANT, Value, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

SAME = (
    *("to", "cuda", "cpu", "float", "double", "long", "int", "half", "contiguous", "clone"),
    *("requires_grad_", "type", "astype", "copy", "view_as", "expand_as", "pin_memory", "byte"),
    *("asarray", "array", "tensor", "as_tensor", "from_numpy", "flatten", "reshape", "view"),
    *("ravel", "unsqueeze", "type_as", "bfloat16", "expand", "bool", "expand_dims", "constant"),
    *("get", "block_until_ready", "cast"),
)
_NO_GRAPH = ("item", "detach", "numpy", "tolist", "detach_", "stop_gradient")
_ACTIVATIONS = ("softmax", "log_softmax", "sigmoid", "expit")
_ELEMENTWISE = ("maximum", "relu", "tanh", "gelu", "silu", "elu", "leaky_relu", "swish", "add")


def on_logits(
    interpreter: Interpreter, made: Call, name: str, logits: Value, rest: list[Value]
) -> Value | None:
    """Return what an operation makes of a network's outputs."""
    if name in SAME:
        return logits
    if name in _NO_GRAPH:
        if name == "detach":
            interpreter.note("detached", made.node, logits)
        return logits.copy(facts={"graph": False})
    if name == "squeeze":
        return logits.copy(facts={"is_squeezed": True})
    if name in _ACTIVATIONS:
        activation = "sigmoid" if name == "expit" else name
        if activation == "log_softmax" and logits.facts.get("activation") == "softmax":
            interpreter.note("softmax-twice", made.node, logits)
        facts = {"activation": activation, "activation_node": made.node, "is_linear": False}
        return logits.copy(facts=facts)
    if name == "log":
        is_softmax = logits.facts.get("activation") == "softmax"
        known = "log_softmax" if is_softmax else None
        return logits.copy(facts={"activation": known, "is_linear": False})
    if name in ("argmax", "argmin"):
        return _argmax(interpreter, made, logits, _axis(made, rest))
    if name in ("max", "topk", "min"):
        axis = _axis(made, rest) if name != "topk" else Value(constant=-1)
        if axis is None:
            return unknown(logits)
        best = _argmax(interpreter, made, logits, axis if name == "max" else Value(constant=-1))
        return Value("tuple", items=[logits.copy(), best])
    if name in ("eq", "ne", "equal") and rest:
        interpreter.note("hits", made.node, logits, rest[0])
        return unknown(logits, rest[0], kind="hits", node=made.node)
    if name == "size":
        return Value("shape", owner=logits) if not rest else Value("count", facts={"of": "images"})
    if name in ("exp", "clamp", "transpose", "permute", "cat", "index_select", "round"):
        return logits.copy(facts={"activation": None, "is_linear": False})
    if name in ("dot", "matmul"):
        return multiplied(logits, rest[0] if rest else Value(), made.node)
    if name in _ELEMENTWISE:
        return features(logits, made.node)
    return unknown(logits, node=made.node)


def _axis(made: Call, rest: list[Value]) -> Value | None:
    return made.keywords.get("dim") or made.keywords.get("axis") or (rest[0] if rest else None)


def _argmax(interpreter: Interpreter, made: Call, logits: Value, axis: Value | None) -> Value:
    interpreter.note("argmax", made.node, logits, axis=axis)
    return Value("predictions", splits=logits.splits, passes=logits.passes, node=made.node)


def on_hits(
    interpreter: Interpreter, _made: Call, name: str, hits: Value, _rest: list[Value]
) -> Value | None:
    """Return what an operation makes of which answers were right."""
    if name in ("sum", "mean", "item", "count_nonzero", "reduce_mean", "reduce_sum"):
        return score(interpreter, hits)
    if name in (*SAME, *_NO_GRAPH, "squeeze"):
        return hits
    return unknown(hits)


def score(interpreter: Interpreter, *sources: Value) -> Value:
    """Return an accuracy or a count of right answers, made here of these."""
    result = unknown(*sources, kind="score")
    loop = next((loop for loop in reversed(interpreter.loops) if loop.over_batches), None)
    result.facts = {"batch_loop": loop, "graph": False, "pass_loops": tuple(interpreter.loops)}
    return result


def on_metric(
    interpreter: Interpreter, made: Call, name: str, metric: Value, _rest: list[Value]
) -> Value | None:
    """Return what an operation makes of a loss or a score."""
    if name in _NO_GRAPH:
        return metric.copy(facts={"graph": False}, constant=NOT_CONSTANT)
    if name in ("mean", "sum"):
        facts: dict[str, Any] = {}
        if metric.facts.get("reduction") == "none":
            facts["reduction"] = name
        return metric.copy(facts=facts)
    if name in ("argmax", "argmin", "max", "min"):
        interpreter.note("choice-call", made.node, metric, metric)
        return metric.copy()
    return metric


def on_labels(
    interpreter: Interpreter, made: Call, name: str, labels: Value, rest: list[Value]
) -> Value | None:
    """Return what an operation makes of labels or predicted labels."""
    if name in ("eq", "ne", "equal") and rest:
        interpreter.note("hits", made.node, labels, rest[0])
        return unknown(labels, rest[0], kind="hits", node=made.node)
    if name == "size" or name == "numel":
        is_batch = "loader" in labels.facts or bool(labels.facts.get("is_slice"))
        return Value("count", facts={"of": "images", "is_total": not is_batch})
    if name in ("argmax", "max") or name in (*SAME, *_NO_GRAPH, "squeeze"):
        return labels
    return unknown(labels)
