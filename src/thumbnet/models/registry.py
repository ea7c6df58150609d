"""Model names: ``build_model("resnet", input_shape=(1, 28, 28), num_classes=10, depth=20)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from torch import nn

from thumbnet.errors import ModelError, nearest

InputShape = tuple[int, int, int]
Builder = Callable[..., nn.Module]
_Registered = TypeVar("_Registered", bound=Builder)
_BUILDERS: dict[str, Builder] = {}
# What ``build_model`` is told by position, so that a family's own arguments cannot have the name.
RESERVED_ARGUMENTS = frozenset({"name", "input_shape", "num_classes"})


def register(name: str) -> Callable[[_Registered], _Registered]:
    """Register a builder ``(input_shape, num_classes, **arguments) -> nn.Module``."""

    def add(builder: _Registered) -> _Registered:
        assert name not in _BUILDERS, f"two models are called {name}"
        _BUILDERS[name] = builder
        return builder

    return add


def model_names() -> list[str]:
    """Return the names of all models, sorted."""
    return sorted(_BUILDERS)


def build_model(
    name: str, input_shape: InputShape, num_classes: int, **arguments: Any
) -> nn.Module:
    """Build a freshly initialised model.

    Args:
        name: a registered name, see ``model_names()``.
        input_shape: ``(channels, height, width)`` of one image.
        num_classes: the number of logits.
        **arguments: the family's own keyword arguments.

    Returns:
        A module from float ``(N, C, H, W)`` to logits ``(N, num_classes)``.

    Raises:
        ModelError: unknown name or argument, or one that does not fit the input.
    """
    if name not in _BUILDERS:
        raise ModelError(f"there is no model '{name}'", expected=nearest(name, _BUILDERS))
    if num_classes < 2:
        raise ModelError("a classifier needs classes", got=num_classes, expected="2 or more")
    builder = _BUILDERS[name]
    known = [p for p in inspect.signature(builder).parameters if p not in RESERVED_ARGUMENTS]
    for argument in arguments:
        if argument not in known:
            raise ModelError(
                f"model '{name}' has no argument '{argument}'",
                expected=nearest(argument, known) if known else "no arguments",
            )
    try:
        return builder(input_shape, num_classes, **arguments)
    except (TypeError, ValueError) as error:
        raise ModelError(f"model '{name}' cannot be built: {error}", got=arguments) from error


def count_parameters(model: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def require_positive(name: str, values: Iterable[object]) -> None:
    """Raise ``ModelError`` unless every value is a positive whole number."""
    for value in values:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ModelError(f"'{name}' must be positive whole numbers", got=value)
