"""fastai, which scripts import whole: its data sets by URL and its usual augmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow import data
from thumbnet.inspection.doctor.flow.values import Value

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter


def by_family(interpreter: Interpreter, made: Call) -> Value | None:
    """Handle ``untar_data(URLs.MNIST)`` and ``aug_transforms()``, from wherever imported."""
    if made.tail == "untar_data":
        found = data.family_of(made.first().tail)
        path = Value("path", facts={"words": made.first().tail, "family": found and found[0]})
        interpreter.note("data-path", made.node, path)
        return path
    if made.tail == "aug_transforms":
        flips = made.get("do_flip", 1)
        facts = {
            "keywords": made.keywords,
            "arguments": made.arguments,
            "probability": 0 if flips is not None and flips.constant is False else None,
        }
        transform = Value("transform", name="fastai.aug_transforms", node=made.node, facts=facts)
        interpreter.note("transform", made.node, transform)
        return transform
    if made.tail == "Learner" or made.tail.endswith("_learner"):
        network = Value("model", name="fastai.model", facts={"by_name": True})
        return Value("learner", attributes={"model": network}, node=made.node)
    return None
