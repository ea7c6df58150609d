"""Orders of the pictures: where in the script they are drawn, so that one knows how often."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow.registry import function, method
from thumbnet.inspection.doctor.flow.values import Value, constant

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

DRAWN = "drawn_in"
"""The fact of indices, or of a list of batches: the loops in which their order was drawn, which
are none for ``arange``, and none for what was drawn once before all loops."""
PICKED = "is_picked"
"""The fact of indices that each pass of a loop takes others of."""

KEPT = frozenset(
    (
        *("reshape", "view", "split", "array_split", "chunk", "tolist", "to", "cuda", "cpu", "int"),
        *("long", "numpy", "astype", "copy", "clone", "flatten", "ravel", "tensor", "as_tensor"),
        *("array", "asarray", "from_numpy", "squeeze", "contiguous", "device_put", "type"),
    )
)
"""What leaves the indices in their order."""


def of_loops(interpreter: Interpreter) -> frozenset[ast.AST]:
    """Return the loops that the present place is in."""
    return frozenset(loop.node for loop in interpreter.loops)


def order_of(value: Value, *, is_picked: bool = False) -> dict[str, Any]:
    """Return what a part or an element of indices keeps of what is known of them."""
    if DRAWN not in value.facts:
        return {}
    picked = is_picked or bool(value.facts.get(PICKED))
    return {DRAWN: value.facts[DRAWN], PICKED: picked}


def kept(made: Call, given: Value) -> Value | None:
    """Return indices after a call that leaves their order, or None if it may change it."""
    if DRAWN not in given.facts or made.tail not in KEPT:
        return None
    return made.result(facts=order_of(given))


@function(
    *("torch.randperm", "numpy.random.permutation", "jax.random.permutation"),
    *("torch.randint", "numpy.random.randint", "numpy.random.choice", "random.sample"),
)
@method("any", "permutation", "integers")
def _drawn(interpreter: Interpreter, made: Call) -> Value:
    numbers = [value for value in made.everything if value.kind in ("images", "labels")]
    if numbers:
        return numbers[0].copy()  # the pictures themselves in another order
    return Value(facts={DRAWN: of_loops(interpreter)}, node=made.node)


@function("numpy.arange", "torch.arange", "jax.numpy.arange")
def _counted(_interpreter: Interpreter, made: Call) -> Value:
    return Value(facts={DRAWN: frozenset()}, node=made.node)


@function("random.shuffle", "numpy.random.shuffle")
def _shuffled(interpreter: Interpreter, made: Call) -> Value:
    return shuffled_in_place(interpreter, made)


def shuffled_in_place(interpreter: Interpreter, made: Call) -> Value:
    """Handle ``rng.shuffle(order)``, which changes what it is given."""
    given = made.first()
    given.facts[DRAWN] = given.facts.get(DRAWN, frozenset()) | of_loops(interpreter)
    return constant(None)


@function("random.choices")
def _choices(interpreter: Interpreter, made: Call) -> Value:
    """Draw with repetition: the same element may come more than once."""
    given = made.first()
    facts = {DRAWN: of_loops(interpreter), "copies": True, "is_many": True}
    if given.kind in ("list", "tuple"):
        return Value("list", items=list(given.items or ()), facts=facts, splits=given.splits)
    return made.result(facts=facts)
