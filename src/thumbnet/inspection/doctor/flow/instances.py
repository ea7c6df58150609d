"""Objects of the classes that a script defines: models, data sets, and any others."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow.attributes import base_names, class_member
from thumbnet.inspection.doctor.flow.names import split_of
from thumbnet.inspection.doctor.flow.values import Value, reachable

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_MANAGED = ("LightningModule", "keras.Model", "keras.layers.Layer")
_STREAMS = ("IterableDataset",)


def make(interpreter: Interpreter, made_by: Value, made: Call) -> Value:
    """Return a new object of a class of the file, after going through its ``__init__``."""
    kind, facts = kind_of_class(made_by)
    instance = Value(kind, name=made_by.name, node=made.node, facts=facts)
    instance.facts["class"] = made_by
    interpreter.instances.append(instance)
    if kind == "dataset":
        _describe_dataset(instance, made)
    if kind == "model" and not facts.get("is_managed"):
        interpreter.modes[instance] = frozenset({("train", None)})
    _set_dataclass_fields(instance, made_by, made)
    start = class_member(made_by, "__init__")
    if start is not None and start.kind == "function":
        _begin(interpreter, start.copy(owner=instance), made)
    return instance


def _begin(interpreter: Interpreter, start: Value, made: Call) -> None:
    from thumbnet.inspection.doctor.flow.calls import Call, enter

    interpreter.inside_model += 1
    try:
        enter(
            interpreter,
            start,
            Call(made.node, start.name, None, made.arguments, made.keywords, made.is_open),
        )
    finally:
        interpreter.inside_model -= 1


def kind_of_class(made_by: Value) -> tuple[str, dict[str, Any]]:
    """Return the kind of a class's objects, and what is known of all of them."""
    bases = base_names(made_by)
    tails = {name.rpartition(".")[2] for name in bases}
    facts: dict[str, Any] = {"has_known_class": not _library_bases(bases)}
    if any(base.endswith(_MANAGED) or base == "keras.Model" for base in bases):
        return "model", {**facts, "is_managed": True, "framework": _framework(bases)}
    if any(base.startswith("flax.") for base in bases):
        return "model", {**facts, "is_managed": True, "framework": "jax"}
    is_module = any(base.startswith("torch.nn.") or base == "torch.nn.Module" for base in bases)
    if is_module and not any(base.startswith("torch.nn.modules.loss") for base in bases):
        is_loss = made_by.name.lower().endswith("loss") or any(t.endswith("Loss") for t in tails)
        return ("object" if is_loss else "model"), {**facts, "framework": "torch"}
    if tails & {"Dataset", "VisionDataset", "ImageFolder", "TensorDataset"} or (
        tails & {"MNIST", "CIFAR10", "CIFAR100", "FashionMNIST"}
    ):
        return "dataset", {**facts, "source": "class"}
    if tails & set(_STREAMS):
        return "dataset", {**facts, "source": "class", "is_stream": True}
    if bases and class_member(made_by, "forward") is not None and _library_bases(bases):
        return "model", {**facts, "framework": "torch"}
    return "object", facts


def _library_bases(bases: list[str]) -> bool:
    return any(base not in ("", "builtins.object") for base in bases)


def _framework(bases: list[str]) -> str:
    return "keras" if any(base.startswith("keras") for base in bases) else "lightning"


def _describe_dataset(instance: Value, made: Call) -> None:
    """Take the split from what the data set is made of: arrays, a folder's name, train=False."""
    splits = frozenset().union(*(value.splits for value in reachable(made.everything)))
    words = [value.text for value in made.everything if value.text is not None]
    words += [str(v.facts.get("words", "")) for v in made.everything if v.kind == "path"]
    by_text = {split for word in words if (split := split_of(word)) is not None}
    is_train = made.keywords.get("train") or made.keywords.get("is_train")
    if is_train is not None and isinstance(is_train.constant, bool):
        by_text = {"train" if is_train.constant else "test"}
    if not splits and len(by_text) == 1:
        splits = frozenset(by_text)
    instance.splits = splits - {"own"}
    transform = made.keywords.get("transform")
    if transform is not None:
        instance.facts["given_transform"] = transform


def _set_dataclass_fields(instance: Value, made_by: Value, made: Call) -> None:
    """Give the fields of a data class the arguments, as its own ``__init__`` would."""
    if class_member(made_by, "__init__") is not None:
        return
    node = made_by.node
    if not isinstance(node, ast.ClassDef):
        return
    names = [
        part.target.id
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    ]
    for name, value in zip(names, made.arguments, strict=False):
        instance.attributes[name] = value
    instance.attributes |= {name: value for name, value in made.keywords.items() if name in names}
