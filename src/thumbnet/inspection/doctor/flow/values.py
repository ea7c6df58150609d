"""What is known of a value of a script that is not run: its kind, where it is from, its facts."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

TRAIN, TEST, VALIDATION, OWN = "train", "test", "validation", "own"
"""Where data comes from; OWN is a picture that the script reads from a file."""


class _NotConstant:
    def __repr__(self) -> str:
        return "not constant"


NOT_CONSTANT = _NotConstant()


@dataclass(eq=False)
class Value:
    """One value, or all values that an expression may have, joined.

    Attributes:
        kind: what it is, such as ``"loader"``, ``"model"``, ``"images"``, ``"loss"``,
            ``"unknown"``; a library's name that was not called is a ``"reference"``.
        name: the dotted name that it is or was made by, such as ``torch.nn.CrossEntropyLoss``.
        constant: the number, text, bool or None, if it is known.
        splits: which parts of the data it depends on.
        facts: what its kind has beside; see the handlers in ``flow``.
        attributes: of an object.
        items: the elements of a tuple or list, or the parts of a model, in order.
        fields: the values of a dict by constant key; the key ``...`` holds all others, joined.
        node: where it was made.
        passes: the forward passes that it was computed from.
        owner: the object that a method is of, or that a part belongs to.
    """

    kind: str = "unknown"
    name: str = ""
    constant: Any = NOT_CONSTANT
    splits: frozenset[str] = frozenset()
    facts: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)
    items: list[Value] | None = None
    fields: dict[Any, Value] | None = None
    node: ast.AST | None = None
    passes: frozenset[Any] = frozenset()
    owner: Value | None = None

    @property
    def is_constant(self) -> bool:
        """Whether its constant is known."""
        return self.constant is not NOT_CONSTANT

    @property
    def number(self) -> float | None:
        """The constant, if it is a number and no bool."""
        constant = self.constant
        is_number = isinstance(constant, (int, float)) and not isinstance(constant, bool)
        return constant if is_number else None

    @property
    def text(self) -> str | None:
        """The constant, if it is a text."""
        return self.constant if isinstance(self.constant, str) else None

    @property
    def tail(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]

    def copy(self, **changes: Any) -> Value:
        """Return a copy with other fields; a change of ``facts`` is added to those there are."""
        facts = {**self.facts, **changes.pop("facts", {})}
        values = {
            "kind": self.kind,
            "name": self.name,
            "constant": self.constant,
            "splits": self.splits,
            "attributes": self.attributes,
            "items": self.items,
            "fields": self.fields,
            "node": self.node,
            "passes": self.passes,
            "owner": self.owner,
        }
        return Value(**{**values, **changes}, facts=facts)


def unknown(*sources: Value, **changes: Any) -> Value:
    """Return a value of which only is known what it was computed from."""
    everything = list(reachable(sources))
    changes.setdefault("kind", "unknown")
    return Value(
        splits=frozenset().union(*(value.splits for value in everything)),
        passes=frozenset().union(*(value.passes for value in everything)),
        **changes,
    )


def constant(value: object, node: ast.AST | None = None) -> Value:
    """Return the value of a literal."""
    return Value("constant", constant=value, node=node)


# What a call or a container passes on by holding it; a model or a loader is a thing of its own.
_CONTAINERS = ("tuple", "list", "dict", "text")


def reachable(values: Any, depth: int = 4) -> list[Value]:
    """Return the values and what their tuples, lists and dicts hold."""
    found: list[Value] = []
    for value in values:
        found.append(value)
        if depth and value.kind in _CONTAINERS:
            inner = [*(value.items or ()), *(value.fields or {}).values()]
            found += reachable(inner, depth - 1)
    return found


def join(first: Value, second: Value) -> Value:
    """Return a value that may be either: what both agree on stays known."""
    if first is second:
        return first
    nothing = [value for value in (first, second) if value.constant is None]
    if len(nothing) == 1:
        # ``x = None`` before a loop says nothing about what x becomes in it.
        return second if nothing[0] is first else first
    defined = [value for value in (first, second) if value.kind in ("function", "class")]
    if defined:
        return defined[0]
    same_kind = first.kind == second.kind
    facts = {}
    for key in first.facts.keys() | second.facts.keys():
        if key in first.facts and key in second.facts and first.facts[key] == second.facts[key]:
            facts[key] = first.facts[key]
    is_same = first.is_constant and second.is_constant and _equal(first.constant, second.constant)
    kind = first.kind if same_kind else _more_telling(first, second)
    if kind == "model":
        facts["joined_from"] = (first, second)
    return Value(
        kind,
        name=first.name if first.name == second.name else "",
        constant=first.constant if is_same else NOT_CONSTANT,
        splits=first.splits | second.splits,
        facts=facts,
        attributes={**second.attributes, **first.attributes},
        items=_join_items(first, second),
        fields=_join_fields(first, second),
        node=first.node,
        passes=first.passes | second.passes,
        owner=first.owner if first.owner is second.owner else None,
    )


def join_all(values: list[Value]) -> Value:
    """Return the join of any number of values; of none, something unknown."""
    if not values:
        return Value()
    result = values[0]
    for value in values[1:]:
        result = join(result, value)
    return result


def parameters_of(values: list[Value]) -> Value:
    """Return the parameters of several networks as one; of unknown ones nothing is known."""
    known: set[Value] = set()
    for value in values:
        models = value.facts.get("models")
        if models is None:
            return Value("parameters", facts={"models": None})
        known |= models
    return Value("parameters", facts={"models": frozenset(known)})


def _equal(first: object, second: object) -> bool:
    return type(first) is type(second) and first == second


def _more_telling(first: Value, second: Value) -> str:
    kinds = [value.kind for value in (first, second) if value.kind not in ("unknown", "constant")]
    return kinds[0] if len(kinds) == 1 else "unknown"


def _join_items(first: Value, second: Value) -> list[Value] | None:
    if first.items is None or second.items is None:
        return first.items if second.items is None else second.items
    if len(first.items) == len(second.items):
        return [join(a, b) for a, b in zip(first.items, second.items, strict=True)]
    return first.items if len(first.items) > len(second.items) else second.items


def _join_fields(first: Value, second: Value) -> dict[Any, Value] | None:
    if first.fields is None or second.fields is None:
        return first.fields if second.fields is None else second.fields
    keys = first.fields.keys() | second.fields.keys()
    return {
        key: join(first.fields[key], second.fields[key])
        if key in first.fields and key in second.fields
        else first.fields.get(key, second.fields.get(key, Value()))
        for key in keys
    }
