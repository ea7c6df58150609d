"""Which handler knows what a library's function, class or method does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow import (
    drawing,
    library_arguments,  # noqa: F401 - it registers names, and has no family
    library_arrays,
    library_datasets,
    library_estimators,
    library_fastai,
    library_files,
    library_jax,
    library_keras,
    library_models,
    library_modes,  # noqa: F401 - likewise
    library_python,
    library_training,
    library_transforms,
)
from thumbnet.inspection.doctor.flow.library_models import forward
from thumbnet.inspection.doctor.flow.library_training import measure_loss
from thumbnet.inspection.doctor.flow.registry import FUNCTIONS, METHODS
from thumbnet.inspection.doctor.flow.values import Value

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

__all__ = ["METHODS", "call_library", "call_method", "forward", "measure_loss"]

# Asked in turn for what has no handler under its whole name.
_FAMILIES = (
    library_transforms.by_family,
    library_datasets.by_family,
    library_keras.by_family,
    library_jax.by_family,
    library_fastai.by_family,
    library_models.by_family,
    library_training.by_family,
    library_estimators.by_family,
    library_arrays.by_family,
    library_files.by_family,
    library_python.by_family,
)


def call_library(interpreter: Interpreter, made: Call) -> Value:
    """Return the value of calling a library's function or class."""
    handler = FUNCTIONS.get(made.name)
    if handler is not None:
        return handler(interpreter, made)
    for family in _FAMILIES:
        result = family(interpreter, made)
        if result is not None:
            return result
    interpreter.note("unknown-call", made.node, Value(), *made.everything, name=made.name)
    return made.result()


def call_method(interpreter: Interpreter, made: Call) -> Value:
    """Return the value of calling a method of a value."""
    owner = made.owner or Value()
    handler = METHODS[owner.kind].get(made.name) or METHODS["any"].get(made.name)
    if handler is not None:
        return handler(interpreter, made)
    order = drawing.kept(made, owner)
    if order is not None:
        return order
    if made.name == "shuffle" and made.arguments:
        return drawing.shuffled_in_place(interpreter, made)
    interpreter.note("unknown-call", made.node, owner, *made.everything, name=made.name)
    return made.result()
