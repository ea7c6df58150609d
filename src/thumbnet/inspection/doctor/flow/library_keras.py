"""Keras: layers, models, ``compile``, ``fit`` and ``evaluate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow.library_training import measure_loss
from thumbnet.inspection.doctor.flow.registry import function, method
from thumbnet.inspection.doctor.flow.values import Value, constant, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_READY_MADE = "keras.applications."
_LOSSES = "keras.losses."


def by_family(interpreter: Interpreter, made: Call) -> Value | None:
    """Handle what Keras makes."""
    name, tail = made.name, made.tail
    if not name.startswith("keras."):
        return None
    if name.startswith(_READY_MADE):
        if tail[:1].isupper():
            return _model(made, f"keras.applications.{tail}", is_whole=True)
        return made.first() if tail == "preprocess_input" else None
    if tail == "Sequential":
        given = made.get("layers", 0)
        items = list(given.items) if given is not None and given.items is not None else []
        return _model(made, name, items=items)
    if tail in ("Model", "Functional") and tail[:1].isupper():
        outputs = made.get("outputs", 1)
        return _model(made, name, outputs=outputs)
    if tail == "load_model":
        return _model(made, name, weights_from=made.first().text or "a file")
    if tail == "Input":
        return Value("features", facts={"size_px": _input_size(made)}, node=made.node)
    if name.startswith(_LOSSES) and tail[:1].isupper():
        facts: dict[str, Any] = {"keywords": made.keywords, "reduction": "mean"}
        facts["arguments"] = made.arguments
        return Value("loss-function", name=name, node=made.node, facts=facts)
    if name.startswith(_LOSSES) and tail.endswith("crossentropy"):
        facts = {"keywords": made.keywords, "reduction": "none"}
        return measure_loss(interpreter, Value("loss-function", name=name, facts=facts), made)
    if name.startswith("keras.callbacks."):
        return Value("callback", name=name, node=made.node, facts={"keywords": made.keywords})
    if tail == "ImageDataGenerator":
        facts = {"keywords": made.keywords}
        generator = Value("generator", name=name, node=made.node, facts=facts)
        interpreter.note("generator", made.node, generator)
        return generator
    if tail == "Normalization":
        return Value("scaler", name=name, node=made.node, facts={"keywords": made.keywords})
    if name.startswith("keras.layers.") and tail[:1].isupper():
        return _model(made, name)
    return None


def _model(made: Call, name: str, **facts: Any) -> Value:
    items = facts.pop("items", None)
    known = {"framework": "keras", "keywords": made.keywords, "arguments": made.arguments}
    return Value("model", name=name, items=items, node=made.node, facts={**known, **facts})


def _input_size(made: Call) -> int | None:
    shape = made.get("shape", 0)
    numbers = [item.number for item in shape.items or ()] if shape is not None else []
    return int(numbers[0]) if len(numbers) >= 2 and numbers[0] is not None else None


def call_layer(interpreter: Interpreter, layer: Value, made: Call) -> Value:
    """Return what a layer or a model gives for symbolic inputs or for pictures."""
    given = made.first()
    if given.kind == "images":
        training = made.keywords.get("training")
        in_training = training is not None and training.constant is True
        interpreter.note("keras-predict", made.node, layer, given, in_training=in_training)
        ending = {"activation": last_activation(layer), "activation_node": made.node}
        return unknown(given, kind="logits", node=made.node, facts=ending)
    inner = list(given.facts.get("layers", ()))
    facts = {"layers": [*inner, layer], "size_px": given.facts.get("size_px")}
    return Value("features", facts=facts, node=made.node)


def layers_of(model: Value) -> list[Value]:
    """Return a Keras model's layers in order, as far as they are known."""
    outputs = model.facts.get("outputs")
    if outputs is not None:
        return list(outputs.facts.get("layers", ()))
    return list(model.items or ())


def last_activation(model: Value) -> str | None:
    """Return ``softmax``, ``sigmoid`` or ``linear``: what the last layer ends with, if known."""
    layers = layers_of(model)
    if not layers:
        return None
    last = layers[-1]
    if last is not model and layers_of(last):
        return last_activation(last)
    if last.tail in ("Softmax",):
        return "softmax"
    if last.tail == "Activation":
        given = (last.facts.get("arguments") or [Value()])[0]
        return given.text or given.tail or None
    if last.tail != "Dense":
        return None
    given = (last.facts.get("keywords") or {}).get("activation")
    arguments = last.facts.get("arguments") or []
    if given is None and len(arguments) > 1:
        given = arguments[1]
    if given is None or given.constant is None:
        return "linear"
    return given.text or given.tail or None


@method("model", "compile")
def _compile(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    if made.owner.facts.get("framework") != "keras":
        return made.owner
    loss = made.get("loss", 1)
    made.owner.facts["compiled_loss"] = loss
    interpreter.note("compile", made.node, made.owner, loss or Value())
    return constant(None)


@method("model", "fit")
def _fit(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    validation = made.keywords.get("validation_data")
    interpreter.note(
        "keras-fit",
        made.node,
        made.owner,
        made.first(),
        validation=validation,
        callbacks=made.keywords.get("callbacks"),
        shuffle=made.keywords.get("shuffle"),
        call=made,
    )
    if validation is None:
        return Value()
    return unknown(validation)


@method("model", "evaluate")
def _evaluate(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    given = made.first()
    interpreter.note("keras-predict", made.node, made.owner, given)
    loss = unknown(given, kind="loss")
    loss.facts = {"reduction": "mean", "is_accumulated": True, "graph": False}
    accuracy = unknown(given, kind="score")
    return Value("tuple", items=[loss, accuracy])


@method("model", "predict", "predict_on_batch")
def _predict(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    given = made.first()
    interpreter.note("keras-predict", made.node, made.owner, given)
    return Value(
        "logits",
        splits=given.splits,
        node=made.node,
        facts={"activation": None, "input": given, "graph": False, "is_keras": True},
    )


@method("scaler", "adapt")
def _adapt(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    interpreter.note("fit", made.node, made.owner, *made.arguments, keywords={})
    made.owner.facts["fit_splits"] = made.first().splits
    return constant(None)


@method("generator", "flow", "flow_from_directory", "flow_from_dataframe")
def _flow(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    given = made.first()
    words = given.text or str(given.facts.get("words", ""))
    splits = given.splits
    if not splits and words:
        from thumbnet.inspection.doctor.flow.names import split_of

        parts = [found for part in words.split("/") if (found := split_of(part))]
        splits = frozenset(parts[-1:])
    shuffle = made.keywords.get("shuffle")
    is_shuffled = None if shuffle is None else shuffle.constant
    facts = {"generator": made.owner, "source": given, "is_shuffled": is_shuffled}
    loader = Value("loader", splits=splits, node=made.node, facts=facts)
    interpreter.note("flow", made.node, loader, given)
    return loader


@method("generator", "fit")
def _fit_generator(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    interpreter.note("fit", made.node, made.owner, *made.arguments, keywords={})
    return constant(None)


@function("keras.utils.to_categorical", "keras.utils.normalize")
def _categorical(_interpreter: Interpreter, made: Call) -> Value:
    value = made.first()
    if made.tail == "normalize" and value.kind == "images":
        return value.copy(facts={"scaled": True, "normalised": True})
    return value
