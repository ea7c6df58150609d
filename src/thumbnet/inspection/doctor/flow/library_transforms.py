"""Transforms of torchvision, albumentations and Keras, made or applied at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow import pictures
from thumbnet.inspection.doctor.flow.registry import function
from thumbnet.inspection.doctor.flow.values import Value

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_TORCHVISION = "torchvision.transforms."
_FUNCTIONAL = "torchvision.transforms.functional."
_ALBUMENTATIONS = "albumentations."
_GROUPS = ("Compose", "RandomApply", "RandomChoice", "RandomOrder", "OneOf", "Sequential", "SomeOf")
_NOT_TRANSFORMS = ("InterpolationMode", "AutoAugmentPolicy", "get_image_size", "pil_modes_mapping")
_KERAS_RANDOM = "keras.layers.Random"
# Functional name -> the transform that does the same.
_SAME = {
    "to_tensor": "ToTensor",
    "pil_to_tensor": "PILToTensor",
    "to_image": "ToImage",
    "convert_image_dtype": "ConvertImageDtype",
    "normalize": "Normalize",
    "resize": "Resize",
    "center_crop": "CenterCrop",
    "invert": "Invert",
    "rgb_to_grayscale": "Grayscale",
    "to_grayscale": "Grayscale",
    "to_dtype": "ToDtype",
    "pad": "Pad",
}


def by_family(interpreter: Interpreter, made: Call) -> Value | None:
    """Handle every transform by where it is from."""
    if made.name.startswith(_FUNCTIONAL):
        return _apply_at_once(interpreter, made)
    if made.name.startswith((_TORCHVISION, _ALBUMENTATIONS)) and made.tail[:1].isupper():
        if made.tail in _NOT_TRANSFORMS:
            return None
        return make_transform(interpreter, made)
    if made.name.startswith(_KERAS_RANDOM):
        layer = make_transform(interpreter, made)
        return layer.copy(kind="model", facts={"framework": "keras"})
    return None


def make_transform(interpreter: Interpreter, made: Call) -> Value:
    """Return a transform, and note that it was made."""
    inner = made.get("transforms", 0) if made.tail in _GROUPS else None
    items = list(inner.items) if inner is not None and inner.items is not None else None
    if made.tail == "Lambda":
        items = [made.first()]
    facts: dict[str, Any] = {
        "keywords": made.keywords,
        "arguments": made.arguments,
        "probability": _probability(made),
        **_angles(made),
    }
    size = made.get("size", 0)
    if size is not None:
        facts["size_px"] = _size(size)
        if made.name.startswith(_ALBUMENTATIONS):
            facts["size_px"] = _size(made.get("height", 0) or size)
    if made.tail == "Normalize":
        facts["numbers"] = (_numbers(made.get("mean", 0)), _numbers(made.get("std", 1)))
    if made.tail in _GROUPS and items is None:
        facts["is_known"] = False
    transform = Value("transform", name=made.name, items=items, facts=facts, node=made.node)
    interpreter.note("transform", made.node, transform, *made.everything)
    return transform


def _apply_at_once(interpreter: Interpreter, made: Call) -> Value:
    from thumbnet.inspection.doctor.flow.calls import Call as MadeCall

    images, rest = made.first(), made.arguments[1:]
    if made.tail == "invert":
        interpreter.note("inversion", made.node, images)
    if made.tail in ("hflip", "vflip", "horizontal_flip", "vertical_flip"):
        interpreter.note("flip", made.node, images, name=made.tail)
    tail = _SAME.get(made.tail, made.tail)
    inner = MadeCall(made.node, _TORCHVISION + tail, None, rest, made.keywords, made.is_open)
    transform = make_transform(interpreter, inner)
    transform.facts["is_functional"] = True
    if images.kind not in ("images", "unknown"):
        return made.result()
    images = images.copy(kind="images")
    # A function with an angle that the script chose is not random by itself.
    return pictures.apply(interpreter, transform.copy(facts={"spread": 0}), images)


def _probability(made: Call) -> float | None:
    given = made.keywords.get("p")
    if given is None and made.tail.endswith("Flip") and made.name.startswith(_TORCHVISION):
        given = made.get("p", 0)
    return given.number if given is not None else None


def _angles(made: Call) -> dict[str, Any]:
    """Return the largest angle in degrees, and the spread between the ends of the range."""
    if made.tail not in ("RandomRotation", "RandomAffine", "Rotate", "Affine", "SafeRotate"):
        return {}
    given = made.get("degrees", 0) or made.get("limit", 0) or made.keywords.get("rotate")
    if made.tail.startswith("RandomRotation") and made.name.startswith("keras."):
        given = made.get("factor", 0)
    if given is None:
        is_rotate = made.tail in ("Rotate", "SafeRotate")
        return {"degrees": 90.0, "spread": 180.0} if is_rotate else {}
    factor = 360.0 if made.name.startswith("keras.") else 1.0
    if given.number is not None:
        degrees = abs(given.number) * factor
        return {"degrees": degrees, "spread": 2 * degrees}
    ends = [item.number for item in given.items or ()]
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        return {}
    degrees = max(abs(ends[0]), abs(ends[1])) * factor
    return {"degrees": degrees, "spread": abs(ends[1] - ends[0]) * factor}


def _size(given: Value) -> int | None:
    numbers = [given.number] if given.number is not None else [i.number for i in given.items or ()]
    known = [int(number) for number in numbers if number is not None]
    return min(known) if known and len(known) == len(numbers) else None


def _numbers(given: Value | None) -> tuple[float, ...] | None:
    if given is None:
        return None
    if given.number is not None:
        return (float(given.number),)
    numbers = [item.number for item in given.items or ()]
    known = tuple(float(number) for number in numbers if number is not None)
    return known if known and len(known) == len(numbers) else None


@function("PIL.ImageOps.invert", "cv2.bitwise_not", "numpy.invert", "numpy.bitwise_not")
def _invert(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("inversion", made.node, made.first())
    value = made.first()
    return value.copy(facts={"inverted": True}) if value.kind == "images" else made.result()


@function("cv2.threshold", "cv2.adaptiveThreshold")
def _threshold(interpreter: Interpreter, made: Call) -> Value:
    value = made.first()
    inverts = any(str(part.name).endswith("_INV") or _has_inv(part) for part in made.everything)
    changed = value
    if inverts:
        interpreter.note("inversion", made.node, value)
        changed = value.copy(facts={"inverted": True})
    if made.tail == "adaptiveThreshold":
        return changed
    return Value("tuple", items=[Value(), changed])


def _has_inv(value: Value) -> bool:
    import ast

    node = value.node
    return isinstance(node, ast.BinOp) and "_INV" in ast.dump(node)


@function("keras.layers.Rescaling", "keras.layers.experimental.preprocessing.Rescaling")
def _rescaling(_interpreter: Interpreter, made: Call) -> Value:
    return Value("model", name=made.name, node=made.node, facts={"framework": "keras"})
