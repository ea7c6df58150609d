"""What is known of the value of an expression."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow import iteration
from thumbnet.inspection.doctor.flow.arithmetic import binary, compare, invert, unary
from thumbnet.inspection.doctor.flow.attributes import attribute
from thumbnet.inspection.doctor.flow.calls import call
from thumbnet.inspection.doctor.flow.names import canonical
from thumbnet.inspection.doctor.flow.scope import Scope
from thumbnet.inspection.doctor.flow.subscripts import slice_value, subscript
from thumbnet.inspection.doctor.flow.values import Value, constant, join, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter


# What ``from fastai.vision.all import *`` and the like bring along.
_USUAL = {
    "torch": "torch",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "np": "numpy",
    "Image": "PIL.Image",
    "tf": "tensorflow",
}


def evaluate(interpreter: Interpreter, node: ast.expr) -> Value:
    """Return what is known of the value of ``node``, noting what happens on the way."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        return _anything(interpreter, node)
    return handler(interpreter, node)


def truth(value: Value) -> bool | None:
    """Return whether a condition holds, or None if it cannot be told."""
    if value.is_constant:
        return bool(value.constant)
    if value.kind in ("model", "loader", "optimizer", "function", "class"):
        return True
    return None


def _anything(interpreter: Interpreter, node: ast.AST) -> Value:
    parts = [
        interpreter.evaluate(child)
        for child in ast.iter_child_nodes(node)
        if isinstance(child, ast.expr)
    ]
    return unknown(*parts, node=node)


def _constant(_interpreter: Interpreter, node: ast.Constant) -> Value:
    return constant(node.value, node)


def _name(interpreter: Interpreter, node: ast.Name) -> Value:
    found = interpreter.scope.find(node.id)
    if found is not None:
        if found.kind == "reference":
            return found.copy(name=canonical(found.name), node=node)
        return found
    if node.id in _USUAL and interpreter.star_modules:
        return Value("reference", name=_USUAL[node.id], node=node)
    for module in interpreter.star_modules:
        if node.id[:1].isupper() or module.endswith("functional"):
            return Value("reference", name=canonical(f"{module}.{node.id}"), node=node)
    return Value("reference", name=f"builtins.{node.id}", node=node)


def _tuple(interpreter: Interpreter, node: ast.Tuple | ast.List | ast.Set) -> Value:
    items: list[Value] = []
    is_many = False
    for part in node.elts:
        value = interpreter.evaluate(part.value if isinstance(part, ast.Starred) else part)
        if not isinstance(part, ast.Starred):
            items.append(value)
        elif value.items is not None:
            items += value.items
        elif value.kind == "parameters":
            items.append(value)
            is_many = True
        else:
            items.append(unknown(value))
            is_many = True
    kind = "tuple" if isinstance(node, ast.Tuple) else "list"
    return Value(kind, items=items, node=node, facts={"is_many": is_many})


def _dict(interpreter: Interpreter, node: ast.Dict) -> Value:
    fields: dict[Any, Value] = {}
    for key, item in zip(node.keys, node.values, strict=True):
        value = interpreter.evaluate(item)
        if key is None:
            fields |= value.fields if value.fields is not None else {...: unknown(value)}
            continue
        name = interpreter.evaluate(key)
        slot = name.constant if isinstance(name.constant, (str, int, float, bool)) else ...
        fields[slot] = value
    return Value("dict", fields=fields, node=node)


def _binary(interpreter: Interpreter, node: ast.BinOp) -> Value:
    return binary(
        interpreter,
        node,
        node.op,
        interpreter.evaluate(node.left),
        interpreter.evaluate(node.right),
    )


def _unary(interpreter: Interpreter, node: ast.UnaryOp) -> Value:
    value = interpreter.evaluate(node.operand)
    if isinstance(node.op, ast.Invert):
        return invert(value)
    if isinstance(node.op, ast.Not):
        known = truth(value)
        return unknown(value) if known is None else constant(not known)
    return unary(node.op, value)


def _bool(interpreter: Interpreter, node: ast.BoolOp) -> Value:
    is_and = isinstance(node.op, ast.And)
    values: list[Value] = []
    for part in node.values:
        value = interpreter.evaluate(part)
        known = truth(value)
        if known is not None and known != is_and:
            return value if not values else unknown(*values, value, kind=_condition_kind(values))
        if known is None:
            values.append(value)
    if not values:
        return constant(is_and)
    if len(values) == 1:
        return values[0]
    tests = [value for value in values if value.kind == "comparison"]
    orderings = [value for value in tests if value.facts.get("is_ordering")]
    facts = {"is_metric": any(value.facts.get("is_metric") for value in orderings)}
    tests = orderings or tests
    return unknown(*(tests or values), kind=_condition_kind(values), facts=facts)


def _condition_kind(values: list[Value]) -> str:
    return "comparison" if any(value.kind == "comparison" for value in values) else "unknown"


def _compare(interpreter: Interpreter, node: ast.Compare) -> Value:
    left = interpreter.evaluate(node.left)
    rights = [interpreter.evaluate(part) for part in node.comparators]
    return compare(interpreter, node, left, rights)


def _call(interpreter: Interpreter, node: ast.Call) -> Value:
    return call(interpreter, node)


def _attribute(interpreter: Interpreter, node: ast.Attribute) -> Value:
    return attribute(interpreter, interpreter.evaluate(node.value), node.attr, node)


def _subscript(interpreter: Interpreter, node: ast.Subscript) -> Value:
    return subscript(interpreter, interpreter.evaluate(node.value), node)


def _conditional(interpreter: Interpreter, node: ast.IfExp) -> Value:
    test = interpreter.evaluate(node.test)
    interpreter.note("choice", node, test, body=[], is_expression=True)
    known = truth(test)
    if known is not None:
        return interpreter.evaluate(node.body if known else node.orelse)
    return join(interpreter.evaluate(node.body), interpreter.evaluate(node.orelse))


def _lambda(interpreter: Interpreter, node: ast.Lambda) -> Value:
    return interpreter.make_function(node)


def _comprehension(
    interpreter: Interpreter, node: ast.ListComp | ast.SetComp | ast.GeneratorExp
) -> Value:
    with interpreter.inside(Scope(interpreter.scope)):
        num_known = _bind_generators(interpreter, node.generators)
        if num_known is not None:
            target = node.generators[0].target
            items = []
            for value in num_known:
                interpreter.assign(target, value)
                items.append(interpreter.evaluate(node.elt))
            return Value("list", items=items, node=node)
        item = interpreter.evaluate(node.elt)
    source = interpreter.evaluate(node.generators[0].iter)
    facts = {"is_many": True, "is_batches": iteration.is_over_batches(source)}
    return Value("list", items=[item], node=node, facts=facts)


def _dict_comprehension(interpreter: Interpreter, node: ast.DictComp) -> Value:
    with interpreter.inside(Scope(interpreter.scope)):
        known = _bind_generators(interpreter, node.generators)
        fields: dict[Any, Value] = {}
        for value in known if known is not None else [None]:
            if value is not None:
                interpreter.assign(node.generators[0].target, value)
            key = interpreter.evaluate(node.key)
            slot = key.constant if isinstance(key.constant, (str, int)) else ...
            fields[slot] = interpreter.evaluate(node.value)
    return Value("dict", fields=fields, node=node)


def _bind_generators(
    interpreter: Interpreter, generators: list[ast.comprehension]
) -> list[Value] | None:
    """Bind the targets; return the elements if there is one generator over a written-down list."""
    for generator in generators:
        iterable = interpreter.evaluate(generator.iter)
        concrete = iteration.concrete_elements(iterable)
        if concrete is not None and len(generators) == 1 and not generator.ifs:
            return concrete
        interpreter.assign(generator.target, iteration.element(interpreter, iterable))
        for condition in generator.ifs:
            interpreter.evaluate(condition)
    return None


def _named(interpreter: Interpreter, node: ast.NamedExpr) -> Value:
    value = interpreter.evaluate(node.value)
    interpreter.assign(node.target, value)
    return value


def _yield(interpreter: Interpreter, node: ast.Yield) -> Value:
    value = interpreter.evaluate(node.value)
    at_yield = interpreter.on_yield[-1] if interpreter.on_yield else None
    if at_yield is not None:
        at_yield(value)
    elif interpreter.yields:
        interpreter.yields[-1].append(value)
    return Value()


def _yield_from(interpreter: Interpreter, node: ast.YieldFrom) -> Value:
    value = interpreter.evaluate(node.value)
    if interpreter.yields:
        interpreter.yields[-1].append(iteration.element(interpreter, value))
    return Value()


def _text(interpreter: Interpreter, node: ast.JoinedStr) -> Value:
    parts = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            parts.append(interpreter.evaluate(part.value))
        elif isinstance(part, ast.Constant):
            parts.append(constant(part.value, part))
    texts = [part.text for part in parts if part.text is not None]
    return Value("text", items=parts, node=node, facts={"words": " ".join(texts)})


def _await(interpreter: Interpreter, node: ast.Await) -> Value:
    return interpreter.evaluate(node.value)


_HANDLERS: dict[type[ast.expr], Callable[[Interpreter, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Tuple: _tuple,
    ast.List: _tuple,
    ast.Set: _tuple,
    ast.Dict: _dict,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _bool,
    ast.Compare: _compare,
    ast.Call: _call,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: slice_value,
    ast.IfExp: _conditional,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.NamedExpr: _named,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.JoinedStr: _text,
    ast.Await: _await,
}
