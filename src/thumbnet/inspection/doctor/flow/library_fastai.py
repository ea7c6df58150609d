"""fastai, which scripts import whole: its data sets by URL and its usual augmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow import data
from thumbnet.inspection.doctor.flow.registry import method
from thumbnet.inspection.doctor.flow.values import Value, constant

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_FLIPS = ("Flip", "FlipItem", "Dihedral", "DihedralItem")
# What reads pictures from a folder, which is the first argument.
_READERS = (
    *("from_folder", "from_path_func", "from_path_re", "from_name_func", "from_name_re"),
    *("from_csv", "from_df", "from_lists", "get_image_files"),
)


def by_family(interpreter: Interpreter, made: Call) -> Value | None:
    """Handle ``untar_data(URLs.MNIST)`` and ``aug_transforms()``, from wherever imported."""
    if made.tail == "untar_data":
        found = data.family_of(made.first().tail)
        path = Value("path", facts={"words": made.first().tail, "family": found and found[0]})
        interpreter.note("data-path", made.node, path)
        return path
    if made.tail == "aug_transforms":
        return _augmentation(interpreter, made)
    if made.tail in _FLIPS and _is_of_fastai(interpreter, made):
        name = "FlipItem" if made.tail.startswith("Flip") else "Dihedral"
        facts = {"keywords": made.keywords, "probability": _chance(made)}
        transform = Value("transform", name=f"fastai.{name}", node=made.node, facts=facts)
        interpreter.note("transform", made.node, transform)
        return transform
    if made.tail in _READERS and _is_of_fastai(interpreter, made):
        _note_place(interpreter, made)
        return made.result(kind="loaders" if made.tail.startswith("from_") else "unknown")
    if made.tail == "DataBlock":
        return Value("data-block", node=made.node)
    if made.tail == "Learner" or made.tail.endswith("_learner"):
        network = Value("model", name="fastai.model", facts={"by_name": True})
        return Value("learner", attributes={"model": network}, node=made.node)
    return None


def _is_of_fastai(interpreter: Interpreter, made: Call) -> bool:
    modules = [made.name, *interpreter.star_modules]
    return any(name.startswith(("fastai.", "fastbook")) for name in modules)


def _augmentation(interpreter: Interpreter, made: Call) -> Value:
    flips = made.get("do_flip", 1)
    turn = made.get("max_rotate", 3)
    degrees = abs(turn.number) if turn is not None and turn.number is not None else 0.0
    facts = {
        "keywords": made.keywords,
        "arguments": made.arguments,
        "probability": 0 if flips is not None and flips.constant is False else None,
        "degrees": degrees,
        "spread": 2 * degrees,
    }
    if flips is not None and not flips.is_constant:
        facts["probability"] = 0  # an option that the script does not decide
    transform = Value("transform", name="fastai.aug_transforms", node=made.node, facts=facts)
    interpreter.note("transform", made.node, transform)
    return transform


def _chance(made: Call) -> float | None:
    given = made.keywords.get("p")
    return given.number if given is not None else None


def _note_place(interpreter: Interpreter, made: Call) -> None:
    """Note the folder that pictures are read from, whose words may say what is on them."""
    place = made.get("path", 0) or made.get("source", 0) or Value()
    words = place.text or str(place.facts.get("words", ""))
    family = place.facts.get("family") or data.family_in(words)
    path = Value("path", facts={"words": words, "family": family})
    interpreter.note("data-path", made.node, path)


@method("data-block", "dataloaders", "datasets", "summary")
def _from_block(interpreter: Interpreter, made: Call) -> Value:
    _note_place(interpreter, made)
    return made.result(kind="loaders")


@method("learner", "export")
def _export(interpreter: Interpreter, made: Call) -> Value:
    """Handle ``learn.export("digits.pkl")``, which pickles the whole learner."""
    assert made.owner is not None
    interpreter.note("save", made.node, made.owner.attributes["model"], by="fastai")
    return constant(None)
