"""Following a whole script: its own lines first, then what only others would call."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from thumbnet.inspection.doctor.flow.attributes import class_member
from thumbnet.inspection.doctor.flow.calls import Call, enter
from thumbnet.inspection.doctor.flow.instances import make
from thumbnet.inspection.doctor.flow.interpreter import Interpreter, OutOfStepsError
from thumbnet.inspection.doctor.flow.trace import Trace
from thumbnet.inspection.doctor.flow.values import TEST, TRAIN, VALIDATION, Value

# What Lightning hands to each of its steps.
_STEPS = {
    "training_step": TRAIN,
    "validation_step": VALIDATION,
    "test_step": TEST,
    "predict_step": TEST,
}


@dataclass(frozen=True)
class Followed:
    """What is known of a script after it was followed.

    Attributes:
        tree: its syntax tree.
        trace: what happens in it.
        is_whole: whether it was followed to its end.
    """

    tree: ast.Module
    trace: Trace
    is_whole: bool


def follow(tree: ast.Module) -> Followed:
    """Follow a script; nothing of it is run."""
    interpreter = Interpreter()
    is_whole = True
    try:
        interpreter.block(tree.body)
    except (OutOfStepsError, RecursionError):
        is_whole = False
    interpreter.is_called = False
    interpreter.start_again()
    try:
        _enter_the_rest(interpreter)
    except (OutOfStepsError, RecursionError):
        is_whole = False
    return Followed(tree, interpreter.trace, is_whole)


def _enter_the_rest(interpreter: Interpreter) -> None:
    for function in [v for v in interpreter.module.variables.values() if v.kind == "function"]:
        if function.node not in interpreter.entered:
            enter(interpreter, function, Call(function.node or ast.Pass(), function.name))
    for made_by in list(interpreter.classes):
        _enter_methods(interpreter, made_by)


def _enter_methods(interpreter: Interpreter, made_by: Value) -> None:
    methods = [value for value in made_by.attributes.values() if value.kind == "function"]
    if all(method.node in interpreter.entered for method in methods):
        return
    place = made_by.node or ast.Pass()
    instance = next((i for i in interpreter.instances if i.facts["class"] is made_by), None)
    if instance is None:
        instance = make(interpreter, made_by, Call(place, made_by.name))
        # Nothing says that what calls it leaves it as it was made.
        interpreter.modes.pop(instance, None)
    for method in methods:
        if method.node in interpreter.entered or method.node is None:
            continue
        bound = class_member(instance, method.name) or method
        arguments = _arguments(method)
        result = enter(
            interpreter, bound.copy(owner=instance), Call(method.node, method.name, None, arguments)
        )
        interpreter.note("method-return", method.node, result, instance, name=method.name)


def _arguments(method: Value) -> list[Value]:
    split = _STEPS.get(method.name)
    if split is None:
        return []
    splits = frozenset((split,))
    pair = [Value("images", splits=splits), Value("labels", splits=splits)]
    return [Value("tuple", items=pair, splits=splits, facts={"loader": Value("loader")})]
