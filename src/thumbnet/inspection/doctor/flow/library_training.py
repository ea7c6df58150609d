"""Losses, optimisers, schedulers, gradients, and what frameworks do with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow.registry import function, method
from thumbnet.inspection.doctor.flow.values import Value, constant, reachable, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_FUNCTIONAL_LOSSES = frozenset(
    (
        *("cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"),
        *("binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div", "hinge_loss"),
        *("multi_margin_loss", "soft_margin_loss", "triplet_margin_loss", "gaussian_nll_loss"),
        *("cosine_embedding_loss", "multilabel_soft_margin_loss", "poisson_nll_loss"),
    )
)
_CALLBACKS = ("EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau")
_SCHEDULERS = "torch.optim.lr_scheduler."
_SEARCHES = ("optimize", "fmin", "gp_minimize", "minimize_scalar", "minimize", "suggest_run")


def by_family(interpreter: Interpreter, made: Call) -> Value | None:
    """Handle losses, schedulers and optimisers by where they are from."""
    name, tail = made.name, made.tail
    if name.startswith("torch.nn.") and tail.endswith("Loss"):
        return _loss_function(made)
    if name.startswith(_SCHEDULERS) and tail[:1].isupper():
        optimizer = made.get("optimizer", 0) or Value()
        scheduler = Value("scheduler", name=name, node=made.node, facts={"optimizer": optimizer})
        interpreter.note("scheduler", made.node, scheduler)
        return scheduler
    is_optimizer = name.startswith(("torch.optim.", "timm.optim.", "bitsandbytes.optim."))
    if is_optimizer and tail[:1].isupper():
        return _optimizer(interpreter, made)
    if name.startswith("lightning.") and tail in _CALLBACKS:
        return Value("callback", name=name, node=made.node, facts={"keywords": made.keywords})
    if tail in _SEARCHES:
        return _search(interpreter, made)
    return None


# --- losses -----------------------------------------------------------------------------------


def _loss_function(made: Call) -> Value:
    facts = {"reduction": _reduction(made), "keywords": made.keywords}
    return Value("loss-function", name=made.name, node=made.node, facts=facts)


def _reduction(made: Call) -> str | None:
    given = made.keywords.get("reduction")
    average = made.keywords.get("size_average")
    if average is not None and average.constant is False:
        return "sum"
    if given is None:
        return "mean"
    return given.text


def functional_loss(interpreter: Interpreter, made: Call) -> Value | None:
    """Return the loss that a function of ``torch.nn.functional`` gives, or None if it is none."""
    if made.tail not in _FUNCTIONAL_LOSSES:
        return None
    loss_function = Value("loss-function", name=made.name, facts={"reduction": _reduction(made)})
    return measure_loss(interpreter, loss_function, made)


def measure_loss(interpreter: Interpreter, loss_function: Value, made: Call) -> Value:
    """Return a loss: what it is of, how it is averaged, and whether gradients hang on it."""
    given = made.get("input", 0) or made.first()
    target = made.get("target", 1) or Value()
    if loss_function.name.startswith("keras."):
        # Keras takes the truth first.
        given, target = made.get("y_pred", 1) or Value(), made.get("y_true", 0) or Value()
    interpreter.note("loss", made.node, loss_function, given, target)
    result = unknown(given, target, kind="loss", node=made.node)
    result.facts = {
        "reduction": loss_function.facts.get("reduction", "mean"),
        "graph": (
            interpreter.with_gradient
            and _may_have_graph(given)
            and not loss_function.name.startswith("keras.")
        ),
        "batch_loop": next(
            (loop for loop in reversed(interpreter.loops) if loop.over_batches), None
        ),
        "pass_loops": tuple(interpreter.loops),
        "function": interpreter.functions[-1] if interpreter.functions else None,
    }
    result.facts["input"] = given.facts.get("input")
    if loss_function.facts.get("reduction") == "none":
        result.facts["reduction"] = "none"
    return result


def _may_have_graph(given: Value) -> bool:
    return bool(given.passes) and given.facts.get("graph", True) is not False


# --- optimisers -------------------------------------------------------------------------------


def _optimizer(interpreter: Interpreter, made: Call) -> Value:
    parameters = made.get("params", 0) or Value()
    facts = {"models": _models_of(parameters)}
    optimizer = Value("optimizer", name=made.name, node=made.node, facts=facts)
    interpreter.note("optimizer", made.node, optimizer, parameters)
    return optimizer


def _models_of(parameters: Value) -> frozenset[Value] | None:
    """Return the networks that parameters belong to, or None if one of them is not known."""
    if parameters.kind == "parameters":
        return parameters.facts.get("models")
    if parameters.kind == "dict":
        return _models_of((parameters.fields or {}).get("params", Value()))
    if parameters.kind in ("list", "tuple") and parameters.items:
        each = [_models_of(item) for item in parameters.items]
        if any(models is None for models in each):
            return None
        return frozenset().union(*(models for models in each if models is not None))
    return None


@method("optimizer", "zero_grad")
def _zero_grad(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("zero-grad", made.node, made.owner or Value())
    return constant(None)


@method("optimizer", "add_param_group")
def _add_parameters(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("parameters-added", made.node, made.owner or Value())
    return constant(None)


@method("optimizer", "step")
def _step(interpreter: Interpreter, made: Call) -> Value:
    from thumbnet.inspection.doctor.flow.calls import call_value

    closure = made.get("closure", 0)
    result = Value()
    if closure is not None and closure.kind == "function":
        result = call_value(interpreter, closure, [], made.node)
    interpreter.note("optimizer-step", made.node, made.owner or Value())
    return result


@method("scheduler", "step")
def _scheduler_step(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("scheduler-step", made.node, made.owner or Value(), *made.everything)
    return constant(None)


@method("any", "step")
def _any_step(interpreter: Interpreter, made: Call) -> Value:
    """Handle ``scaler.step(optimizer)``, and the step of something unknown."""
    given = made.first()
    if given.kind == "optimizer":
        interpreter.note("optimizer-step", made.node, given)
    else:
        interpreter.note(
            "unknown-call", made.node, made.owner or Value(), *made.everything, name="step"
        )
    return made.result()


@method("any", "scale", "unscale_")
def _scale(_interpreter: Interpreter, made: Call) -> Value:
    given = made.first()
    return given if given.kind in ("loss", "optimizer") else made.result()


@method("any", "zero_", "zero_grad")
def _zero(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("zero-grad", made.node, made.owner or Value())
    return constant(None)


# --- gradients --------------------------------------------------------------------------------


@method("any", "backward", "manual_backward")
def _backward(interpreter: Interpreter, made: Call) -> Value:
    given = made.first() if made.arguments else Value()
    loss = given if given.kind in ("loss", "score") or given.passes else made.owner or Value()
    interpreter.note("backward", made.node, loss)
    return constant(None)


@function("torch.autograd.backward")
def _autograd_backward(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("backward", made.node, made.first())
    return constant(None)


@function("torch.autograd.grad")
def _grad(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("backward", made.node, made.first(), keeps_nothing=True)
    return made.result()


@function("torch.no_grad", "torch.inference_mode", "torch.autograd.no_grad")
def _no_grad(_interpreter: Interpreter, made: Call) -> Value:
    given = made.get("mode", 0)
    is_on = given is not None and given.constant is False
    return Value("context", name=made.name, facts={"with_gradient": is_on})


@function("torch.enable_grad")
def _enable_grad(_interpreter: Interpreter, made: Call) -> Value:
    return Value("context", name=made.name, facts={"with_gradient": True})


@function("torch.set_grad_enabled", "torch.autograd.set_grad_enabled")
def _set_grad(interpreter: Interpreter, made: Call) -> Value:
    given = made.first()
    is_on = bool(given.constant) if given.is_constant else True
    interpreter.with_gradient = is_on
    return Value("context", name=made.name, facts={"with_gradient": is_on})


# --- frameworks -------------------------------------------------------------------------------


@function("lightning.Trainer", "lightning.pytorch.trainer.Trainer", "lightning.trainer.Trainer")
def _trainer(_interpreter: Interpreter, made: Call) -> Value:
    return Value("trainer", node=made.node, facts={"callbacks": made.keywords.get("callbacks")})


@method("trainer", "fit", "validate", "test", "predict", "tune")
def _fit(interpreter: Interpreter, made: Call) -> Value:
    train = made.get("train_dataloaders", 1)
    validation = made.get("val_dataloaders", 2)
    datamodule = made.keywords.get("datamodule")
    assert made.owner is not None
    interpreter.note(
        "trainer-fit" if made.name == "fit" else "trainer-test",
        made.node,
        made.first(),
        train=train,
        validation=validation,
        datamodule=datamodule,
        callbacks=made.owner.facts.get("callbacks"),
    )
    return made.result()


def _search(interpreter: Interpreter, made: Call) -> Value:
    """Handle a search over hyper-parameters: its objective is what it chooses by."""
    return note_objective(interpreter, made)


@method("any", "optimize")
def _optimize(interpreter: Interpreter, made: Call) -> Value:
    return note_objective(interpreter, made)


def note_objective(interpreter: Interpreter, made: Call) -> Value:
    """Note that hyper-parameters are chosen by what a function returns."""
    from thumbnet.inspection.doctor.flow.calls import call_value

    for value in made.everything:
        if value.kind == "function":
            result = call_value(interpreter, value, [Value("trial")], made.node)
            metrics = [v for v in reachable([result]) if v.kind in ("loss", "score", "unknown")]
            interpreter.note("choice-call", made.node, unknown(*metrics), *metrics, by="objective")
    return made.result()
