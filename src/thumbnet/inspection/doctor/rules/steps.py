"""The order of the steps of training, and what the optimiser holds."""

from __future__ import annotations

from collections.abc import Iterator

from thumbnet.inspection.doctor.flow.trace import Event
from thumbnet.inspection.doctor.flow.values import Value
from thumbnet.inspection.doctor.rules.script import Hit, Script, same_network

_MOVED_BY_HAND = ("parameters", "unknown", "model")


def no_zero_grad(script: Script) -> Iterator[Hit]:
    """Each step takes the gradients of all batches before it."""
    last: dict[Value, Event] = {}
    since: dict[Value, list[Event]] = {}
    for event in script.trace.of("optimizer-step", "zero-grad", "backward", "unknown-call"):
        if event.kind != "optimizer-step":
            for events in since.values():
                events.append(event)
            continue
        optimizer = event.value
        before = last.get(optimizer)
        between = since.get(optimizer, [])
        if before is not None and before.node is event.node and event.loops:
            has_new = any(
                e.kind == "backward" and not e.facts.get("keeps_nothing") for e in between
            )
            if has_new and not any(_clears(e, optimizer) for e in between):
                yield Hit("no-zero-grad", event.node)
        last[optimizer], since[optimizer] = event, []
    yield from _by_hand(script)


def _clears(event: Event, optimizer: Value) -> bool:
    if event.kind == "unknown-call":
        return "zero_grad" in str(event.facts["name"])
    if event.kind != "zero-grad":
        return False
    other = event.value
    if other is optimizer or other.kind not in ("optimizer", "model"):
        return True
    own = optimizer.facts.get("models")
    theirs = frozenset({other}) if other.kind == "model" else other.facts.get("models")
    if own is None or theirs is None:
        return True
    return any(same_network(one, two) for one in own for two in theirs)


def _by_hand(script: Script) -> Iterator[Hit]:
    """Parameters that the script itself moves along ``p.grad``."""
    trace = script.trace
    cleared = any("zero_grad" in str(e.facts["name"]) for e in trace.of("unknown-call"))
    if cleared or trace.of("optimizer-step", "zero-grad"):
        return
    reads = [event for event in trace.of("gradient-read") if event.value.kind in _MOVED_BY_HAND]
    backward = [event for event in trace.of("backward") if event.loops]
    if reads and len(backward) > 1 and not any(e.facts.get("keeps_nothing") for e in backward):
        yield Hit("no-zero-grad", reads[0].node)


def scheduler_before_optimizer(script: Script) -> Iterator[Hit]:
    """The learning rate is changed before the first step that should have used it."""
    steps = script.trace.of("optimizer-step", "scheduler-step")
    seen: set[Value] = set()
    for index, event in enumerate(steps):
        if event.kind == "optimizer-step":
            seen.add(event.value)
            continue
        optimizer = event.value.facts.get("optimizer")
        is_known = optimizer is not None and optimizer.kind == "optimizer"
        if (optimizer in seen) if is_known else bool(seen):
            continue
        for later in steps[index + 1 :]:
            is_own = later.kind == "optimizer-step" and (later.value is optimizer or not is_known)
            if is_own and {e.node for e in later.loops} & {e.node for e in event.loops}:
                yield Hit("scheduler-before-optimizer", event.node)
                break
