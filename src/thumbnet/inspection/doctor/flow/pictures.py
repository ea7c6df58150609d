"""What transforms and arithmetic do to pictures: size, scale, normalisation, polarity, layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow.values import Value

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

UNKNOWN_FACTS: dict[str, Any] = {
    "size_px": None,
    "scaled": None,
    "normalised": None,
    "inverted": None,
    "layout": None,
    "bgr": None,
}
_STEPS = ("Compose", "Sequential", "RandomApply", "RandomChoice", "RandomOrder", "OneOf")
_ALBUMENTATIONS = ("albumentations.",)
_RESIZES = frozenset(
    ("Resize", "CenterCrop", "RandomCrop", "RandomResizedCrop", "FiveCrop", "TenCrop", "Resizing")
)


def transformed(interpreter: Interpreter, transform: Value, images: Value) -> Value:
    """Return pictures as they are after a transform, or after something unknown."""
    from thumbnet.inspection.doctor.flow.calls import call_value

    if transform.kind == "transform":
        if transform.tail in _STEPS and transform.items is not None:
            for step in transform.items:
                images = transformed(interpreter, step, images)
            return images
        return apply(interpreter, transform, images)
    if transform.kind in ("function", "object", "reference", "model"):
        return call_value(interpreter, transform, [images], transform.node)
    return images.copy(facts=UNKNOWN_FACTS)


def apply(interpreter: Interpreter, transform: Value, images: Value) -> Value:
    """Return pictures after one transform of torchvision or albumentations."""
    from thumbnet.inspection.doctor.flow.calls import call_value

    tail = transform.tail
    facts: dict[str, Any] = {}
    if is_random(transform):
        facts["random"] = (*(images.facts.get("random") or ()), transform)
    if tail == "Lambda" and transform.items:
        changed = call_value(interpreter, transform.items[0], [images], transform.node)
        return images.copy(facts=UNKNOWN_FACTS) if changed.kind == "unknown" else changed
    if tail in ("ToTensor", "to_tensor"):
        facts |= {"layout": "chw", "scaled": True}
    elif tail in ("PILToTensor", "ToImage", "ToImageTensor", "ToTensorV2", "ToPureTensor"):
        facts["layout"] = "chw"
    elif tail == "ConvertImageDtype":
        facts["scaled"] = True
    elif tail == "ToDtype":
        scale = transform.facts.get("keywords", {}).get("scale")
        if scale is not None and scale.constant is True:
            facts["scaled"] = True
    elif tail == "transforms":
        # What a ready-made network's weights want, numbers and all.
        facts |= {"layout": "chw", "scaled": True, "normalised": True, "size_px": None}
        facts["normalisation"] = None
    elif tail in ("Normalize", "normalize"):
        facts |= {"normalised": True, "normalisation": transform.facts.get("numbers")}
        if transform.name.startswith(_ALBUMENTATIONS):
            facts["scaled"] = True
    elif tail in _RESIZES:
        facts["size_px"] = transform.facts.get("size_px")
    elif tail in ("Pad", "PadIfNeeded", "LinearTransformation"):
        facts["size_px"] = None
    elif tail in ("RandomInvert", "Invert", "InvertImg", "invert"):
        facts["inverted"] = True
    elif tail in ("Grayscale", "ToGray"):
        facts |= {"bgr": False, "layout": images.facts.get("layout")}
    elif not transform.facts.get("is_known", True):
        facts |= UNKNOWN_FACTS
    return images.copy(facts=facts)


_RANDOM = frozenset(
    (
        *("ColorJitter", "AutoAugment", "RandAugment", "TrivialAugmentWide", "AugMix"),
        *("ElasticTransform", "ScaleJitter", "HorizontalFlip", "VerticalFlip", "Rotate"),
        *(
            "ShiftScaleRotate",
            "CoarseDropout",
            "GaussNoise",
            "Affine",
            "Cutout",
            "HueSaturationValue",
        ),
        *("Flip", "Transpose", "OneOf", "Perspective", "GridDistortion", "OpticalDistortion"),
    )
)


def is_random(transform: Value) -> bool:
    """Whether a transform draws something at random."""
    if transform.kind != "transform":
        return False
    tail, chance = transform.tail, transform.facts.get("probability")
    if chance in (0, 1, 0.0, 1.0) and tail.endswith(("Flip", "Invert", "Grayscale")):
        return False
    if transform.facts.get("spread") == 0:
        return False
    return tail.startswith("Random") or tail in _RANDOM


def random_steps(transform: Value | None) -> list[Value]:
    """Return the random transforms in a transform, however deep."""
    if transform is None or transform.kind not in ("transform", "model", "list", "tuple"):
        return []
    inner = [step for item in transform.items or () for step in random_steps(item)]
    is_group = transform.tail in _STEPS
    return ([transform] if not is_group and is_random(transform) else []) + inner
