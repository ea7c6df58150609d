"""Data sets and loaders: which pictures come out of them, and what was done to those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow import pictures
from thumbnet.inspection.doctor.flow.names import words_of
from thumbnet.inspection.doctor.flow.values import Value, join_all

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

# Name in torchvision.datasets or keras.datasets -> family, height in pixels, colours.
KNOWN: dict[str, tuple[str, int, bool]] = {
    "mnist": ("mnist", 28, False),
    "qmnist": ("mnist", 28, False),
    "emnist": ("emnist", 28, False),
    "kmnist": ("kmnist", 28, False),
    "usps": ("usps", 16, False),
    "svhn": ("svhn", 32, True),
    "svhn_cropped": ("svhn", 32, True),
    "fashionmnist": ("fashion", 28, False),
    "fashion_mnist": ("fashion", 28, False),
    "cifar10": ("cifar", 32, True),
    "cifar100": ("cifar", 32, True),
    "stl10": ("stl", 96, True),
}
GLYPHS = frozenset(("mnist", "emnist", "kmnist", "usps", "svhn"))
"""Families whose pictures are digits or letters, which a mirror turns into other ones."""
LIGHT_ON_DARK = frozenset(("mnist", "emnist", "kmnist", "usps"))
FAMILY_WORDS = {
    "digit": "mnist",
    "digits": "mnist",
    "mnist": "mnist",
    "svhn": "svhn",
    "usps": "usps",
    "emnist": "emnist",
    "letters": "emnist",
    "kmnist": "kmnist",
    "kuzushiji": "kmnist",
}
_OTHER_WORDS = frozenset(("fashion", "sign", "medmnist"))
"""Words beside which the others do not say that digits are written there."""


def family_of(text: str) -> tuple[str, int, bool] | None:
    """Return what is known of a data set that is called ``text``, such as ``"ylecun/mnist"``."""
    name = text.lower().rpartition("/")[2].replace("-", "_")
    for suffix in ("_784", "_train", "_test", "_sample", "_tiny"):
        name = name.removesuffix(suffix)
    return KNOWN.get(name) or KNOWN.get(name.replace("_", ""))


def family_in(path: str) -> str | None:
    """Return the family that the words of a folder's path say, or None."""
    words = words_of(path)
    if _OTHER_WORDS & set(words):
        return None
    return next((FAMILY_WORDS[word] for word in words if word in FAMILY_WORDS), None)


def raw_images(family: str | None, size_px: int | None, colours: bool, **facts: Any) -> Value:
    """Return pictures as they are in a data set: whole numbers up to 255, unchanged."""
    known = {
        "family": family,
        "size_px": size_px,
        "scaled": False,
        "normalised": False,
        "inverted": False,
        "layout": "hwc" if colours else None,
        "random": (),
    }
    return Value("images", facts={**known, **facts})


def sample(interpreter: Interpreter, source: Value) -> Value:
    """Return what a loader or data set gives: pictures and labels, mostly."""
    if source.kind == "loader":
        dataset = source.facts.get("dataset")
        pair = _of_dataset(interpreter, dataset) if dataset is not None else _unknown_pair()
        return _with_facts(pair, source.splits, {"loader": source, "is_single": False})
    pair = _of_dataset(interpreter, source)
    return _with_facts(pair, source.splits, {"dataset": source, "is_single": True})


def _of_dataset(interpreter: Interpreter, dataset: Value, depth: int = 0) -> Value:
    facts = dataset.facts
    source = facts.get("source")
    if depth > 5 or source is None:
        return _unknown_pair()
    if source == "part":
        pair = _of_dataset(interpreter, facts["dataset"], depth + 1)
        return _with_facts(pair, frozenset(), {"made_of": None, "is_of_part": True})
    if source == "joined":
        pairs = [_of_dataset(interpreter, each, depth + 1) for each in facts["datasets"]]
        return join_all(pairs)
    if source == "tensors":
        return Value("tuple", items=[_row(value) for value in facts["tensors"]])
    if source == "class":
        return _of_class(interpreter, dataset)
    images = raw_images(facts.get("family"), facts.get("size_px"), bool(facts.get("colours")))
    transform = facts.get("transform")
    if transform is not None and transform.constant is None:
        transform = None
    if transform is not None:
        images = pictures.transformed(interpreter, transform, images)
    return Value("tuple", items=[images, Value("labels", facts={"family": facts.get("family")})])


def _of_class(interpreter: Interpreter, dataset: Value) -> Value:
    from thumbnet.inspection.doctor.flow.calls import call_method

    known = dataset.facts.get("sample")
    if known is None:
        # Set first, so that a data set that asks itself for an element ends.
        dataset.facts["sample"] = _unknown_pair()
        known = call_method(interpreter, dataset, "__getitem__", [Value("index")])
        if known is None or known.kind == "unknown":
            known = _unknown_pair()
        dataset.facts["sample"] = known
    return known


def _row(value: Value) -> Value:
    return value.copy(facts={"is_slice": False})


def _unknown_pair() -> Value:
    return Value("tuple", items=[Value("images"), Value("labels")], facts={"by_name": True})


def _with_facts(pair: Value, splits: frozenset[str], facts: dict[str, Any]) -> Value:
    """Return fresh copies of what a data set gives, with where they are from."""
    if pair.kind in ("tuple", "list") and pair.items is not None:
        items = [_with_facts(item, splits, facts) for item in pair.items]
        return Value("tuple", items=items, facts=dict(facts), splits=splits)
    if pair.kind == "dict" and pair.fields is not None:
        fields = {key: _with_facts(value, splits, facts) for key, value in pair.fields.items()}
        return Value("dict", fields=fields, facts=dict(facts), splits=splits)
    # A picture that a data set reads from a file is the data set's, not the person's own.
    own = frozenset(split for split in pair.splits if split != "own")
    return pair.copy(splits=splits or own, facts=facts)


def root(dataset: Value | None) -> Value | None:
    """Return the whole data set that a loader or a part of one takes from."""
    seen = 0
    while dataset is not None and seen < 8:
        inner = dataset.facts.get("dataset")
        if inner is None or dataset.kind not in ("loader", "dataset"):
            return dataset
        dataset, seen = inner, seen + 1
    return dataset


def transform_of(dataset: Value) -> Value | None:
    """Return what a data set does to its pictures, also if it is a part of another."""
    own = dataset.facts.get("transform")
    if own is not None:
        return own if own.constant is not None else None
    inner = dataset.facts.get("dataset")
    return transform_of(inner) if inner is not None and inner is not dataset else None
