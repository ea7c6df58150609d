"""JAX, Flax and Optax: gradients of functions, networks that are applied, losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow.arithmetic import features
from thumbnet.inspection.doctor.flow.library_models import ACTIVATIONS, activated, forward
from thumbnet.inspection.doctor.flow.library_training import measure_loss
from thumbnet.inspection.doctor.flow.registry import function, method
from thumbnet.inspection.doctor.flow.values import Value, reachable

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
    *("jax.jit", "jax.pmap", "flax.nnx.jit", "jax.checkpoint", "equinox.filter_jit"),
)
def _same(_interpreter: Interpreter, made: Call) -> Value:
    return made.first() if made.first().kind in ("function", "model") else made.result()


# --- functions of one picture that are mapped over many ------------------------------------------


@function(
    *("jax.vmap", "flax.nnx.vmap", "equinox.filter_vmap", "torch.vmap", "torch.func.vmap"),
    *("functorch.vmap", "mlx.core.vmap"),
)
def _mapped(_interpreter: Interpreter, made: Call) -> Value:
    given = made.arguments[0] if made.arguments else Value()
    if given.kind == "function":
        axes = made.get("in_axes", 1) or made.keywords.get("in_dims")
        return given.copy(facts={"mapped_axes": axes})
    if given.kind == "model":
        return given
    # As a decorator: ``@filter_vmap(in_axes=(None, 0))``.
    return Value("reference", name=made.name, facts={"keywords": made.keywords}, node=made.node)


@function("jax.lax.map")
def _map(interpreter: Interpreter, made: Call) -> Value:
    function_value = made.first()
    if function_value.kind != "function":
        return made.result()
    made.arguments = made.arguments[1:]
    return by_rows(interpreter, function_value.copy(facts={"mapped_axes": None}), made)


def by_rows(interpreter: Interpreter, function_value: Value, made: Call) -> Value:
    """Go through a function that sees one row of what it is given, and return all its results."""
    from thumbnet.inspection.doctor.flow.calls import call_with

    axes: Value | None = function_value.facts["mapped_axes"]
    plain = function_value.copy()
    del plain.facts["mapped_axes"]
    known = [_is_mapped(axes, place) for place in range(len(made.arguments))]
    inner = made.copy_for(made.owner) if made.owner is not None else _copied(made)
    inner.arguments = [
        value if is_mapped is False else _one_row(value)
        for value, is_mapped in zip(made.arguments, known, strict=True)
    ]
    inner.keywords = {name: _one_row(value) for name, value in made.keywords.items()}
    result = call_with(interpreter, plain, inner)
    data = [
        is_mapped
        for value, is_mapped in zip(made.arguments, known, strict=True)
        if any(each.kind in _ROWS for each in reachable([value]))
    ]
    # Where another axis is mapped, or that of several networks, the first is not the pictures'.
    return _all_rows(result) if data and all(data) else result


_ROWS = ("images", "labels", "logits")


def _copied(made: Call) -> Call:
    return made.__class__(made.node, made.name, None, made.arguments, made.keywords, made.is_open)


def _is_mapped(axes: Value | None, place: int) -> bool | None:
    """Return whether an argument's first axis is mapped over, or None if it is not known."""
    if axes is not None and axes.items is not None:
        axes = axes.items[place] if place < len(axes.items) else Value()
        if axes.constant is None:
            return False
    if axes is None or axes.constant == 0:
        return True
    return None


def _one_row(value: Value) -> Value:
    if value.kind in ("tuple", "list") and value.items is not None:
        return value.copy(items=[_one_row(item) for item in value.items])
    if value.kind not in _ROWS:
        return value
    return value.copy(facts={"is_single": True, "is_row": True, "row_of": value})


def _all_rows(value: Value) -> Value:
    if value.kind in ("tuple", "list") and value.items is not None:
        return value.copy(items=[_all_rows(item) for item in value.items])
    given = value.facts.get("input")
    if value.kind == "images":
        return value.copy(facts={"is_single": False, "is_row": False})
    if value.kind != "logits" or given is None:
        return value
    whole = given.facts.get("row_of", given)
    return value.copy(facts={"input": whole, "is_row": False, "is_single": False})


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
