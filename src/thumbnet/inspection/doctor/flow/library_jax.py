"""JAX, Flax and Optax: gradients of functions, networks that are applied, losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow.library_models import ACTIVATIONS, activated, forward
from thumbnet.inspection.doctor.flow.library_training import measure_loss
from thumbnet.inspection.doctor.flow.registry import function, method
from thumbnet.inspection.doctor.flow.values import Value

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_LIBRARIES = ("jax.nn.", "flax.linen.", "flax.nnx.")
LOSSES = frozenset(
    (
        *("softmax_cross_entropy", "softmax_cross_entropy_with_integer_labels"),
        "sigmoid_binary_cross_entropy",
    )
)


def by_family(interpreter: Interpreter, made: Call) -> Value | None:
    """Handle activations of JAX and Flax, and losses of Optax."""
    if made.name.startswith(_LIBRARIES) and made.tail in ACTIVATIONS:
        return activated(made.first(), ACTIVATIONS[made.tail], made)
    if made.name.startswith("optax.") and made.tail in LOSSES:
        loss_function = Value("loss-function", name=made.name, facts={"reduction": "none"})
        loss = measure_loss(interpreter, loss_function, made)
        loss.facts["graph"] = False
        return loss
    return None


@function("jax.jit", "jax.pmap", "flax.nnx.jit", "jax.checkpoint")
def _same(_interpreter: Interpreter, made: Call) -> Value:
    return made.first() if made.first().kind == "function" else made.result()


@function("jax.grad", "jax.value_and_grad", "flax.nnx.grad", "flax.nnx.value_and_grad")
def _gradient(_interpreter: Interpreter, made: Call) -> Value:
    given = made.first()
    if given.kind != "function":
        return made.result()
    return given.copy(facts={"gradient": made.tail})


@method("model", "apply")
def _apply(interpreter: Interpreter, made: Call) -> Value:
    """Flax: ``model.apply(parameters, images)``; PyTorch: a function for every part."""
    assert made.owner is not None
    if made.owner.facts.get("framework") != "jax" or len(made.arguments) < 2:
        return made.owner
    made.arguments = made.arguments[1:]
    return forward(interpreter, made.owner, made)


def with_gradient(
    interpreter: Interpreter, function_value: Value, result: Value, made: Call
) -> Value:
    """Return what ``jax.grad`` or ``jax.value_and_grad`` of a function gives."""
    loss = result.items[0] if result.items else result
    interpreter.note("backward", made.node, loss, keeps_nothing=True)
    if function_value.facts["gradient"] == "grad":
        return Value()
    return Value("tuple", items=[result, Value()])
