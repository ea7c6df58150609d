"""Optimisers that do not hold the parameters that are trained."""

from __future__ import annotations

import re
from collections.abc import Iterator

from thumbnet.inspection.doctor.flow.trace import Event
from thumbnet.inspection.doctor.flow.values import Value
from thumbnet.inspection.doctor.rules.forgotten import forgotten_networks, is_guess, learns
from thumbnet.inspection.doctor.rules.script import Hit, Script, name_of, same_network, used_names

CODE = "wrong-optimizer-parameters"
_ON_PURPOSE = re.compile(r"requires_grad|freez|frozen|pretrained|load_state_dict|^weights$")


def wrong_optimizer_parameters(script: Script) -> Iterator[Hit]:
    """The optimiser holds other parameters than those that are trained, or not all of them."""
    yield from _moved_later(script)
    yield from _replaced_later(script)
    yield from _of_another_network(script)
    yield from _of_a_part(script)
    yield from forgotten_networks(script)


def _moved_later(script: Script) -> Iterator[Hit]:
    """The optimiser is made before the network is moved to the device."""
    for event, later in _before_first_step(script, "move"):
        models = event.value.facts["models"]
        moved_before = any(
            each.kind == "move" and _holds(models, each.value)
            for each in script.trace.events[: script.trace.events.index(event)]
        )
        if _holds(models, later.value) and not moved_before:
            yield Hit(CODE, event.node, "moved")


def _replaced_later(script: Script) -> Iterator[Hit]:
    """A part of the network is replaced after the optimiser took its parameters."""
    completed = {event.value for event in script.trace.of("parameters-added")}
    for event, later in _before_first_step(script, "part-replaced"):
        if event.value in completed:
            continue
        if learns(later.arguments[0]) and _holds(event.value.facts["models"], later.value):
            yield Hit(CODE, event.node, "replaced", {"part": later.facts["name"]})


def _before_first_step(script: Script, kind: str) -> Iterator[tuple[Event, Event]]:
    """Yield each optimiser with what happens between its making and its first step."""
    events = script.trace.of("optimizer", kind, "optimizer-step")
    for index, event in enumerate(events):
        if event.kind != "optimizer" or not event.value.facts.get("models"):
            continue
        for later in events[index + 1 :]:
            if later.kind != kind and later.value is event.value:
                break
            if later.kind == kind:
                yield event, later


def _holds(models: frozenset[Value], model: Value) -> bool:
    return any(same_network(each, model) for each in models)


def _of_another_network(script: Script) -> Iterator[Hit]:
    """The optimiser moves another network than the one that is trained."""
    trained = [each for each in script.trained_passes if each.with_gradient and each.is_called]
    stepped = {event.value for event in script.trace.of("optimizer-step") if event.is_called}
    if not trained or any(is_guess(event.value) for event in trained):
        return
    for event in script.trace.of("optimizer"):
        models = event.value.facts.get("models")
        if event.value not in stepped or not models or any(map(is_guess, models)):
            continue
        if not any(_holds(models, each.value) for each in trained):
            yield Hit(CODE, event.node, "", {"model": name_of(trained[0].value)})


def _of_a_part(script: Script) -> Iterator[Hit]:
    """The optimiser holds some parts of a new network, and nothing says that others are frozen."""
    if any(map(_ON_PURPOSE.search, used_names(script.tree))):
        return
    optimizers = script.trace.of("optimizer")
    held = [event.value.facts.get("models") for event in optimizers]
    if any(models is None or any(map(is_guess, models)) for models in held):
        return
    everything = frozenset().union(*(models for models in held if models))
    for event in optimizers:
        wholes = {_whole(model) for model in event.value.facts["models"]}
        if len(wholes) != 1 or wholes & event.value.facts["models"]:
            continue
        (whole,) = wholes
        left = [part for part in _children(whole) if learns(part) and not _holds(everything, part)]
        if left and "class" in whole.facts and _has_gradient(script, whole):
            yield Hit(CODE, event.node, "part", {"part": _names(whole, left)})


def _whole(model: Value) -> Value:
    seen = 0
    while model.owner is not None and seen < 10:
        model, seen = model.owner, seen + 1
    return model


def _children(whole: Value) -> list[Value]:
    return [value for value in whole.attributes.values() if value.kind == "model"]


def _names(whole: Value, parts: list[Value]) -> str:
    names = [name for name, value in whole.attributes.items() if any(value is p for p in parts)]
    return ", ".join(names)


def _has_gradient(script: Script, whole: Value) -> bool:
    """Whether no pass of the network is made without gradients while it is trained."""
    passes = [e for e in script.forward_passes if same_network(e.value, whole)]
    trained = [e for e in passes if e in script.trained_passes or "training_step" in e.functions]
    return bool(trained) and all(event.with_gradient for event in trained)
