"""Networks: layers, ready-made networks, their methods, and what comes out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow.arithmetic import features
from thumbnet.inspection.doctor.flow.library_modes import modes_of
from thumbnet.inspection.doctor.flow.registry import function, method
from thumbnet.inspection.doctor.flow.values import Value, constant, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_NOT_LAYERS = ("Parameter", "Buffer", "UninitializedParameter")
_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")
ACTIVATIONS = {
    "Softmax": "softmax",
    "Softmax2d": "softmax",
    "LogSoftmax": "log_softmax",
    "Sigmoid": "sigmoid",
    "softmax": "softmax",
    "log_softmax": "log_softmax",
    "sigmoid": "sigmoid",
    "logsigmoid": "log_sigmoid",
    "LogSigmoid": "log_sigmoid",
    "gumbel_softmax": "softmax",
}
# What leaves an activation as it is: the same numbers in another shape.
_SHAPES = ("Flatten", "Unflatten", "Identity", "flatten", "Squeeze")
_READY_MADE = ("torchvision.models.", "timm.models.")


def by_family(interpreter: Interpreter, made: Call) -> Value | None:
    """Handle layers, functions of layers, and ready-made networks."""
    name, tail = made.name, made.tail
    if name.startswith("torch.nn.functional."):
        return _functional(interpreter, made)
    if name.startswith("torch.nn.") and tail[:1].isupper():
        if tail in _NOT_LAYERS or tail.endswith("Loss") or tail in ("ParameterList",):
            return None
        return _layer(interpreter, made)
    if name.startswith(_READY_MADE) and not tail.endswith("Weights"):
        if "_Weights" in name:
            return _of_weights(made)
        if tail in ("get_model", "create_model"):
            tail = made.first().text or "model"
        if tail[:1].isupper() and not tail.endswith("Net"):
            return None
        return _whole(interpreter, made, f"torchvision.models.{tail}")
    if name == "timm.create_model":
        return _whole(interpreter, made, f"timm.{made.first().text or 'model'}")
    if name == "torch.hub.load" and len(made.arguments) > 1:
        return _whole(interpreter, made, f"torchvision.models.{made.arguments[1].text or 'model'}")
    if tail == "from_pretrained" and "transformers" in name:
        return Value("model", name=name, node=made.node, facts={"framework": "torch"})
    return None


def _of_weights(made: Call) -> Value | None:
    """Handle ``weights.transforms()``, which does all that the weights want."""
    if made.tail != "transforms":
        return None
    return Value("transform", name=made.name, node=made.node)


def _whole(interpreter: Interpreter, made: Call, name: str) -> Value:
    facts = {"is_whole": True, "framework": "torch", "keywords": made.keywords}
    # By position the weights come first, after the name if there is one.
    given = made.get("weights", 0 if name.endswith(f".{made.tail}") else None)
    facts["is_pretrained"] = _is_pretrained(given) or _is_pretrained(made.get("pretrained"))
    model = Value("model", name=name, node=made.node, facts=facts)
    interpreter.modes[model] = frozenset({("train", None)})
    return model


def _is_pretrained(weights: Value | None) -> bool:
    """Whether weights are certainly given, as far as one can see."""
    if weights is None:
        return False
    return weights.constant is True or bool(weights.text) or "_Weights." in weights.name


def _layer(interpreter: Interpreter, made: Call) -> Value:
    items: list[Value] | None = None
    if made.tail in _CONTAINERS:
        items = []
        for value in made.arguments:
            if value.kind in ("list", "tuple"):
                items += value.items or ()
            elif value.kind == "dict":
                items += (value.fields or {}).values()
            else:
                items.append(value)
    facts = {"arguments": made.arguments, "keywords": made.keywords, "framework": "torch"}
    layer = Value("model", name=made.name, items=items, node=made.node, facts=facts)
    for part in items or ():
        if part.kind == "model" and part.owner is None:
            part.owner = layer
    interpreter.modes[layer] = frozenset({("train", None)})
    return layer


def _functional(interpreter: Interpreter, made: Call) -> Value | None:
    from thumbnet.inspection.doctor.flow.library_training import functional_loss

    loss = functional_loss(interpreter, made)
    if loss is not None:
        return loss
    value = made.first()
    if made.tail in ("interpolate", "upsample") and value.kind == "images":
        return value.copy(facts={"size_px": None})
    if made.tail in ACTIVATIONS:
        if made.tail == "log_softmax" and value.facts.get("activation") == "softmax":
            interpreter.note("softmax-twice", made.node, value)
        return activated(value, ACTIVATIONS[made.tail], made)
    if made.tail == "one_hot":
        return value
    if made.tail in ("pad", "normalize") and value.kind == "images":
        return value.copy(facts={"size_px": None})
    return features(value, made.node)


def activated(value: Value, activation: str, made: Call) -> Value:
    """Return network outputs after an activation."""
    if value.kind not in ("logits", "images", "unknown"):
        return made.result()
    kind = "logits" if value.passes or value.kind == "logits" else value.kind
    facts = {"activation": activation, "activation_node": made.node, "is_linear": False}
    return value.copy(kind=kind, facts=facts)


# --- forward passes ---------------------------------------------------------------------------


def forward(interpreter: Interpreter, model: Value, made: Call) -> Value:
    """Return what a network gives, and note that it ran."""
    if model.facts.get("framework") == "keras" and "class" not in model.facts:
        from thumbnet.inspection.doctor.flow.library_keras import call_layer

        return call_layer(interpreter, model, made)
    given = made.first()
    if interpreter.inside_model:
        return _outputs(interpreter, model, made, given)
    event = interpreter.note(
        "forward", made.node, model, *made.everything, modes=modes_of(interpreter, model)
    )
    interpreter.inside_model += 1
    try:
        result = _outputs(interpreter, model, made, given)
    finally:
        interpreter.inside_model -= 1
    return _marked(result, given, event, interpreter.with_gradient)


def _outputs(interpreter: Interpreter, model: Value, made: Call, given: Value) -> Value:
    from thumbnet.inspection.doctor.flow.calls import call_method

    if "class" in model.facts:
        arguments = made.arguments or list(made.keywords.values())
        for name in ("forward", "call", "__call__"):
            result = call_method(interpreter, model, name, arguments)
            if result is not None:
                return result
    if model.tail == "Sequential" and model.items is not None:
        value = given
        for item in model.items:
            value = (
                _outputs(interpreter, item, made, value)
                if item.kind == "model"
                else features(value, made.node)
            )
        return value
    if model.tail in ACTIVATIONS:
        activation = {"activation": ACTIVATIONS[model.tail], "activation_node": model.node}
        return given.copy(kind="logits", facts={**activation, "is_linear": False})
    if model.tail in _SHAPES:
        return given
    if model.tail in ("Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"):
        return given.copy(facts={"size_px": None})
    result = features(given, made.node)
    is_linear = model.name in ("torch.nn.Linear", "torch.nn.LazyLinear")
    return result.copy(facts={"is_linear": True}) if is_linear else result


def _marked(result: Value, given: Value, event: Any, with_gradient: bool) -> Value:
    """Return a network's result with the forward pass that it is from."""
    if result.kind in ("tuple", "list") and result.items is not None:
        items = [_marked(item, given, event, with_gradient) for item in result.items]
        return Value(result.kind, items=items, facts=dict(result.facts))
    if result.kind == "dict" and result.fields is not None:
        fields = {k: _marked(v, given, event, with_gradient) for k, v in result.fields.items()}
        return Value("dict", fields=fields)
    if result.kind in ("loss", "constant"):
        return result.copy(passes=result.passes | {event}) if result.kind == "loss" else result
    return Value(
        "logits",
        splits=result.splits | unknown(given).splits,
        passes=result.passes | given.passes | {event},
        node=event.node,
        facts={
            "activation": result.facts.get("activation"),
            "activation_node": result.facts.get("activation_node"),
            "input": given,
            "graph": with_gradient,
            "is_row": bool(result.facts.get("is_row")),
            "is_linear": bool(result.facts.get("is_linear")),
        },
    )


# --- methods ----------------------------------------------------------------------------------


@method("model", "to", "cuda", "cpu", "mps", "xpu")
def _move(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    target = made.get("device", 0)
    if made.name == "cuda" or (made.name == "to" and target is not None and _is_device(target)):
        interpreter.note("move", made.node, made.owner)
    return made.owner


def _is_device(target: Value) -> bool:
    if target.text is not None:
        return not target.text.startswith("cpu")
    return not target.name.startswith("torch.") or target.name == "torch.device"


@method(
    "model",
    *("float", "half", "double", "bfloat16", "requires_grad_", "share_memory", "compile_"),
    *("train_", "to_empty", "type", "bind", "unwrap"),
)
def _same_model(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    if made.name == "requires_grad_":
        interpreter.note("freeze", made.node, made.owner)
    return made.owner


@method("model", "parameters", "named_parameters", "trainable_parameters")
def _parameters(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    interpreter.note("parameters-taken", made.node, made.owner)
    return Value("parameters", facts={"models": frozenset({made.owner})}, node=made.node)


@method("model", "modules", "children", "named_modules", "named_children")
def _modules(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    part = Value("model", name=f"{made.owner.name}.part", owner=made.owner)
    part.facts["is_some_part"] = True
    item = Value("tuple", items=[Value(), part]) if made.name.startswith("named") else part
    return Value("list", items=[item], facts={"is_many": True})


@method("model", "state_dict")
def _state(_interpreter: Interpreter, made: Call) -> Value:
    return Value("state", owner=made.owner)


@method("model", "load_state_dict", "load_weights")
def _load_state(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    loaded = made.first()
    words = str(loaded.facts.get("words", "")) or (loaded.text or "")
    made.owner.facts["weights_from"] = words or "a file"
    interpreter.note("load-state", made.node, made.owner, loaded)
    return Value()


@method("model", "zero_grad")
def _zero_grad(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("zero-grad", made.node, made.owner or Value())
    return constant(None)


@method("model", "forward", "__call__", "call")
def _forward(interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    return forward(interpreter, made.owner, made)


@method("model", "add_module", "append", "add", "insert", "extend", "register_module")
def _add(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    if made.owner.items is None:
        made.owner.items = []
    given = made.arguments[-1] if made.arguments else Value()
    added = given.items or [] if made.name == "extend" else [given]
    for part in added:
        if part.owner is None and part.kind == "model":
            part.owner = made.owner
        made.owner.items.append(part)
    return made.owner


@function(
    *("torch.nn.DataParallel", "torch.nn.parallel.DistributedDataParallel", "torch.compile"),
    *("torch.nn.parallel.DataParallel", "torch.jit.script", "torch.jit.trace"),
    *("torch.nn.utils.weight_norm", "torch.nn.SyncBatchNorm.convert_sync_batchnorm"),
    "torch.distributed.fsdp.FullyShardedDataParallel",
)
def _wrap(_interpreter: Interpreter, made: Call) -> Value:
    value = made.first()
    return value if value.kind in ("model", "function") else made.result()


@method("any", "prepare", "setup", "setup_dataloaders", "setup_module", "prepare_model")
def _prepare(_interpreter: Interpreter, made: Call) -> Value:
    """Accelerate and Fabric give back what they are given."""
    if len(made.arguments) == 1:
        return made.arguments[0]
    return Value("tuple", items=list(made.arguments)) if made.arguments else made.result()


@function("torch.func.functional_call", "torch.nn.utils.stateless.functional_call")
def _functional_call(interpreter: Interpreter, made: Call) -> Value:
    model = made.first()
    if model.kind != "model" or len(made.arguments) < 3:
        return made.result()
    given = made.arguments[2]
    inputs = given.items[0] if given.items else given
    made.arguments = [inputs]
    made.keywords = {}
    return forward(interpreter, model, made)
