"""Python's own functions, containers, logging and progress bars."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, TypeGuard

from thumbnet.inspection.doctor.flow import drawing, iteration
from thumbnet.inspection.doctor.flow.calls import Call, call_value
from thumbnet.inspection.doctor.flow.registry import function, method
from thumbnet.inspection.doctor.flow.values import (
    NOT_CONSTANT,
    Value,
    constant,
    join,
    join_all,
    parameters_of,
    unknown,
)

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

_PASSED_ON = ("tqdm", "trange", "track", "reversed", "iter", "prefetch", "cycle", "islice", "chain")
_REPORTS = frozenset(
    (
        *("print", "info", "debug", "warning", "log", "add_scalar", "add_scalars", "write"),
        *("set_postfix", "set_description", "set_postfix_str", "log_metric", "log_metrics"),
    )
)


@function("builtins.print")
def _print(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("report", made.node, Value(), *made.everything)
    return constant(None)


@function("builtins.len")
def _len(_interpreter: Interpreter, made: Call) -> Value:
    value = made.first()
    if value.kind == "loader":
        return Value("count", facts={"of": "batches", "is_total": True})
    if value.kind == "dataset":
        return Value("count", facts={"of": "images", "is_total": True})
    if value.kind in ("images", "labels", "predictions", "logits", "hits"):
        is_batch = "loader" in value.facts or bool(value.facts.get("is_slice"))
        return Value("count", facts={"of": "images", "is_total": not is_batch})
    if value.kind in ("list", "tuple") and value.items is not None:
        if not value.facts.get("is_many"):
            return constant(len(value.items))
        if any(item.kind in ("loss", "score") for item in value.items):
            return Value("count", facts={"of": "passes"})
    return Value("count", facts={"of": None}, splits=frozenset())


@function("builtins.range")
def _range(_interpreter: Interpreter, made: Call) -> Value:
    numbers = [value.constant for value in made.arguments]
    ends = None
    if all(isinstance(number, int) for number in numbers) and numbers:
        ends = (0, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])
    facts = {"has_step": len(made.arguments) == 3, "ends": ends}
    return Value("range", facts=facts, node=made.node)


@function("builtins.enumerate")
def _enumerate(_interpreter: Interpreter, made: Call) -> Value:
    return Value("enumerate", items=[made.first()], node=made.node)


@function("builtins.zip")
def _zip(_interpreter: Interpreter, made: Call) -> Value:
    return Value("zip", items=list(made.arguments), node=made.node)


@function("builtins.next")
def _next(interpreter: Interpreter, made: Call) -> Value:
    return iteration.element(interpreter, made.first())


@function("builtins.list", "builtins.tuple", "builtins.set", "builtins.sorted")
def _list(interpreter: Interpreter, made: Call) -> Value:
    value = made.first()
    if made.tail == "sorted":
        _note_choice(interpreter, made)
    if value.kind == "parameters" or drawing.DRAWN in value.facts:
        return value
    if value.kind == "range":
        # Whole numbers in their order, until somebody shuffles them.
        return value.copy(facts={drawing.DRAWN: frozenset()}) if made.tail == "list" else value
    if value.kind in ("list", "tuple", "pairs", "dict"):
        concrete = iteration.concrete_elements(value)
        if concrete is not None:
            kind = "tuple" if made.tail == "tuple" else "list"
            return Value(kind, items=list(concrete), node=made.node)
        return value.copy(kind="list") if value.items is not None else unknown(value, kind="list")
    if value.kind == "model":
        return Value("list", items=list(value.items or [value]), facts={"is_many": True})
    if value.kind == "unknown" and not made.arguments:
        return Value("list", items=[], node=made.node)
    return Value("list", items=[iteration.element(interpreter, value)], facts={"is_many": True})


@function("builtins.dict", "collections.OrderedDict", "collections.defaultdict")
def _dict(_interpreter: Interpreter, made: Call) -> Value:
    fields: dict[Any, Value] = dict(made.keywords)
    given = made.arguments[0] if made.arguments and made.tail != "defaultdict" else None
    if given is not None and given.fields is not None:
        fields = {**given.fields, **fields}
    elif given is not None and given.items is not None:
        for pair in given.items:
            if pair.items and len(pair.items) == 2 and pair.items[0].text is not None:
                fields[pair.items[0].text] = pair.items[1]
    return Value("dict", fields=fields, node=made.node)


@function("builtins.float", "builtins.int", "builtins.round", "builtins.str", "builtins.abs")
def _number(_interpreter: Interpreter, made: Call) -> Value:
    value = made.first()
    if value.is_constant and not isinstance(value.constant, str):
        return value if made.tail != "str" else constant(str(value.constant))
    if value.kind in ("loss", "score", "logits"):
        return value.copy(facts={"graph": False}, constant=NOT_CONSTANT)
    if value.kind in ("count", "text", "path"):
        return value
    if value.kind == "constant":
        return value if made.tail == "str" else Value()
    return made.result()


@function("builtins.sum", "math.fsum", "statistics.mean", "statistics.fmean")
def _sum(_interpreter: Interpreter, made: Call) -> Value:
    value = made.first()
    items = [item for item in value.items or () if item.kind in ("loss", "score")]
    if items:
        total = join_all(items)
        facts: dict[str, Any] = {"batch_loop": None, "is_accumulated": True}
        facts["sum_of"] = None
        if made.tail in ("sum", "fsum"):
            facts["sum_of"] = _sum_of(total)
        return total.copy(facts=facts)
    if value.kind == "hits":
        return value.copy(kind="score")
    return made.result()


def _sum_of(value: Value) -> str | None:
    from thumbnet.inspection.doctor.flow.averages import what_is_summed

    return what_is_summed(value) if value.kind == "loss" else None


@function("builtins.max", "builtins.min")
def _extreme(interpreter: Interpreter, made: Call) -> Value:
    _note_choice(interpreter, made)
    return _joined_metrics(made)


def _joined_metrics(made: Call) -> Value:
    values = [item for value in made.arguments for item in [value, *(value.items or ())]]
    metrics = [value for value in values if value.kind in ("loss", "score")]
    if metrics:
        joined = join_all(metrics)
        return joined.copy(splits=unknown(*metrics).splits, constant=NOT_CONSTANT)
    return made.result()


def _note_choice(interpreter: Interpreter, made: Call) -> None:
    """Note that one of several is taken, by the value of ``key`` where there is one."""
    if not made.arguments:
        return
    key = made.keywords.get("key")
    candidates = made.arguments
    if len(candidates) == 1:
        candidates = [iteration.element(interpreter, candidates[0])]
    if key is None or key.constant is None:
        by = unknown(*candidates)
        telling = [value for value in _flat(candidates) if value.kind in ("loss", "score")]
    else:
        by = _key_of(interpreter, key, candidates)
        telling = [by]
    interpreter.note("choice-call", made.node, by, *telling)


def _key_of(interpreter: Interpreter, key: Value, candidates: list[Value]) -> Value:
    if key.kind == "method" and key.name in ("get", "__getitem__") and key.owner is not None:
        return join_all(list((key.owner.fields or {}).values()))
    if key.kind == "getter":
        candidate = join_all(candidates)
        index = key.facts.get("index")
        items = candidate.items
        if items is not None and isinstance(index, int) and index < len(items):
            return items[index]
        return (candidate.fields or {}).get(index, Value())
    return call_value(interpreter, key, [join_all(candidates)], key.node)


def _flat(values: list[Value]) -> list[Value]:
    """Return what decides between values: of tuples the first item."""
    return [value.items[0] if value.kind == "tuple" and value.items else value for value in values]


@function("operator.itemgetter", "operator.attrgetter")
def _getter(_interpreter: Interpreter, made: Call) -> Value:
    return Value("getter", facts={"index": made.first().constant})


@function("builtins.super")
def _super(interpreter: Interpreter, made: Call) -> Value:
    if not interpreter.functions:
        return made.result()
    current = interpreter.functions[-1]
    instance = interpreter.scope.find("self")
    for each in interpreter.classes:
        if current in getattr(each.node, "body", ()):
            return Value("super", owner=instance, facts={"class": each})
    return Value("unknown", owner=instance)


@method("any", "super.__init__", "super.__setattr__", "super.__post_init__")
def _inherited(_interpreter: Interpreter, _made: Call) -> Value:
    """Handle what a library's class does with a new object, which tells nothing of it."""
    return constant(None)


@function("builtins.getattr")
def _getattr(interpreter: Interpreter, made: Call) -> Value:
    from thumbnet.inspection.doctor.flow.attributes import attribute

    name = made.arguments[1].text if len(made.arguments) > 1 else None
    if name is None:
        return made.result()
    return attribute(interpreter, made.first(), name, made.node)


@function("builtins.isinstance", "builtins.hasattr", "builtins.callable", "builtins.bool")
def _question(_interpreter: Interpreter, _made: Call) -> Value:
    return Value()


@function("builtins.map", "builtins.filter")
def _map(interpreter: Interpreter, made: Call) -> Value:
    if len(made.arguments) < 2:
        return made.result()
    chosen, values = made.arguments[0], made.arguments[1]
    if values.kind == "parameters":
        return values
    element = iteration.element(interpreter, values)
    result = call_value(interpreter, chosen, [element], made.node)
    item = result if made.tail == "map" else element
    return Value("list", items=[item], facts={"is_many": True})


@function("functools.partial")
def _partial(_interpreter: Interpreter, made: Call) -> Value:
    chosen = made.first()
    if chosen.kind == "function":
        given = [*chosen.facts.get("given", ()), *made.arguments[1:]]
        keywords = {**chosen.facts.get("given_keywords", {}), **made.keywords}
        return chosen.copy(facts={"given": given, "given_keywords": keywords})
    if chosen.kind != "reference":
        return made.result()
    return Value("reference", name=chosen.name, node=made.node, facts={"keywords": made.keywords})


@function("copy.deepcopy", "copy.copy")
def _copy(interpreter: Interpreter, made: Call) -> Value:
    value = made.first()
    copied = value.copy(facts={"is_copy": True} if value.kind == "model" else {})
    if value in interpreter.modes:
        interpreter.modes[copied] = interpreter.modes[value]
    return copied


@method("list", "append", "extend", "insert", "add")
def _append(interpreter: Interpreter, made: Call) -> Value:
    owner, value = made.owner, made.arguments[-1] if made.arguments else Value()
    assert owner is not None
    if owner.items is None:
        owner.items = []
    added = value.items if made.name == "extend" and value.items is not None else [value]
    if made.name == "extend" and _is_again(interpreter, made):
        owner.facts["copies"] = True
    site = interpreter.note("append", made.node, owner, value)
    in_pass = [_once_appended(item, site) for item in added]
    if interpreter.loops:
        owner.facts["is_many"] = True
        if len(owner.items) >= 8:
            owner.items[-1] = join(owner.items[-1], join_all(in_pass))
            return constant(None)
    owner.items.extend(in_pass)
    return constant(None)


def _is_again(interpreter: Interpreter, made: Call) -> bool:
    """Whether each pass of a loop adds the same list to the same one."""
    call = made.node
    if not (interpreter.loops and isinstance(call, ast.Call) and call.args):
        return False
    names = [call.args[0], getattr(call.func, "value", None)]
    loop = interpreter.loops[-1].node
    bound = {part.id for part in ast.walk(loop) if _is_bound(part)}
    return all(isinstance(name, ast.Name) and name.id not in bound for name in names)


def _is_bound(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _once_appended(value: Value, site: object) -> Value:
    """Return a value as the list holds it: one of many, and no longer the last batch's."""
    if value.kind not in ("loss", "score"):
        return value
    summed = list(value.facts.get("summed", ()))
    return value.copy(facts={"batch_loop": None, "summed": [*summed, site]})


@method("list", "sort")
def _sort(interpreter: Interpreter, made: Call) -> Value:
    owner = made.owner or Value()
    _note_choice(interpreter, Call(made.node, "sort", None, [owner], made.keywords))
    return constant(None)


@method("dict", "items")
def _items(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    return Value("pairs", fields=made.owner.fields)


@method("dict", "values")
def _values(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    return Value("list", items=list((made.owner.fields or {}).values()))


@method("dict", "keys")
def _keys(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    keys = [key for key in made.owner.fields or () if key is not ...]
    return Value("list", items=[constant(key) for key in keys])


@method("dict", "get", "pop", "setdefault")
def _get(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    key, fields = made.first().constant, made.owner.fields or {}
    if isinstance(key, (str, int)) and key in fields:
        return fields[key]
    return fields.get(..., made.result())


@method("dict", "update")
def _update(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    fields = made.owner.fields if made.owner.fields is not None else {}
    given = made.arguments[0] if made.arguments else Value("dict", fields={})
    if given.fields is None:
        made.owner.facts["is_open"] = True
    fields |= {**(given.fields or {}), **made.keywords}
    made.owner.fields = fields
    return constant(None)


@method("constant text", "format", "join", "strip", "lower", "split", "replace", "upper")
def _text_method(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    words = made.owner.text or str(made.owner.facts.get("words", ""))
    return Value("text", items=list(made.everything), facts={"words": words})


def by_family(interpreter: Interpreter, made: Call) -> Value | None:
    """Handle what is known by the last part of its name."""
    if made.tail in _PASSED_ON and made.arguments:
        value = made.arguments[0]
        if made.tail == "trange":
            return Value("range", facts={"has_step": False, "ends": None})
        if made.tail == "chain" and value.kind == "parameters":
            return parameters_of(made.arguments)
        return value
    if made.tail == "chain" or made.name.endswith("chain.from_iterable"):
        return made.result()
    if made.tail == "count" and made.name.startswith("itertools"):
        return Value("range", facts={"has_step": False, "ends": None})
    if made.name.startswith(("logging.", "wandb.", "mlflow.")) or made.tail in _REPORTS:
        interpreter.note("report", made.node, Value(), *made.everything)
        return Value()
    return None


@method("any", *sorted(_REPORTS - {"print", "write"}))
def _report(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("report", made.node, made.owner or Value(), *made.everything)
    return made.result()
