"""What a loop takes from what it runs over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow import data, drawing
from thumbnet.inspection.doctor.flow.values import Value, constant, join_all, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

MAX_CONCRETE = 6
_NUM_PASSES = 2


def is_over_batches(iterable: Value) -> bool:
    """Whether each pass takes a batch: of a loader, or by a range with a step."""
    if iterable.kind == "loader":
        return True
    if iterable.kind == "range":
        return bool(iterable.facts.get("has_step"))
    if iterable.kind in ("enumerate", "zip"):
        return any(is_over_batches(item) for item in iterable.items or ())
    return bool(iterable.facts.get("is_batches"))


def elements(interpreter: Interpreter, iterable: Value) -> list[Value]:
    """Return the value of each pass: every one of a short list, else one value twice."""
    concrete = concrete_elements(iterable)
    if concrete is not None:
        return concrete if len(concrete) > 1 else concrete * _NUM_PASSES
    return [element(interpreter, iterable) for _ in range(_NUM_PASSES)]


def concrete_elements(iterable: Value) -> list[Value] | None:
    """Return the elements of a short tuple or list whose every element was written down."""
    if iterable.kind in ("tuple", "list") and iterable.items is not None:
        if 0 < len(iterable.items) <= MAX_CONCRETE and not iterable.facts.get("is_many"):
            return iterable.items
        return None
    if iterable.kind == "pairs" and iterable.fields and ... not in iterable.fields:
        pairs = [
            Value("tuple", items=[constant(key), value]) for key, value in iterable.fields.items()
        ]
        return pairs if len(pairs) <= MAX_CONCRETE else None
    if iterable.kind == "dict" and iterable.fields and ... not in iterable.fields:
        keys = [constant(key) for key in iterable.fields]
        return keys if len(keys) <= MAX_CONCRETE else None
    if iterable.kind in ("enumerate", "zip"):
        return _concrete_rows(iterable)
    return None


def _concrete_rows(iterable: Value) -> list[Value] | None:
    columns = [concrete_elements(item) for item in iterable.items or ()]
    if not columns or any(column is None for column in columns):
        return None
    known = [column for column in columns if column is not None]
    if iterable.kind == "enumerate":
        known = [[constant(index) for index in range(len(known[0]))], known[0]]
    return [Value("tuple", items=list(row)) for row in zip(*known, strict=False)]


def element(interpreter: Interpreter, iterable: Value) -> Value:
    """Return one element of something that can be iterated over."""
    kind = iterable.kind
    if kind in ("loader", "dataset"):
        return data.sample(interpreter, iterable)
    if kind == "enumerate":
        index = Value("count", facts={"of": "batches" if is_over_batches(iterable) else "passes"})
        return Value("tuple", items=[index, *_inner(interpreter, iterable)])
    if kind == "zip":
        return Value("tuple", items=_inner(interpreter, iterable))
    if kind == "range":
        facts = {"range": iterable, **drawing.order_of(iterable, is_picked=True)}
        return Value("index", facts=facts, splits=iterable.splits)
    if kind in ("tuple", "list") and iterable.items:
        item = join_all(iterable.items)
        order = drawing.order_of(iterable, is_picked=True)
        # A list that is shuffled makes its elements come in another order.
        if order and drawing.DRAWN in item.facts:
            order[drawing.DRAWN] |= item.facts[drawing.DRAWN]
            return item.copy(facts=order)
        return item
    if kind == "pairs":
        return Value("tuple", items=[Value(), join_all(list((iterable.fields or {}).values()))])
    if kind == "images":
        return iterable.copy(facts={"is_single": True})
    if kind in ("labels", "predictions"):
        return iterable.copy()
    if kind == "dict":
        return Value()
    if kind == "parameters":
        return Value("parameters", facts=dict(iterable.facts))
    return unknown(iterable, facts=drawing.order_of(iterable, is_picked=True))


def _inner(interpreter: Interpreter, iterable: Value) -> list[Value]:
    return [element(interpreter, item) for item in iterable.items or ()]
