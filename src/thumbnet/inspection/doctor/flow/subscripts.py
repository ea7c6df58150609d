"""What is known of ``value[key]``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow import data, drawing
from thumbnet.inspection.doctor.flow.names import split_of
from thumbnet.inspection.doctor.flow.values import Value, constant, join_all, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter


def subscript(interpreter: Interpreter, owner: Value, node: ast.Subscript) -> Value:
    """Return the value of an element or a slice."""
    if isinstance(node.slice, ast.Slice):
        return _sliced(interpreter, owner, node, node.slice)
    key = interpreter.evaluate(node.slice)
    if owner.kind in ("tuple", "list"):
        return _item(owner, key)
    if owner.kind in ("dict", "bunch"):
        return _field(owner, key)
    if owner.kind == "shape" or (owner.kind == "method" and owner.name == "shape"):
        is_first = key.constant == 0
        facts = {"of": "images", "is_total": not _is_batch(owner.owner)}
        return Value("count", facts=facts) if is_first and _is_data(owner.owner) else Value()
    if owner.kind == "dataset":
        return _of_dataset(interpreter, owner, key)
    if owner.kind == "images":
        if owner.facts.get("copies") and "ends" in key.facts:
            interpreter.note("cut", node, owner, ends=key.facts["ends"])
        return _images(owner, key, node)
    if owner.kind in ("labels", "logits", "predictions"):
        return _rows(owner, key, node)
    if owner.kind == "model":
        return _part(owner, key, node)
    if owner.kind in ("loss", "score"):
        return owner.copy(facts={"batch_loop": None})
    if owner.kind == "reference":
        return Value("reference", name=owner.name, node=node)  # a type: list[int]
    return _unknown(owner, key, node)


def _unknown(owner: Value, key: Value, node: ast.AST) -> Value:
    split = split_of(key.text) if key.text is not None else None
    is_picked = key.kind == "index"
    value = unknown(owner, node=node, facts=drawing.order_of(owner, is_picked=is_picked))
    if split and owner.kind in ("unknown", "method", "loader"):
        value.splits = frozenset((split,))
        value.kind = "loader" if owner.kind == "loader" else "unknown"
    return value


def _item(owner: Value, key: Value) -> Value:
    items: list[Value] = owner.items or []
    index = key.constant
    is_index = isinstance(index, int) and not isinstance(index, bool)
    if is_index and not owner.facts.get("is_many") and -len(items) <= index < len(items):
        item: Value = items[index]
        return item
    if isinstance(index, str) and "loader" in owner.facts:
        # A batch that is a dict after all.
        kind = "labels" if index.lower() in ("label", "labels", "target", "y") else "images"
        return join_all([item for item in items if item.kind == kind]) if items else Value()
    if items and (owner.facts.get("is_many") or not is_index):
        joined = join_all(items)
        return joined.copy(facts={"batch_loop": None}) if joined.kind == "loss" else joined
    return unknown(owner)


def _field(owner: Value, key: Value) -> Value:
    fields = owner.fields or {}
    constant_key = key.constant
    if isinstance(constant_key, (str, bytes, int, float, bool)):
        if constant_key in fields:
            return fields[constant_key]
        return fields.get(..., Value())
    return join_all(list(fields.values())) if fields else Value()


def _is_data(value: Value | None) -> bool:
    return value is not None and value.kind in ("images", "labels", "logits", "predictions", "hits")


def _is_batch(value: Value | None) -> bool:
    return value is not None and ("loader" in value.facts or bool(value.facts.get("is_slice")))


def _of_dataset(interpreter: Interpreter, owner: Value, key: Value) -> Value:
    if key.text is not None:
        split = split_of(key.text)
        return Value(
            "dataset" if split else "unknown",
            splits=frozenset((split,)) if split else owner.splits,
            facts=dict(owner.facts),
        )
    return data.sample(interpreter, owner)


def _images(owner: Value, key: Value, node: ast.AST) -> Value:
    items = key.items if key.kind == "tuple" else None
    if items and owner.facts.get("layout") == "hwcn" and len(items) == 4:
        return owner.copy(facts={"layout": "hwc", "is_single": True})
    if items and _reverses_channels(items):
        return owner.copy(facts={"bgr": False})
    if items and items[0].constant is Ellipsis and items[-1].constant is None:
        return owner
    if key.constant is None:
        return owner.copy(facts={"is_single": False})
    if key.kind == "index" or isinstance(key.constant, int):
        is_slice = key.kind == "index"
        return owner.copy(facts={"is_single": True, "from_index": is_slice}, node=node)
    if items and owner.facts.get("is_single") and all(item.kind == "slice" for item in items):
        return owner.copy(facts={"size_px": None})  # cut out
    if items and items[0].kind == "index":
        return owner.copy(facts={"is_single": True}, node=node)
    # By a list or a mask of indices: a choice of its own.
    facts: dict[str, Any] = {"is_slice": True, "by_indices": key, "is_part": True}
    facts |= {"slice": None, "sliced_from": None}
    is_picked = bool(key.facts.get(drawing.PICKED))
    facts |= {"taken_from": owner, "made_of": owner.facts.get("made_of") if is_picked else None}
    return owner.copy(facts=facts, node=node)


def _reverses_channels(items: list[Value]) -> bool:
    last = items[-1]
    if last.kind == "slice":
        return last.facts.get("step") == -1
    order = [item.constant for item in last.items or ()]
    return order == [2, 1, 0]


def _rows(owner: Value, key: Value, node: ast.AST) -> Value:
    if owner.kind == "logits":
        is_row = key.kind == "index" or isinstance(key.constant, int)
        return owner.copy(facts={"is_row": is_row or owner.facts.get("is_row", False)})
    return owner.copy(node=node, facts={"by_indices": key, "is_part": owner.kind == "labels"})


def _part(owner: Value, key: Value, node: ast.AST) -> Value:
    items, index = owner.items or [], key.constant
    if isinstance(index, int) and -len(items) <= index < len(items):
        return items[index]
    return Value("model", name=f"{owner.name}.part", owner=owner, node=node)


def _sliced(interpreter: Interpreter, owner: Value, node: ast.AST, part: ast.Slice) -> Value:
    lower, upper, step = (
        interpreter.evaluate(each) if each is not None else None
        for each in (part.lower, part.upper, part.step)
    )
    ends = tuple(0 if end is None else end.constant for end in (lower, upper))
    by_index = any(
        end is not None and (end.kind == "index" or end.facts.get("from_index"))
        for end in (lower, upper)
    )
    if owner.kind in ("images", "labels"):
        facts: dict[str, Any] = {
            "is_slice": True,
            "is_part": not by_index,
            "from_range": by_index,
            "slice": None if step is not None or by_index else _bounds(ends, upper is None),
            "sliced_from": owner,
            "counted": _counted([lower, upper]),
            "made_of": owner.facts.get("made_of") if by_index else None,
        }
        if owner.facts.get("copies") and not by_index:
            interpreter.note("cut", node, owner, ends=_written(part))
        return owner.copy(facts=facts, node=node)
    if owner.kind in ("list", "tuple") and owner.items is not None and not by_index:
        facts = {"is_many": True, "slice": _bounds(ends, upper is None), "sliced_from": owner}
        facts["copies"] = bool(owner.facts.get("copies"))
        if facts["copies"]:
            interpreter.note("cut", node, owner, ends=_written(part))
        return Value(owner.kind, items=list(owner.items), facts=facts, node=node)
    if owner.kind in ("logits", "predictions", "text", "shape"):
        return owner
    if owner.is_constant and isinstance(owner.constant, (str, bytes)):
        return Value()
    facts = {"slice": _bounds(ends, upper is None), "sliced_from": owner}
    facts |= {"ends": _written(part), **drawing.order_of(owner, is_picked=by_index)}
    return unknown(owner, node=node, facts=facts)


def _written(part: ast.Slice) -> tuple[str, str]:
    """Return both ends as they are written, and nothing for one that is left out."""
    lower, upper = (ast.unparse(end) if end is not None else "" for end in (part.lower, part.upper))
    return lower, upper


def _counted(ends: list[Value | None]) -> Value | None:
    """Return the range that counts where a slice begins or ends."""
    ranges = [end.facts.get("range") for end in ends if end is not None and end.kind == "index"]
    return ranges[0] if ranges else None


def _bounds(ends: tuple[Any, ...], is_open: bool) -> tuple[float, float] | None:
    """Return the whole numbers of ``[lower:upper]``, or None if they are not known."""
    lower, upper = ends
    if not isinstance(lower, int) or (not is_open and not isinstance(upper, int)):
        return None
    if lower < 0 or (not is_open and upper < 0):
        return None
    return lower, float("inf") if is_open else upper


def slice_value(interpreter: Interpreter, node: ast.Slice) -> Value:
    """Return a slice inside a tuple of indices, of which the step is kept."""
    step = interpreter.evaluate(node.step) if node.step is not None else constant(1)
    return Value("slice", facts={"step": step.constant})
