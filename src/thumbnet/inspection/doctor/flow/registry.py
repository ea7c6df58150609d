"""Where the handlers of library functions and of methods put themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow.values import Value

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

    Handler = Callable[[Interpreter, Call], Value]

FUNCTIONS: dict[str, Handler] = {}
"""Dotted name → what a call of it does."""
METHODS: dict[str, dict[str, Handler]] = defaultdict(dict)
"""Kind of the owner, or ``"any"`` → name of the method → what a call of it does."""


def function(*names: str) -> Callable[[Handler], Handler]:
    """Register a handler for library functions or classes."""

    def add(handler: Handler) -> Handler:
        for name in names:
            FUNCTIONS[name] = handler
        return handler

    return add


def method(kinds: str, *names: str) -> Callable[[Handler], Handler]:
    """Register a handler for methods of values of these kinds, which are separated by blanks."""

    def add(handler: Handler) -> Handler:
        for kind in kinds.split():
            for name in names:
                METHODS[kind][name] = handler
        return handler

    return add
