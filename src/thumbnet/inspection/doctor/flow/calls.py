"""Calls: functions and classes of the file are entered, libraries are asked from their handlers."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow import instances
from thumbnet.inspection.doctor.flow.names import named
from thumbnet.inspection.doctor.flow.scope import Scope
from thumbnet.inspection.doctor.flow.values import Value, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

MAX_DEPTH = 16


@dataclass
class Call:
    """One call with its arguments.

    Attributes:
        node: where.
        name: the dotted name of what is called.
        owner: of a method, its object.
        arguments: by position.
        keywords: by name; of ``**options`` those that are known.
        is_open: whether there may be more keywords than those, from ``**options``.
        at_yield: what happens where the function yields, if it is a context manager.
    """

    node: ast.AST
    name: str
    owner: Value | None = None
    arguments: list[Value] = field(default_factory=list)
    keywords: dict[str, Value] = field(default_factory=dict)
    is_open: bool = False
    at_yield: Callable[[Value], None] | None = None

    @property
    def tail(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    def get(self, name: str, position: int | None = None) -> Value | None:
        """Return the argument of this name or at this position, or None if it is not given."""
        if name in self.keywords:
            return self.keywords[name]
        if position is not None and position < len(self.arguments):
            return self.arguments[position]
        return None

    def copy_for(self, owner: Value) -> Call:
        """Return the call as one of another object."""
        return Call(self.node, self.name, owner, self.arguments, self.keywords, self.is_open)

    def first(self) -> Value:
        """Return the first argument, whatever its name."""
        everything = self.everything
        return everything[0] if everything else Value()

    @property
    def everything(self) -> list[Value]:
        """All arguments."""
        return [*self.arguments, *self.keywords.values()]

    def result(self, **changes: Any) -> Value:
        """Return a value of which only is known what it was made from."""
        sources = [*([self.owner] if self.owner is not None else []), *self.everything]
        return unknown(*sources, node=self.node, **changes)


def call(interpreter: Interpreter, node: ast.Call) -> Value:
    """Return the value of a call, after noting what it does."""
    function = interpreter.evaluate(node.func)
    return call_with(interpreter, function, made_call(interpreter, function, node))


def made_call(interpreter: Interpreter, function: Value, node: ast.Call) -> Call:
    """Return a call with its arguments evaluated."""
    arguments, keywords, is_open = [], {}, False
    for part in node.args:
        if isinstance(part, ast.Starred):
            value = interpreter.evaluate(part.value)
            arguments += value.items if value.items is not None else [unknown(value)]
        else:
            arguments.append(interpreter.evaluate(part))
    for keyword in node.keywords:
        value = interpreter.evaluate(keyword.value)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        elif value.fields is not None:
            keywords |= {k: v for k, v in value.fields.items() if isinstance(k, str)}
            is_open = is_open or ... in value.fields or bool(value.facts.get("is_open"))
        else:
            is_open = True
    return Call(node, function.name, function.owner, arguments, keywords, is_open)


def call_value(
    interpreter: Interpreter, function: Value, arguments: Sequence[Value], node: ast.AST | None
) -> Value:
    """Return the value of calling ``function`` by position."""
    place = node if node is not None else ast.Pass(lineno=1, col_offset=0)
    made = Call(place, function.name, function.owner, list(arguments))
    return call_with(interpreter, function, made)


def call_method(
    interpreter: Interpreter, owner: Value, name: str, arguments: Sequence[Value]
) -> Value | None:
    """Return the value of calling a method that a class of the file defines, or None."""
    from thumbnet.inspection.doctor.flow.attributes import class_member

    if "class" not in owner.facts:
        return None
    member = class_member(owner, name)
    if member is None or member.kind != "function":
        return None
    return call_value(interpreter, member.copy(owner=owner), arguments, member.node)


def call_with(interpreter: Interpreter, function: Value, made: Call) -> Value:
    """Return the value of a call whose parts are known."""
    from thumbnet.inspection.doctor.flow import library, library_modes
    from thumbnet.inspection.doctor.flow.library_jax import by_rows, with_gradient
    from thumbnet.inspection.doctor.flow.pictures import transformed

    kind = function.kind
    if kind == "function" and "mapped_axes" in function.facts:
        return by_rows(interpreter, function, made)
    if kind == "function":
        is_mode = function.name in library_modes.NAMES and _is_of_model(function)
        follow = library_modes.by_own_method if is_mode else enter
        result = follow(interpreter, function, made)
        if "gradient" in function.facts:
            return with_gradient(interpreter, function, result, made)
        return result
    if kind == "class":
        return instances.make(interpreter, function, made)
    if kind == "reference":
        return library.call_library(interpreter, made)
    if kind == "method":
        return library.call_method(interpreter, made)
    if kind == "loaded":
        from thumbnet.inspection.doctor.flow.library_files import as_model

        function, kind = as_model(function), "model"
    if kind == "model":
        return library.forward(interpreter, function, made)
    if kind == "loss-function":
        return library.measure_loss(interpreter, function, made)
    if kind == "transform":
        images = made.keywords.get("image") or made.first()
        changed = transformed(interpreter, function, _as_images(images))
        return Value("dict", fields={"image": changed}) if "image" in made.keywords else changed
    if kind == "object":
        returned = call_method(interpreter, function, "__call__", made.arguments)
        if returned is not None:
            return returned
    made.owner = function
    interpreter.note("unknown-call", made.node, function, *made.everything, name=function.name)
    return made.result()


def _is_of_model(function: Value) -> bool:
    return function.owner is not None and function.owner.kind == "model"


def _as_images(value: Value) -> Value:
    return value.copy(kind="images") if value.kind == "unknown" else value


def enter(interpreter: Interpreter, function: Value, made: Call) -> Value:
    """Go through a function of the file with these arguments; return what it returns."""
    node = function.node
    if node is None or node in interpreter.functions or len(interpreter.functions) > MAX_DEPTH:
        return made.result()
    interpreter.entered.add(node)
    scope = Scope(function.facts["scope"])
    bind(function, made, scope)
    before, loops = interpreter.with_gradient, interpreter.loops
    if function.facts.get("no_grad"):
        interpreter.with_gradient = False
    interpreter.functions.append(node)
    interpreter.returns.append([])
    interpreter.yields.append([])
    interpreter.on_yield.append(made.at_yield)
    try:
        with interpreter.inside(scope):
            if isinstance(node, ast.Lambda):
                interpreter.returns[-1].append(interpreter.evaluate(node.body))
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                interpreter.block(node.body)
    finally:
        interpreter.functions.pop()
        interpreter.on_yield.pop()
        returned, yielded = interpreter.returns.pop(), interpreter.yields.pop()
        interpreter.with_gradient, interpreter.loops = before, loops
    if yielded:
        facts = {"is_many": True, "is_batches": True}
        return Value("list", items=[interpreter.joined_returns(yielded)], facts=facts)
    return interpreter.joined_returns(returned)


def bind(function: Value, made: Call, scope: Scope) -> None:
    """Give a function's parameters their values in ``scope``."""
    node = function.node
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    parameters = [*node.args.posonlyargs, *node.args.args]
    given = [*function.facts.get("given", ()), *made.arguments]
    if function.owner is not None and not function.facts.get("is_static"):
        given.insert(0, function.owner)
    for parameter, value in zip(parameters, given, strict=False):
        scope.variables[parameter.arg] = value
    if node.args.vararg is not None:
        rest = given[len(parameters) :]
        scope.variables[node.args.vararg.arg] = Value("tuple", items=rest)
    defaults = function.facts["defaults"]
    for parameter, default in zip(reversed(parameters), reversed(defaults), strict=False):
        scope.variables.setdefault(parameter.arg, default)
    for parameter, default in zip(
        node.args.kwonlyargs, function.facts["keyword_defaults"], strict=True
    ):
        if default is not None:
            scope.variables[parameter.arg] = default
    names = {parameter.arg for parameter in [*parameters, *node.args.kwonlyargs]}
    others = {}
    keywords = {**function.facts.get("given_keywords", {}), **made.keywords}
    for name, value in keywords.items():
        if name in names:
            scope.variables[name] = value
        else:
            others[name] = value
    if node.args.kwarg is not None:
        fields: dict[Any, Value] = dict(others)
        facts = {"is_open": made.is_open}
        scope.variables[node.args.kwarg.arg] = Value("dict", fields=fields, facts=facts)
    for name in names:
        if name not in scope.variables:
            scope.variables[name] = named(name, Value())
