"""``with`` statements: recorded gradients, and context managers that the script defines itself."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow.calls import call_method, call_with, made_call
from thumbnet.inspection.doctor.flow.values import Value

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter


def go_through(
    interpreter: Interpreter, items: Sequence[ast.withitem], body: Sequence[ast.stmt]
) -> str | None:
    """Go through the body of a ``with`` statement inside its contexts, the first outermost."""
    if not items:
        return interpreter.block(body)
    item, rest = items[0], items[1:]
    before = interpreter.with_gradient
    try:
        if isinstance(item.context_expr, ast.Call):
            function = interpreter.evaluate(item.context_expr.func)
            if function.kind == "function" and function.facts.get("is_context_manager"):
                return _inside_generator(interpreter, function, item, rest, body)
        context = interpreter.evaluate(item.context_expr)
        if "with_gradient" in context.facts:
            interpreter.with_gradient = bool(context.facts["with_gradient"])
        entered = call_method(interpreter, context, "__enter__", [])
        if item.optional_vars is not None:
            interpreter.assign(item.optional_vars, entered if entered is not None else context)
        ending = go_through(interpreter, rest, body)
        call_method(interpreter, context, "__exit__", [Value(), Value(), Value()])
        return ending
    finally:
        interpreter.with_gradient = before


def _inside_generator(
    interpreter: Interpreter,
    function: Value,
    item: ast.withitem,
    rest: Sequence[ast.withitem],
    body: Sequence[ast.stmt],
) -> str | None:
    """Go through a function with ``@contextmanager``; the body happens where it yields."""
    assert isinstance(item.context_expr, ast.Call)
    made = made_call(interpreter, function, item.context_expr)
    scope, endings = interpreter.scope, []

    def at_yield(value: Value) -> None:
        # Meanwhile we are in the function that the statement is in.
        inner = interpreter.functions.pop(), interpreter.returns.pop(), interpreter.yields.pop()
        own = interpreter.on_yield.pop()
        try:
            with interpreter.inside(scope):
                if item.optional_vars is not None:
                    interpreter.assign(item.optional_vars, value)
                endings.append(go_through(interpreter, rest, body))
        finally:
            interpreter.functions.append(inner[0])
            interpreter.returns.append(inner[1])
            interpreter.yields.append(inner[2])
            interpreter.on_yield.append(own)

    made.at_yield = at_yield
    call_with(interpreter, function, made)
    return endings[-1] if endings else interpreter.block(body)
