"""``total += loss`` and ``total = total + loss``: running totals over batches."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from thumbnet.inspection.doctor.flow import averages
from thumbnet.inspection.doctor.flow.arithmetic import binary
from thumbnet.inspection.doctor.flow.values import NOT_CONSTANT, Value

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter


def augmented(interpreter: Interpreter, node: ast.AugAssign) -> Value:
    """Return the target's value after ``target op= value``."""
    before = interpreter.evaluate(_as_load(node.target))
    value = interpreter.evaluate(node.value)
    if isinstance(node.op, ast.Add) and not _is_of_this_pass(interpreter, before):
        return _added(interpreter, node, before, value)
    return binary(interpreter, node, node.op, before, value)


def by_assignment(interpreter: Interpreter, node: ast.Assign, value: Value) -> Value:
    """Return ``value``, as a running total if the target is part of its own new value."""
    if len(node.targets) != 1:
        return value
    target = _as_load(node.targets[0])
    own = ast.dump(target)
    expression = node.value
    if isinstance(expression, ast.ListComp) and value.items is not None:
        return _several(value, own, expression)
    if value.kind not in averages.METRICS:
        return value
    is_own = [ast.dump(part) == own for part in ast.walk(expression) if isinstance(part, ast.expr)]
    if not (any(is_own) and isinstance(expression, (ast.BinOp, ast.Call))):
        return value
    before = interpreter.evaluate(target)
    if _is_of_this_pass(interpreter, before):
        return value
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add):
        for total, new in (
            (expression.left, expression.right),
            (expression.right, expression.left),
        ):
            if ast.dump(total) == own:
                return _added(interpreter, node, before, interpreter.evaluate(new))
    # A moving average, a minimum: no longer the last batch's.
    return value.copy(facts={"is_accumulated": True, "batch_loop": None})


def _several(value: Value, own: str, expression: ast.ListComp) -> Value:
    """Return ``totals = [t + new for t, new in zip(totals, losses)]`` as running totals."""
    iterables = [part for each in expression.generators for part in ast.walk(each.iter)]
    if not any(isinstance(part, ast.expr) and ast.dump(part) == own for part in iterables):
        return value
    facts = {"is_accumulated": True, "batch_loop": None}
    items = [i.copy(facts=facts) if i.kind in averages.METRICS else i for i in value.items or ()]
    return value.copy(items=items)


def side_by_side(interpreter: Interpreter, node: ast.Assign, value: Value) -> Value:
    """Return the values of ``total, seen = total + loss, seen + 1``, totals among them."""
    targets, written = node.targets[0], node.value
    if not (isinstance(targets, ast.Tuple) and isinstance(written, ast.Tuple)):
        return value
    is_plain = value.items is not None and len(targets.elts) == len(written.elts)
    if not is_plain or any(isinstance(e, ast.Starred) for e in (*targets.elts, *written.elts)):
        return value
    items = []
    for target, part, item in zip(targets.elts, written.elts, value.items or (), strict=True):
        alone = ast.copy_location(ast.Assign([target], part), part)
        if item.kind in (*averages.METRICS, "hits"):
            items.append(by_assignment(interpreter, alone, item))
        else:
            items.append(item)
    return value.copy(items=items)


def _is_of_this_pass(interpreter: Interpreter, value: Value) -> bool:
    """Whether a loss or score was made in the present pass of the loop: it is no total yet."""
    loop = value.facts.get("batch_loop")
    is_metric = value.kind in averages.METRICS and not value.facts.get("is_accumulated")
    return is_metric and (loop in interpreter.loops or not interpreter.loops)


def _added(interpreter: Interpreter, node: ast.AST, before: Value, value: Value) -> Value:
    if value.kind == "hits":
        value = value.copy(kind="score")
    if value.kind in averages.METRICS:
        return averages.added(interpreter, node, before, value)
    if before.kind in averages.METRICS:
        return before.copy(splits=before.splits | value.splits, constant=NOT_CONSTANT)
    if value.kind == "count":
        return Value("count", facts={"of": value.facts.get("of"), "is_total": True})
    in_batches = any(loop.over_batches for loop in interpreter.loops)
    if value.constant == 1 and in_batches and before.kind in ("constant", "count"):
        return Value("count", facts={"of": "batches", "is_total": True})
    if before.kind in ("list", "tuple") and before.items is not None:
        before.items.extend(value.items or [value])
        before.facts["is_many"] = bool(interpreter.loops) or before.facts.get("is_many", False)
        return before
    result = binary(interpreter, node, ast.Add(), before, value)
    if result.is_constant and interpreter.loops:
        # A counter: its second pass is not its last.
        return Value(splits=result.splits)
    return result


def _as_load(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    if isinstance(target, ast.Subscript):
        return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
    return target
