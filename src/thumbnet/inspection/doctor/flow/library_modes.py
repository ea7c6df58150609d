"""Training and evaluation mode: ``train`` and ``eval``, also where a class has its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow.attributes import class_member
from thumbnet.inspection.doctor.flow.parts import parts_of
from thumbnet.inspection.doctor.flow.registry import function, method
from thumbnet.inspection.doctor.flow.values import Value, constant

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

    Mode = frozenset[tuple[str, object]]

NAMES = ("train", "eval")


def modes_of(interpreter: Interpreter, model: Value) -> frozenset[Any]:
    """Return the modes that a network, or the one it is a part of, may be in."""
    place: Value | None = model
    found: frozenset[Any] = frozenset()
    seen = 0
    while place is not None and seen < 10:
        modes = interpreter.modes.get(place)
        if modes is not None and any(node is not None for _, node in modes):
            return modes
        found = modes or found
        if place.facts.get("is_managed"):
            return frozenset()  # Lightning and Keras set the mode of every part themselves
        place, seen = place.owner, seen + 1
    return found


def by_own_method(interpreter: Interpreter, own: Value, made: Call) -> Value:
    """Go through a class's own ``train`` or ``eval``, which may set the mode of parts alone."""
    from thumbnet.inspection.doctor.flow.calls import enter

    model = own.owner
    if model is None or model.facts.get("is_managed"):
        return enter(interpreter, own, made)
    # What it does to the whole network is told by its call of the inherited method, if at all.
    _set(interpreter, model, frozenset())
    result = enter(interpreter, own, made)
    # Whoever called it decided on the mode.
    modes = interpreter.modes.get(model, frozenset())
    interpreter.modes[model] = frozenset((mode, made.node) for mode, _ in modes)
    return result


def _set(interpreter: Interpreter, model: Value, modes: Mode) -> None:
    """Set the mode of a network and of all its parts; not of those that have a way of their own."""
    inside = set(parts_of(model))
    for part in list(interpreter.modes):
        if part in inside or _is_owned_by(part, model):
            interpreter.modes[part] = frozenset() if _own_method(part) is not None else modes
    interpreter.modes[model] = modes


def _is_owned_by(part: Value, model: Value) -> bool:
    place, seen = part.owner, 0
    while place is not None and seen < 10:
        if place is model:
            return True
        place, seen = place.owner, seen + 1
    return False


def _own_method(model: Value) -> Value | None:
    member = class_member(model, "train") if "class" in model.facts else None
    return member if member is not None and member.kind == "function" else None


@method("model", "eval")
def _eval(interpreter: Interpreter, made: Call) -> Value:
    from thumbnet.inspection.doctor.flow.calls import Call as MadeCall

    assert made.owner is not None
    own = _own_method(made.owner)
    if own is not None and own.node not in interpreter.functions:
        # ``eval()`` is ``train(False)``.
        call = MadeCall(made.node, "train", None, [constant(False)])
        by_own_method(interpreter, own.copy(owner=made.owner), call)
    else:
        _set(interpreter, made.owner, frozenset({("eval", made.node)}))
    return made.owner


@method("model", "train", "super.train")
def _train(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    _by_flag(interpreter, made.owner, made.get("mode", 0), made.node)
    return made.owner


@method("model", "super.eval")
def _inherited_eval(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    _set(interpreter, made.owner, frozenset({("eval", made.node)}))
    return made.owner


@function("torch.nn.Module.train")
def _of_module(interpreter: Interpreter, made: Call) -> Value:
    """Handle ``nn.Module.train(self, mode)``, by which old classes call what they inherit."""
    model = made.first()
    if model.kind == "model":
        _by_flag(interpreter, model, made.get("mode", 1), made.node)
    return model


def _by_flag(interpreter: Interpreter, model: Value, flag: Value | None, node: Any) -> None:
    if flag is None or flag.constant is True:
        _set(interpreter, model, frozenset({("train", node)}))
    elif flag.constant is False:
        _set(interpreter, model, frozenset({("eval", node)}))
    else:
        _set(interpreter, model, frozenset())
