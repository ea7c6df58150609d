"""Binding values to attributes and elements, and taking tuples apart."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow.names import named
from thumbnet.inspection.doctor.flow.values import Value, join, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter


def unpack(value: Value, targets: Sequence[ast.expr]) -> list[Value]:
    """Return a value for each target of ``a, b = value``."""
    starred = [index for index, target in enumerate(targets) if isinstance(target, ast.Starred)]
    items = value.items if value.kind in ("tuple", "list") else None
    if items is not None and not value.facts.get("is_many"):
        if starred and len(items) >= len(targets) - 1:
            start = starred[0]
            stop = len(items) - (len(targets) - start - 1)
            rest = Value("list", items=list(items[start:stop]))
            return [*items[:start], rest, *items[stop:]]
        if len(items) == len(targets):
            return list(items)
    if value.kind == "dataset" and value.facts.get("is_part"):
        return [_part(value) for _ in targets]
    return [_one_of(value) for _ in targets]


def _part(value: Value) -> Value:
    return value.copy(facts={"is_part": True})


def _one_of(value: Value) -> Value:
    if value.kind == "list" and value.items:
        return value.items[0].copy() if len(value.items) == 1 else unknown(value)
    if value.kind in ("images", "labels"):
        return value.copy()
    return unknown(value)


def set_attribute(interpreter: Interpreter, target: ast.Attribute, value: Value) -> None:
    """Do ``owner.name = value``."""
    owner = interpreter.evaluate(target.value)
    name = target.attr
    if name == "grad":
        interpreter.note("zero-grad", target, owner)
        return
    if name == "requires_grad":
        interpreter.note("freeze", target, owner)
    if name == "transform" and owner.kind == "dataset":
        owner.facts["transform"] = value
        return
    if name in ("data", "targets", "train_data") and owner.kind == "dataset":
        return
    value = named(name, value)
    if owner.kind == "model" and value.kind == "model":
        _note_replaced(interpreter, target, owner, value, name)
    owner.attributes[name] = value


def set_element(interpreter: Interpreter, target: ast.Subscript, value: Value) -> None:
    """Do ``owner[key] = value``."""
    owner = interpreter.evaluate(target.value)
    key = interpreter.evaluate(target.slice)
    if owner.kind in ("unknown", "constant") and key.text is None:
        return
    if owner.kind in ("dict", "unknown"):
        fields = owner.fields if owner.fields is not None else {}
        slot = key.constant if key.is_constant and _is_key(key.constant) else ...
        fields[slot] = join(fields[slot], value) if slot is ... and slot in fields else value
        owner.fields = fields
    elif owner.kind in ("list", "tuple") and owner.items is not None:
        index = key.constant
        if isinstance(index, int) and -len(owner.items) <= index < len(owner.items):
            owner.items[index] = value
        else:
            owner.items.append(value)
            owner.facts["is_many"] = True
    elif owner.kind == "model" and value.kind == "model":
        _note_replaced(interpreter, target, owner, value, str(key.constant))
        _replace_part(owner, key, value)


def _note_replaced(
    interpreter: Interpreter, node: ast.AST, owner: Value, value: Value, name: str
) -> None:
    """Note that a network gets another part; not while it is being built."""
    if value.owner is None:
        value.owner = owner
    if not interpreter.inside_model:
        interpreter.note("part-replaced", node, owner, value, name=name)


def _replace_part(owner: Value, key: Value, value: Value) -> None:
    index = key.constant
    if owner.items and isinstance(index, int) and -len(owner.items) <= index < len(owner.items):
        owner.items[index] = value
    else:
        owner.attributes[f"[{index}]"] = value


def _is_key(constant: object) -> bool:
    return isinstance(constant, (str, int, float, bool))
