"""What operators make of values: constants are computed, pictures and losses keep their facts."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow import averages
from thumbnet.inspection.doctor.flow.values import (
    NOT_CONSTANT,
    Value,
    constant,
    parameters_of,
    unknown,
)

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_FOLDED: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_LARGEST_FOLDED = 1e12
_WHITE = (1, 255, 1.0, 255.0)
# A pixel is divided by 255 or by half of it; a deviation is a small number.
_LEAST_SCALE = 100
_LARGEST_DEVIATION = 10
METRICS = ("loss", "score")
# The largest and the smallest pixel are 255 and 0 in whichever part of the data.
_MOMENTS = ("mean", "std", "var", "median")


def binary(
    interpreter: Interpreter, node: ast.AST, op: ast.operator, left: Value, right: Value
) -> Value:
    """Return the value of ``left op right``."""
    if left.is_constant and right.is_constant:
        return _fold(op, left, right)
    if isinstance(op, ast.MatMult) and left.kind in ("images", "logits"):
        return multiplied(left, right, node)
    if "images" in (left.kind, right.kind):
        return _with_images(interpreter, node, op, left, right)
    if "statistic" in (left.kind, right.kind) or "own-statistic" in (left.kind, right.kind):
        return _with_statistic(op, left, right)
    if left.kind in METRICS or right.kind in METRICS:
        return averages.combined(interpreter, node, op, left, right)
    if "count" in (left.kind, right.kind):
        return _with_count(op, left, right)
    if isinstance(op, ast.Add) and left.kind == right.kind == "dataset":
        from thumbnet.inspection.doctor.flow.library_datasets import joined_datasets

        return joined_datasets([left, right], node)
    if isinstance(op, ast.Add) and left.items is not None and right.items is not None:
        return _joined_lists(left, right)
    if isinstance(op, ast.Mult) and {left.kind, right.kind} & {"list", "tuple"}:
        return _repeated_list(left, right)
    if "parameters" in (left.kind, right.kind):
        return parameters_of([left, right])
    if "index" in (left.kind, right.kind) and isinstance(op, (ast.Add, ast.Sub, ast.Mult)):
        # ``number * size``: where a batch begins.
        return (left if left.kind == "index" else right).copy(constant=NOT_CONSTANT)
    if isinstance(op, ast.Sub) and left.number in _WHITE and right.kind == "unknown":
        interpreter.note("inversion", node, right)
    if left.kind == right.kind == "logits" or {left.kind, right.kind} == {"logits", "constant"}:
        return _logits(left, right)
    if left.kind == "logits" and right.kind == "unknown" and isinstance(op, ast.Add):
        return features(left, node)  # a bias
    if left.kind in ("path", "constant", "text") and isinstance(op, (ast.Div, ast.Add)):
        return _path(left, right)
    return unknown(left, right, node=node)


def _fold(op: ast.operator, left: Value, right: Value) -> Value:
    compute = _FOLDED.get(type(op))
    is_safe = all(
        isinstance(value.constant, str)
        or (value.number is not None and abs(value.number) < _LARGEST_FOLDED)
        for value in (left, right)
    )
    if compute is None or not is_safe:
        return unknown(left, right)
    if isinstance(left.constant, str) != isinstance(right.constant, str):
        return unknown(left, right)
    try:
        return constant(compute(left.constant, right.constant))
    except (ArithmeticError, TypeError, ValueError):
        return unknown(left, right)


def _path(left: Value, right: Value) -> Value:
    """Join texts, of which some may be known, into one that keeps the known words."""
    texts = [value.text or str(value.facts.get("words", "")) for value in (left, right)]
    return unknown(
        left, right, kind="path", facts={"words": "/".join(text for text in texts if text)}
    )


def _with_count(op: ast.operator, left: Value, right: Value) -> Value:
    count, other = (left, right) if left.kind == "count" else (right, left)
    of = count.facts.get("of")
    if isinstance(op, ast.Mult) and of == "batches" and other.kind != "count":
        # So many batches of so many pictures.
        return Value("count", facts={"of": "images", "is_total": True})
    if isinstance(op, (ast.Div, ast.FloorDiv)):
        if left.kind == "count" and of == "images" and left.facts.get("is_total"):
            return Value("count", facts={"of": "batches"})
        return unknown(left, right)
    if isinstance(op, (ast.Add, ast.Sub, ast.Mult)):
        return count.copy(constant=NOT_CONSTANT)
    return unknown(left, right)


def _with_statistic(op: ast.operator, left: Value, right: Value) -> Value:
    """Keep that a number is a mean or deviation; summed over batches it is one of all pictures."""
    statistic = left if left.kind.endswith("statistic") else right
    is_sum = isinstance(op, ast.Add)
    splits = left.splits | right.splits
    return statistic.copy(kind="statistic" if is_sum else statistic.kind, splits=splits)


def _joined_lists(left: Value, right: Value) -> Value:
    is_many = bool(left.facts.get("is_many") or right.facts.get("is_many"))
    items = [*(left.items or ()), *(right.items or ())]
    copies = any(value.facts.get("copies") for value in (left, right))
    return Value(left.kind, items=items, facts={"is_many": is_many, "copies": copies})


def _repeated_list(left: Value, right: Value) -> Value:
    """Return ``files * 3``, in which each element comes more than once."""
    values, times = (left, right) if left.items is not None else (right, left)
    # One element, or a few that are written down, are a width or a padding.
    is_copied = times.constant != 1 and bool(values.facts.get("is_many"))
    facts = {"is_many": True, "copies": is_copied or bool(values.facts.get("copies"))}
    return Value(values.kind, items=list(values.items or ()), facts=facts, splits=values.splits)


def multiplied(left: Value, right: Value, node: ast.AST) -> Value:
    """Return pictures or features times a matrix: features, from which an activation is gone."""
    given = left if left.kind == "images" else left.facts.get("input")
    splits, passes = left.splits | right.splits, left.passes | right.passes
    return features(left, node).copy(splits=splits, passes=passes, facts={"input": given})


def features(value: Value, node: ast.AST | None) -> Value:
    """Return what a layer makes of a value: numbers without an activation that matters here."""
    kind = "logits" if value.kind in ("images", "logits") else value.kind
    facts = {"activation": None, "activation_node": None, "is_linear": False}
    return value.copy(kind=kind, facts=facts, node=node)


def _logits(left: Value, right: Value) -> Value:
    logits = left if left.kind == "logits" else right
    logits = logits.copy(facts={"is_linear": False})
    return logits.copy(splits=left.splits | right.splits, passes=left.passes | right.passes)


def _with_images(
    interpreter: Interpreter, node: ast.AST, op: ast.operator, left: Value, right: Value
) -> Value:
    images, other = (left, right) if left.kind == "images" else (right, left)
    facts: dict[str, Any] = {}
    number = other.number
    is_left = images is left
    is_moment = other.kind == "statistic" and other.name in _MOMENTS
    if is_moment and isinstance(op, (ast.Sub, ast.Div)) and is_left:
        interpreter.note("normalise", node, images, other)
        if not other.splits:
            facts["fitted_before"] = node
    if isinstance(op, ast.Sub) and not is_left:
        facts["inverted"] = True
        interpreter.note("inversion", node, images)
    elif isinstance(op, ast.Sub):
        facts["normalised"] = True
    elif isinstance(op, (ast.Div, ast.FloorDiv)) and is_left:
        if number is None:
            is_largest = other.kind == "statistic" and other.name == "max"
            facts["scaled" if is_largest else "normalised"] = True
        elif number >= _LEAST_SCALE:
            facts["scaled"] = True
        elif 0 < number < _LARGEST_DEVIATION:
            facts["normalised"] = True
    elif isinstance(op, ast.Mult) and number is not None and 0 < number < 1 / _LEAST_SCALE:
        facts["scaled"] = True
    splits = images.splits | (other.splits if other.kind == "images" else frozenset())
    return images.copy(facts=facts, splits=splits, passes=images.passes | other.passes)


def invert(value: Value) -> Value:
    """Return ``~value``: of pictures, the negative."""
    return value.copy(facts={"inverted": True}) if value.kind == "images" else unknown(value)


def unary(op: ast.unaryop, value: Value) -> Value:
    """Return ``-value`` or ``+value``."""
    if value.number is not None:
        return constant(-value.number if isinstance(op, ast.USub) else value.number)
    return value.copy(constant=NOT_CONSTANT)


_ORDERINGS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_ANSWERS = ("predictions", "labels", "logits")
_THINGS = (
    "model",
    "loader",
    "dataset",
    "images",
    "optimizer",
    "scheduler",
    "function",
    "transform",
)


def compare(
    interpreter: Interpreter, node: ast.Compare, left: Value, rights: Sequence[Value]
) -> Value:
    """Return the value of a comparison."""
    right, op = rights[0], node.ops[0]
    if len(rights) == 1:
        decided = _decide(op, left, right)
        if decided is not None:
            return constant(decided, node)
    if left.kind in _ANSWERS and right.kind in _ANSWERS:
        interpreter.note("hits", node, left, right)
        passes = left.passes | right.passes
        return Value("hits", splits=left.splits | right.splits, passes=passes, node=node)
    if isinstance(op, ast.Eq) and "predictions" in (left.kind, right.kind):
        interpreter.note("hits", node, left, right)
        return unknown(left, right, kind="hits", node=node)
    measured = [value for value in (left, *rights) if _is_measured(value)]
    facts = {
        "is_metric": bool(measured),
        "is_ordering": isinstance(op, _ORDERINGS),
        "operands": (left, *rights),
    }
    splits = frozenset().union(*(value.splits for value in measured))
    return Value("comparison", splits=splits, facts=facts, node=node)


def _is_measured(value: Value) -> bool:
    return value.kind in METRICS or (value.kind == "unknown" and bool(value.splits))


def _decide(op: ast.cmpop, left: Value, right: Value) -> bool | None:
    if isinstance(op, (ast.Is, ast.IsNot)):
        if right.constant is None and (left.is_constant or left.kind in _THINGS):
            return (left.constant is None) == isinstance(op, ast.Is)
        return None
    if isinstance(op, (ast.In, ast.NotIn)):
        known = right.items if right.kind in ("tuple", "list") else None
        if not left.is_constant or known is None or not all(item.is_constant for item in known):
            return None
        return any(item.constant == left.constant for item in known) == isinstance(op, ast.In)
    if not (left.is_constant and right.is_constant):
        return None
    try:
        return bool(_COMPARED[type(op)](left.constant, right.constant))
    except TypeError:
        return None


_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
