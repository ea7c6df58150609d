"""JAX, Flax and Optax: gradients of functions, networks that are applied, losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow.arithmetic import features
from thumbnet.inspection.doctor.flow.library_models import ACTIVATIONS, activated, forward
from thumbnet.inspection.doctor.flow.library_training import measure_loss
from thumbnet.inspection.doctor.flow.registry import function, method
from thumbnet.inspection.doctor.flow.values import Value

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_LIBRARIES = ("jax.nn.", "flax.linen.", "flax.nnx.", "equinox.nn.", "haiku.")
LOSSES = frozenset(
    (
        *("softmax_cross_entropy", "softmax_cross_entropy_with_integer_labels"),
        "sigmoid_binary_cross_entropy",
    )
)
_OTHER_ACTIVATIONS = ("relu", "gelu", "silu", "swish", "elu", "leaky_relu", "tanh", "relu6")


def by_family(interpreter: Interpreter, made: Call) -> Value | None:
    """Handle activations of JAX and Flax, and losses of Optax."""
    if made.name.endswith("TrainState.create"):
        return _train_state(interpreter, made)
    if made.name.startswith(_LIBRARIES):
        return _of_layers(interpreter, made)
    if made.name.startswith("optax.") and made.tail in LOSSES:
        loss_function = Value("loss-function", name=made.name, facts={"reduction": "none"})
        loss = measure_loss(interpreter, loss_function, made)
        loss.facts["graph"] = False
        return loss
    return None


def _of_layers(interpreter: Interpreter, made: Call) -> Value | None:
    given = made.first()
    if made.tail in ACTIVATIONS:
        is_twice = made.tail == "log_softmax" and given.facts.get("activation") == "softmax"
        if is_twice:
            interpreter.note("softmax-twice", made.node, given)
        return activated(given, ACTIVATIONS[made.tail], made)
    if made.tail in _OTHER_ACTIVATIONS and given.kind in ("images", "logits"):
        return features(given, made.node)
    return given if made.tail == "one_hot" and given.kind == "labels" else None


@function(
    *("jax.jit", "jax.pmap", "flax.nnx.jit", "jax.checkpoint", "jax.vmap", "flax.nnx.vmap"),
    *("equinox.filter_jit", "equinox.filter_vmap"),
)
def _same(_interpreter: Interpreter, made: Call) -> Value:
    return made.first() if made.first().kind in ("function", "model") else made.result()


@function(
    *("jax.grad", "jax.value_and_grad", "flax.nnx.grad", "flax.nnx.value_and_grad"),
    *("equinox.filter_grad", "equinox.filter_value_and_grad"),
)
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


@method("class", "create")
def _train_state(_interpreter: Interpreter, made: Call) -> Value:
    """Return Flax's training state, which holds the network's function and its parameters."""
    apply = made.get("apply_fn", 0)
    if apply is None:
        return made.result()
    parameters = made.get("params", 1) or Value()
    attributes = {"apply_fn": apply, "params": parameters}
    return Value("train-state", attributes=attributes, node=made.node)


@method("train-state", "apply_gradients", "replace")
def _next_state(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    return made.owner


def with_gradient(
    interpreter: Interpreter, function_value: Value, result: Value, made: Call
) -> Value:
    """Return what ``jax.grad`` or ``jax.value_and_grad`` of a function gives."""
    loss = result.items[0] if result.items else result
    interpreter.note("backward", made.node, loss, *made.everything, keeps_nothing=True)
    if not str(function_value.facts["gradient"]).endswith("value_and_grad"):
        return Value()
    return Value("tuple", items=[result, Value()])
