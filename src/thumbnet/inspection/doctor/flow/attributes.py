"""What is known of ``value.name``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow import data
from thumbnet.inspection.doctor.flow.names import canonical, named
from thumbnet.inspection.doctor.flow.values import Value, constant, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_TENSORS = ("images", "labels", "logits", "loss", "score", "hits", "predictions")
_SAME_TENSOR = frozenset(("data", "T", "mT", "values", "real", "array"))


def attribute(interpreter: Interpreter, owner: Value, name: str, node: ast.AST) -> Value:
    """Return the value of an attribute, or a method bound to its owner."""
    if owner.kind == "reference":
        return Value("reference", name=canonical(f"{owner.name}.{name}"), node=node)
    if name == "grad":
        interpreter.note("gradient-read", node, owner)
        return unknown(owner)
    if name in owner.attributes:
        return _found(interpreter, owner, owner.attributes[name])
    if owner.kind == "super":
        return _of_super(owner, name)
    if "class" in owner.facts or owner.kind == "class":
        member = class_member(owner, name)
        if member is not None:
            return _found(interpreter, owner, member)
    if owner.kind == "arguments":
        return Value("unknown", node=node)
    if owner.kind == "model":
        return _of_model(interpreter, owner, name, node)
    if owner.kind == "dataset":
        return _of_dataset(owner, name, node)
    if owner.kind == "loader" and name == "dataset":
        return owner.facts.get("dataset") or Value("dataset", splits=owner.splits)
    if owner.kind == "loader" and name == "batch_size":
        return Value("count", facts={"of": "images"})
    if owner.kind in _TENSORS:
        return _of_tensor(owner, name, node)
    if owner.kind == "object" and name.startswith("__") is False:
        return _of_object(owner, name, node)
    return _method(owner, name, node)


def _method(owner: Value, name: str, node: ast.AST) -> Value:
    return Value("method", name=name, owner=owner, node=node, splits=owner.splits)


def _found(interpreter: Interpreter, owner: Value, member: Value) -> Value:
    from thumbnet.inspection.doctor.flow.calls import call_value

    if member.kind != "function" or member.facts.get("is_static"):
        return member
    if owner.kind == "class" and not member.facts.get("is_class_method"):
        return member
    bound = member.copy(owner=owner)
    return call_value(interpreter, bound, [], member.node) if is_property(member) else bound


def is_property(member: Value) -> bool:
    """Whether a function is called by reading it."""
    return bool(member.facts.get("is_property"))


def class_member(owner: Value, name: str, depth: int = 0) -> Value | None:
    """Return what a class, or one of its bases in the file, defines under ``name``."""
    made_by: Value = owner if owner.kind == "class" else owner.facts["class"]
    if name in made_by.attributes:
        return made_by.attributes[name]
    for base in made_by.facts["bases"]:
        if base.kind == "class" and depth < 8:
            member = class_member(base, name, depth + 1)
            if member is not None:
                return member
    return None


def base_names(made_by: Value, depth: int = 0) -> list[str]:
    """Return the library names that a class of the file descends from."""
    names: list[str] = []
    for base in made_by.facts["bases"]:
        if base.kind == "class" and depth < 8:
            names += base_names(base, depth + 1)
        else:
            names.append(base.name)
    return names


def _of_super(owner: Value, name: str) -> Value:
    made_by, instance = owner.facts["class"], owner.owner
    for base in made_by.facts["bases"]:
        if base.kind == "class":
            member = class_member(base, name)
            if member is not None and member.kind == "function":
                return member.copy(owner=instance)
    return Value("method", name=f"super.{name}", owner=instance)


def _of_model(interpreter: Interpreter, owner: Value, name: str, node: ast.AST) -> Value:
    from thumbnet.inspection.doctor.flow.library import METHODS

    if name == "training":
        modes = interpreter.modes.get(owner)
        if modes is not None and len({mode for mode, _ in modes}) == 1:
            (mode, *_rest) = (mode for mode, _ in modes)
            return constant(mode == "train", node)
        return Value("mode", owner=owner)
    if name in ("module", "_orig_mod"):
        return owner
    if name in METHODS["model"] or name.startswith("_"):
        return _method(owner, name, node)
    if owner.facts.get("is_whole"):
        # A part of a ready-made network, such as ``resnet.fc``.
        part = Value("model", name=f"{owner.name}.{name}", owner=owner, node=node)
        part.facts |= {"is_part_of_library": True, "is_whole": True}
        owner.attributes[name] = part
        return part
    return _method(owner, name, node)


def _of_dataset(owner: Value, name: str, node: ast.AST) -> Value:
    facts = owner.facts
    if name in ("data", "train_data", "test_data", "imgs", "images"):
        images = data.raw_images(
            facts.get("family"), facts.get("size_px"), bool(facts.get("colours"))
        )
        base = facts.setdefault("images_base", object())
        return images.copy(splits=owner.splits, node=node, facts={"base": base})
    if name in ("targets", "labels", "train_labels", "test_labels", "y"):
        return Value("labels", splits=owner.splits, node=node)
    if name == "dataset" and "dataset" in facts:
        inner: Value = facts["dataset"]
        return inner
    if name == "transform":
        return data.transform_of(owner) or Value()
    return _method(owner, name, node)


def _of_tensor(owner: Value, name: str, node: ast.AST) -> Value:
    if name == "shape":
        return Value("shape", owner=owner)
    if name == "data" and owner.kind in ("loss", "logits"):
        return owner.copy(facts={"graph": False})
    if name in _SAME_TENSOR:
        return owner
    if name in ("dtype", "device", "ndim"):
        return Value()
    if name in ("logits", "sample"):
        return owner
    return _method(owner, name, node)


def _of_object(owner: Value, name: str, node: ast.AST) -> Value:
    """Return an attribute of an object of a class in the file, which was set nowhere we saw."""
    if owner.facts.get("has_known_class"):
        return _method(owner, name, node)
    value = named(name, unknown(owner))
    if value.kind == "unknown":
        return _method(owner, name, node)
    owner.attributes[name] = value
    return value
