"""Networks that are trained with others, and that no optimiser holds."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from thumbnet.inspection.doctor.flow.parts import parts_of
from thumbnet.inspection.doctor.flow.trace import Event
from thumbnet.inspection.doctor.flow.values import Value, reachable
from thumbnet.inspection.doctor.rules.script import Hit, Script, name_of, same_network, used_names

CODE = "wrong-optimizer-parameters"
_LEARNS = re.compile(
    r"^(Lazy)?(Linear|Conv\w*|BatchNorm\w*|Embedding|LSTM|GRU|MultiheadAttention)$"
)
_FROZEN = re.compile(r"freez|frozen|fixed_|random_feat|pretrained|ema\b", re.IGNORECASE)
# Calls that take parameters, and say nothing of who trains them.
_HARMLESS = frozenset(
    ("clip_grad_norm_", "clip_grad_value_", "sum", "parameters_to_vector", "len", "print")
)


def forgotten_networks(script: Script) -> Iterator[Hit]:
    """A new network gets gradients in every step, and the optimisers hold only others."""
    optimizers = script.trace.of("optimizer")
    held = [event.value.facts.get("models") for event in optimizers]
    if not optimizers or any(not models or any(map(is_guess, models)) for models in held):
        return
    everything = frozenset().union(*(models for models in held if models))
    copied = _holds_what_another_holds(optimizers)
    seen: set[Value] = set()
    for event in script.trained_passes:
        network = event.value
        if network in seen or any(same_network(each, network) for each in everything):
            continue
        seen.add(network)
        stepped = _optimizer_of(script, event)
        if stepped is None or not _is_new(network) or not _is_in_training(script, network):
            continue
        if copied is not None:
            yield Hit(CODE, copied.node, "", {"model": name_of(network)})
        elif not _is_spoken_of(script, network):
            details = {"part": _variable(script, network)}
            yield Hit(CODE, stepped.node, "part", details)


def is_guess(model: Value) -> bool:
    """Whether a network is one only by its name, or any of several parts."""
    return bool(model.facts.get("by_name") or model.facts.get("is_some_part"))


def learns(value: Value) -> bool:
    """Whether a network has a layer with weights."""
    return any(_LEARNS.match(part.tail) for part in parts_of(value))


def _holds_what_another_holds(optimizers: list[Event]) -> Event | None:
    """Return an optimiser with the same networks as one of another line, if there is one."""
    for index, event in enumerate(optimizers):
        for other in optimizers[:index]:
            is_other_line = getattr(other.node, "lineno", 0) != event.line
            is_same = other.value.facts["models"] == event.value.facts["models"]
            if is_same and is_other_line and event.functions == other.functions:
                return event
    return None


def _optimizer_of(script: Script, event: Event) -> Value | None:
    """Return the optimiser that makes a step in the same loop as a forward pass."""
    loops = {loop.node for loop in event.loops[-1:]}
    for step in script.trace.of("optimizer-step"):
        if step.is_called and any(loop.node in loops for loop in step.loops):
            return step.value
    return None


def _is_new(network: Value) -> bool:
    """Whether a network was made here, with random weights, and is no part of another."""
    facts = network.facts
    is_other = any(facts.get(name) for name in ("is_whole", "weights_from", "is_copy", "by_name"))
    is_plain = network.owner is None and "joined_from" not in facts and not is_guess(network)
    is_torch = facts.get("framework") == "torch" and network.kind == "model"
    return is_torch and is_plain and not is_other and learns(network)


def _is_in_training(script: Script, network: Value) -> bool:
    """Whether all its trained passes record gradients, none of them in evaluation mode."""
    passes = [event for event in script.trained_passes if event.value is network]
    return all(
        event.with_gradient
        and event.is_called
        and not any(mode == "eval" for mode, _ in event.modes)
        for event in passes
    )


def _is_spoken_of(script: Script, network: Value) -> bool:
    """Whether the script does anything else with its parameters, so that it may mean it so."""
    if any(map(_FROZEN.search, used_names(script.tree))):
        return True
    trace = script.trace
    for event in trace.of("parameters-taken", "load-state", "freeze", "detached"):
        is_own = event.value is network or (event.kind == "detached" and _is_of(event, network))
        if is_own and not script.inside_call_of(event.node, _HARMLESS):
            return True
    if any(event.value.kind == "unknown" for event in trace.of("freeze")):
        return True
    if trace.of("parameters-added"):
        return True
    calls = trace.of("unknown-call")
    return any(network in reachable([event.value, *event.arguments]) for event in calls)


def _is_of(event: Event, network: Value) -> bool:
    return any(each.value is network for each in event.value.passes)


def _variable(script: Script, network: Value) -> str:
    """Return the name that a network was given where it was made."""
    for node in ast.walk(script.tree):
        if isinstance(node, ast.Assign) and any(p is network.node for p in ast.walk(node.value)):
            target = node.targets[0]
            if isinstance(target, (ast.Name, ast.Attribute)):
                return ast.unparse(target)
    return name_of(network)
