"""Choices that the test set made: the epoch, the model, a hyper-parameter, when to stop."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from thumbnet.inspection.doctor.flow.trace import Event
from thumbnet.inspection.doctor.flow.values import TEST, Value, reachable
from thumbnet.inspection.doctor.rules.script import Hit, Script, called_name

CODE = "test-used-for-choosing"
_KEEPS = frozenset(
    (
        *("save", "deepcopy", "copy", "state_dict", "save_weights", "save_model", "dump"),
        *("save_pretrained", "save_file", "update", "savez", "save_checkpoint"),
    )
)
_STOPPERS = ("early", "stop", "patience", "checkpoint", "best")
_DRAWS = frozenset(
    (
        *("ylim", "xlim", "set_ylim", "set_xlim", "axhline", "axvline", "annotate", "text"),
        *("linspace", "arange", "axis", "set_yticks", "hlines", "vlines"),
    )
)
_METRICS = ("loss", "score", "unknown")
_KERAS_CHOICES = ("EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau")


def test_used_for_choosing(script: Script) -> Iterator[Hit]:
    """Something is chosen by a figure that was measured on the test set."""
    for event in script.trace.of("choice"):
        # Of a function that only others call, no more is known than what its parameters are called.
        if event.is_called and _chooses(event):
            yield Hit(CODE, event.node, "stop" if _stops(event) else "")
    for event in script.trace.of("choice-call"):
        is_of_test = any(_is_test_metric(value) for value in event.arguments)
        is_drawn = script.inside_call_of(event.node, _DRAWS)
        if event.is_called and is_of_test and not is_drawn and not _is_range(script, event):
            yield Hit(CODE, event.node)
    for event in script.trace.of("scheduler-step"):
        if any(_is_test_metric(value) for value in event.arguments):
            yield Hit(CODE, event.node, "plateau")
    for event in script.trace.of("unknown-call"):
        if _is_stopper(event) and any(_is_test_metric(value) for value in event.arguments):
            yield Hit(CODE, event.node, "stop")
    yield from _by_frameworks(script)


def _is_range(script: Script, event: Event) -> bool:
    """Whether the largest is named beside the smallest of the same figures: a spread, no choice."""
    node = event.node
    other = {"max": "min", "min": "max"}.get(
        called_name(node) if isinstance(node, ast.Call) else ""
    )
    place: ast.AST | None = node
    while place is not None and not isinstance(place, ast.stmt):
        place = script.parents.get(place)
    if other is None or place is None:
        return False
    arguments = [ast.dump(argument) for argument in getattr(node, "args", ())]
    return any(
        called_name(each) == other and [ast.dump(argument) for argument in each.args] == arguments
        for each in ast.walk(place)
        if isinstance(each, ast.Call)
    )


def _is_test_metric(value: Value) -> bool:
    return value.kind in _METRICS and TEST in value.splits


def _chooses(event: Event) -> bool:
    test = event.value
    facts = test.facts
    if test.kind != "comparison" or TEST not in test.splits or not facts.get("is_metric"):
        return False
    if not facts.get("is_ordering", True):
        return False
    if facts.get("is_expression") or event.facts.get("is_expression"):
        return True
    if isinstance(event.node, ast.While):
        return True
    return any(_keeps(statement, test) for statement in event.facts["body"])


def _stops(event: Event) -> bool:
    body = event.facts.get("body") or []
    return any(isinstance(node, ast.Break) for part in body for node in ast.walk(part))


def _keeps(statement: ast.stmt, test: Value) -> bool:
    """Whether a statement keeps something, or stops, and does not only say something."""
    is_target = any(
        operand.is_constant and operand.constant != 0 for operand in test.facts.get("operands", ())
    )
    for node in ast.walk(statement):
        if isinstance(node, ast.Break):
            return True
        if isinstance(node, ast.Call) and called_name(node) in _KEEPS:
            return True
        if not is_target and isinstance(node, (ast.Assign, ast.AugAssign)):
            return True
    return False


def _is_stopper(event: Event) -> bool:
    node = event.node
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func).lower()
    return any(word in name for word in _STOPPERS)


def _by_frameworks(script: Script) -> Iterator[Hit]:
    for event in script.trace.of("keras-fit"):
        validation = event.facts.get("validation")
        if validation is not None and TEST in _splits(validation) and _has_choice(event):
            yield Hit(CODE, event.node, "callback")
    validates_by_test = any(
        event.facts["name"] == "val_dataloader" and TEST in _splits(event.value)
        for event in script.trace.of("method-return")
    )
    for event in script.trace.of("trainer-fit"):
        validation = event.facts.get("validation")
        by_test = validates_by_test or (validation is not None and TEST in _splits(validation))
        if by_test and _has_choice(event):
            yield Hit(CODE, event.node, "callback")
    for event in script.trace.of("fit"):
        if _stops_by_eval_set(event):
            yield Hit(CODE, event.node, "callback")


def _splits(value: Value) -> frozenset[str]:
    return frozenset().union(*(each.splits for each in reachable([value])))


def _has_choice(event: Event) -> bool:
    callbacks = event.facts.get("callbacks")
    if callbacks is None:
        return False
    return any(_is_choice(value) for value in reachable([callbacks]))


def _is_choice(value: Value) -> bool:
    if value.kind != "callback" or value.tail not in _KERAS_CHOICES:
        return False
    keywords: dict[str, Any] = value.facts.get("keywords", {})
    monitor = keywords.get("monitor")
    if monitor is not None and (monitor.text or "val").startswith(("loss", "acc", "train")):
        return False
    if value.tail == "ModelCheckpoint" and value.name.startswith("keras."):
        only_best = keywords.get("save_best_only")
        return only_best is not None and only_best.constant is True
    if value.tail == "ModelCheckpoint":
        return monitor is not None
    return True


def _stops_by_eval_set(event: Event) -> bool:
    keywords: dict[str, Value] = event.facts.get("keywords") or {}
    sets = keywords.get("eval_set")
    if sets is None or TEST not in _splits(sets):
        return False
    own = event.value.facts.get("keywords") or {}
    return any("early_stopping_rounds" in each or "callbacks" in each for each in (keywords, own))
