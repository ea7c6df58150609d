"""Losses and scores in arithmetic: what was summed, and what it was divided by."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow.values import NOT_CONSTANT, Value, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

METRICS = ("loss", "score")
_LEAST_BATCH = 8
# Sizes of whole data sets that are written as a number.
_SET_SIZES = (60_000, 50_000, 10_000, 73_257, 26_032)


def combined(
    interpreter: Interpreter, node: ast.AST, op: ast.operator, left: Value, right: Value
) -> Value:
    """Return the value of ``left op right``, of which one is a loss or a score."""
    metric, other = (left, right) if left.kind in METRICS else (right, left)
    if metric.kind == "score" and other.kind == "loss":
        metric, other = other, metric
    facts: dict[str, Any] = {}
    both = [value for value in (left, right) if value.kind in METRICS]
    if len(both) == 2:
        facts["is_weighted"] = all(value.facts.get("is_weighted") for value in both)
        reductions = {value.facts.get("reduction") for value in both}
        facts["reduction"] = reductions.pop() if len(reductions) == 1 else None
    facts["graph"] = any(value.facts.get("graph") for value in both)
    facts["summed"] = [site for value in both for site in value.facts.get("summed", ())]
    # What is made of something summed up over the batches is no longer the last batch's.
    if any(value.facts.get("is_accumulated") for value in (left, right)):
        facts |= {"batch_loop": None, "is_accumulated": True}
    if isinstance(op, ast.Mult):
        facts |= _multiplied(metric, other)
    elif isinstance(op, ast.Div) and metric is left:
        facts |= _divided(interpreter, node, metric, other)
    return metric.copy(
        facts=facts,
        constant=NOT_CONSTANT,
        splits=left.splits | right.splits,
        passes=left.passes | right.passes,
    )


def _multiplied(metric: Value, other: Value) -> dict[str, Any]:
    event = metric.facts.get("average_event")
    if event is not None and other.kind not in METRICS:
        # ``total / len(dataset) * batch_size``.
        event.facts["is_cancelled"] = True
    if other.number in (100, 100.0, 1, -1) or other.kind in METRICS:
        return {}
    if metric.facts.get("is_accumulated"):
        return {"sum_of": None}
    if other.kind == "count" or other.number is None:
        return {"is_weighted": True}
    # A whole number is a batch size, unless it is small; any other factor scales the loss.
    is_size = isinstance(other.number, int) and other.number >= _LEAST_BATCH
    return {"is_weighted": True} if is_size else {}


def _divided(
    interpreter: Interpreter, node: ast.AST, metric: Value, other: Value
) -> dict[str, Any]:
    of = other.facts.get("of") if other.kind == "count" else None
    if other.number in _SET_SIZES:
        of = "images"
    sum_of = metric.facts.get("sum_of")
    if metric.kind == "loss" and (sum_of, of) in (("means", "images"), ("sums", "batches")):
        event = interpreter.note("wrong-average", node, metric, other, sum_of=sum_of)
        return {"average_event": event, "sum_of": None}
    if sum_of is not None:
        return {"sum_of": None}
    is_total = other.number is not None or other.facts.get("is_total")
    if of == "images" and is_total and not metric.facts.get("is_weighted"):
        return {"share_of": "images", "share_node": node}
    return {"reduction": None}


def what_is_summed(value: Value) -> str | None:
    """Return ``"means"`` or ``"sums"`` for a batch's loss that is added up, or None if unknown."""
    facts = value.facts
    if facts.get("is_weighted") or facts.get("reduction") == "sum":
        return "sums"
    if facts.get("reduction") == "mean":
        return "means"
    return None


def added(interpreter: Interpreter, node: ast.AST, total: Value, value: Value) -> Value:
    """Return a running total after ``value``, a loss or score, was added to it."""
    kind = value.kind
    if value.facts.get("share_of") == "images" and value.facts.get("reduction") == "mean":
        interpreter.note("wrong-average", value.facts["share_node"], value, Value(), sum_of="means")
    sum_of = what_is_summed(value) if kind == "loss" else None
    before = total.facts.get("sum_of")
    if total.kind == "loss" and before is not None and before != sum_of:
        sum_of = None
    graph = bool(value.facts.get("graph"))
    summed = [*total.facts.get("summed", ()), *value.facts.get("summed", ())]
    if graph:
        site = interpreter.note("loss-sum", node, value, total)
        summed.append(site)
    result = unknown(total, value, kind=kind, node=node)
    result.facts = {
        "sum_of": sum_of,
        "graph": graph or bool(total.facts.get("graph")),
        "is_accumulated": True,
        "batch_loop": None,
        "summed": summed,
    }
    return result
