"""What a network sees in place of what it was trained on, and a stem that leaves little of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from thumbnet.inspection.doctor.flow.data import LIGHT_ON_DARK
from thumbnet.inspection.doctor.flow.library_keras import layers_of
from thumbnet.inspection.doctor.flow.parts import parts_of
from thumbnet.inspection.doctor.flow.trace import Event
from thumbnet.inspection.doctor.flow.values import OWN, TRAIN, Value, reachable
from thumbnet.inspection.doctor.rules.script import (
    Hit,
    Script,
    input_splits,
    name_of,
    network_key,
    same_network,
    source_of,
    used_names,
)

_LARGEST_SMALL_PX = 40
_LARGE_STEMS = (
    "resnet",
    "resnext",
    "wide_resnet",
    "densenet",
    "googlenet",
    "se_resnet",
    "seresnet",
)
# Networks for whole pictures; those that find objects normalise their input themselves.
_WANTS_IMAGENET = (
    *("resnet", "resnext", "wide_resnet", "densenet", "vgg", "alexnet", "squeezenet", "mnasnet"),
    *("mobilenet", "efficientnet", "convnext", "regnet", "vit_", "shufflenet", "maxvit"),
    *("swin_", "googlenet", "inception_v3"),
)
_MNIST_WORDS = re.compile(r"(?<!fashion)(?<!fashion[_-])mnist|digit", re.IGNORECASE)
_ENLARGES = re.compile(r"interpolate|Upsample|resize", re.IGNORECASE)


def channel_order(script: Script) -> Iterator[Hit]:
    """Blue and red are exchanged, or the channels stand where the rows should."""
    for event in script.trace.of("forward", "keras-predict"):
        given = _picture(event)
        if given is None:
            continue
        if given.facts.get("bgr") is True:
            yield Hit("channel-order", given.node or event.node, "bgr")
        is_torch = event.kind == "forward" and given.facts.get("is_torch")
        if is_torch and given.facts.get("layout") == "hwc" and _has_convolutions(event.value):
            yield Hit("channel-order", given.node or event.node, "hwc")
    for event in script.trace.of("wrong-reshape"):
        yield Hit("channel-order", event.node, "reshape")


def _picture(event: Event) -> Value | None:
    return next((value for value in event.arguments[:1] if value.kind == "images"), None)


def _has_convolutions(model: Value) -> bool:
    parts = parts_of(model)
    if any("Conv" in part.tail or part.facts.get("is_whole") for part in parts):
        return True
    return len(parts) == 1 and "class" not in model.facts


def polarity(script: Script) -> Iterator[Hit]:
    """A picture with dark ink on light paper is given to a network that knows light on dark."""
    if script.trace.of("inversion"):
        return
    for event in script.trace.of("forward", "keras-predict", "estimator-test"):
        given = _picture(event)
        if given is None or OWN not in given.splits or given.facts.get("inverted") is not False:
            continue
        is_exported = bool(_MNIST_WORDS.search(_file_stem(given)))
        if not is_exported and _knows_light_on_dark(script, event):
            yield Hit("polarity", given.node or event.node, "", {"model": name_of(event.value)})


def _file_stem(given: Value) -> str:
    name = str(given.facts.get("file") or "").rpartition("/")[2]
    return name if "mnist" in name.lower() else ""


def _knows_light_on_dark(script: Script, event: Event) -> bool:
    model = event.value
    for other in script.trace.of("forward", "keras-fit", "fit"):
        is_same = network_key(other.value) == network_key(model)
        families = {value.facts.get("family") for value in reachable(other.arguments)}
        if is_same and families & LIGHT_ON_DARK:
            return True
    words = [str(model.facts.get("weights_from", "")), model.tail]
    if model.facts.get("is_loaded_whole"):
        # A whole model needs its class in the script that loads it.
        words += [node.name for node in ast.walk(script.tree) if isinstance(node, ast.ClassDef)]
    return any(_MNIST_WORDS.search(word) for word in words)


# --- the stem ---------------------------------------------------------------------------------


def large_stem(script: Script) -> Iterator[Hit]:
    """A stem for photos of 224 pixels takes pictures of 28 or 32."""
    for event in script.forward_passes:
        given = _picture(event)
        size_px = given.facts.get("size_px") if given is not None else None
        if size_px is None or size_px > _LARGEST_SMALL_PX:
            continue
        stem = stem_of(event.value)
        if stem is not None:
            details = {"size_px": size_px, "left": -(-size_px // 4)}
            yield Hit("large-stem-on-small-images", stem.node or event.node, "", details)
    for event in script.trace.of("keras-fit"):
        stem = _keras_stem(event)
        if stem is not None:
            size_px = int(stem.facts["keywords"]["input_shape"].items[0].number)
            details = {"size_px": size_px, "left": -(-size_px // 4)}
            yield Hit("large-stem-on-small-images", stem.node, "", details)


def stem_of(model: Value) -> Value | None:
    """Return the network or layer whose stem is a large one with a pooling behind it."""
    for part in parts_of(model):
        made_by = part.facts.get("class")
        if made_by is not None and made_by.node is not None:
            if any(map(_ENLARGES.search, used_names(made_by.node))):
                return None
            if _is_own_large_stem(part, made_by.node):
                return part.attributes.get("conv1", _first_convolution(part))
        if part.facts.get("is_whole") and not part.facts.get("is_part_of_library"):
            return part if _is_ready_made_large(part) else None
    return None


def _is_ready_made_large(model: Value) -> bool:
    if not model.tail.lower().startswith(_LARGE_STEMS):
        return False
    first = model.attributes.get("conv1")
    if first is not None and not _is_large(first) and not first.facts.get("is_part_of_library"):
        return False
    pool = model.attributes.get("maxpool")
    return pool is None or pool.tail != "Identity"


def _is_large(layer: Value) -> bool:
    arguments, keywords = layer.facts.get("arguments") or [], layer.facts.get("keywords") or {}
    kernel = keywords.get("kernel_size") or (arguments[2] if len(arguments) > 2 else None)
    stride = keywords.get("stride") or (arguments[3] if len(arguments) > 3 else None)
    return _number(kernel) >= 7 and _number(stride) >= 2


def _number(value: Value | None) -> float:
    if value is None:
        return 1
    if value.number is not None:
        return value.number
    first = value.items[0].number if value.items else None
    return first if first is not None else 0


def _first_convolution(model: Value) -> Value | None:
    return next((part for part in parts_of(model) if part.tail == "Conv2d"), None)


def _is_own_large_stem(model: Value, node: ast.AST) -> bool:
    first = _first_convolution(model)
    if first is None or not _is_large(first):
        return False
    has_pool = any(part.tail == "MaxPool2d" for part in parts_of(model))
    return has_pool or "max_pool2d" in used_names(node)


def _keras_stem(event: Event) -> Value | None:
    for layer in [event.value, *layers_of(event.value)]:
        keywords = layer.facts.get("keywords") or {}
        shape = keywords.get("input_shape")
        is_large = layer.name.startswith("keras.applications.ResNet")
        if is_large and shape is not None and shape.items:
            size = shape.items[0].number
            if size is not None and size <= _LARGEST_SMALL_PX:
                return layer
    return None


# --- normalisation ----------------------------------------------------------------------------


def unnormalised_at_inference(script: Script) -> Iterator[Hit]:
    """What was done to the numbers of training images is not done to those of others."""
    yield from _other_than_weights(script)
    trained = [(event.value, _picture(event)) for event in script.trained_passes]
    fits = script.trace.of("keras-fit", "fit")
    trained += [(event.value, _picture(event)) for event in fits if event.value.kind != "scaler"]
    uses = [*script.evaluations, *script.trace.of("keras-predict", "estimator-test")]
    for event in uses:
        given = _picture(event)
        if given is None or TRAIN in input_splits(event) or _rescales(event.value):
            continue
        known = [
            images.facts
            for model, images in trained
            if images is not None
            and (same_network(model, event.value) or network_key(model) == network_key(event.value))
        ]
        form = _difference(known, given.facts) if known else None
        if form is not None:
            yield Hit("unnormalised-at-inference", source_of(given, event), form)


def _other_than_weights(script: Script) -> Iterator[Hit]:
    """A ready-made network with its weights sees pictures without ImageNet's mean and deviation."""
    changed = [*script.trained_passes, *script.trace.of("load-state", "part-replaced")]
    for event in script.forward_passes:
        given, model = _picture(event), event.value
        is_meant = (
            model.facts.get("is_pretrained") is True
            and model.name.startswith("torchvision.models.")
            and model.tail.lower().startswith(_WANTS_IMAGENET)
            and not model.facts.get("is_part_of_library")
        )
        if not is_meant or given is None or given.facts.get("normalised") is not False:
            continue
        if given.facts.get("layout") == "hwc":
            continue  # the network cannot take it at all
        # Who trains the network further may teach it other numbers.
        if not any(same_network(each.value, model) for each in changed):
            yield Hit("unnormalised-at-inference", event.node, "weights", {"model": model.tail})


def _rescales(model: Value) -> bool:
    layers = [*layers_of(model), *parts_of(model)]
    return any(layer.tail in ("Rescaling", "Normalization") for layer in layers)


def _difference(trained: list[dict[str, Any]], given: dict[str, Any]) -> str | None:
    """Return ``mean``, ``scale`` or ``other`` for what differs, if both sides are known."""
    for key, form in (("scaled", "scale"), ("normalised", "mean")):
        if all(facts.get(key) is True for facts in trained) and given.get(key) is False:
            return form
    numbers = {facts.get("normalisation") for facts in trained}
    own = given.get("normalisation")
    is_known = None not in numbers and own is not None and None not in own
    if is_known and all(None not in each for each in numbers if each) and own not in numbers:
        return "other"
    return None
