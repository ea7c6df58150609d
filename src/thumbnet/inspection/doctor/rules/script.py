"""What every rule sees of a script, and what it gives back."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from thumbnet.inspection.doctor.flow import data
from thumbnet.inspection.doctor.flow.parts import parts_of
from thumbnet.inspection.doctor.flow.trace import Event, Trace
from thumbnet.inspection.doctor.flow.values import OWN, TEST, VALIDATION, Value, reachable

_PLACES = (
    *(ast.For, ast.AsyncFor, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda),
    *(ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp),
)
HELD_OUT = frozenset((TEST, VALIDATION))
NOT_TRAINED_ON = frozenset((TEST, VALIDATION, OWN))


@dataclass(frozen=True)
class Hit:
    """A mistake in a script.

    Attributes:
        code: its kind.
        node: where.
        form: which wording.
        details: what the words name.
    """

    code: str
    node: ast.AST | None
    form: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Script:
    """A script after it was followed."""

    tree: ast.Module
    trace: Trace

    @cached_property
    def trained_passes(self) -> list[Event]:
        """The forward passes that gradients were taken of, in order."""
        with_gradients = frozenset().union(
            *(event.value.passes for event in self.trace.of("backward"))
        )
        return [event for event in self.forward_passes if event in with_gradients]

    @cached_property
    def forward_passes(self) -> list[Event]:
        """All forward passes of PyTorch networks, in order."""
        return self.trace.of("forward")

    @cached_property
    def evaluations(self) -> list[Event]:
        """The forward passes on data that is not trained on."""
        trained = set(self.trained_passes)
        return [
            event
            for event in self.forward_passes
            if event not in trained
            and input_splits(event)
            and input_splits(event) <= NOT_TRAINED_ON
        ]

    @cached_property
    def families(self) -> frozenset[str]:
        """The families of data sets that the script uses, as far as they are known."""
        found = set()
        for event in self.trace.events:
            for value in reachable([event.value, *event.arguments]):
                found.add(value.facts.get("family"))
                if value.kind == "loader":
                    inner = data.root(value)
                    found.add(inner.facts.get("family") if inner is not None else None)
        return frozenset(family for family in found if family)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The syntax tree upwards."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def places_of(self, node: ast.AST) -> list[ast.AST]:
        """Return the functions and loops around ``node``, the innermost first."""
        found: list[ast.AST] = []
        place = self.parents.get(node)
        while place is not None:
            if isinstance(place, _PLACES):
                found.append(place)
            place = self.parents.get(place)
        return found

    def is_repeated(self, node: ast.AST, depth: int = 4) -> bool:
        """Whether ``node`` may be reached more than once: it is in a loop, or is called in one."""
        for place in self.places_of(node):
            if not isinstance(place, (ast.FunctionDef, ast.AsyncFunctionDef)):
                return True
            uses = [
                each
                for each in ast.walk(self.tree)
                if (isinstance(each, ast.Name) and each.id == place.name)
                or (isinstance(each, ast.Attribute) and each.attr == place.name)
            ]
            # What nobody calls here is called by somebody else, who knows how often.
            is_known = bool(uses) and depth > 0
            if not is_known or any(self.is_repeated(each, depth - 1) for each in uses):
                return True
        return False

    def inside_call_of(self, node: ast.AST, names: frozenset[str]) -> bool:
        """Whether ``node`` is an argument, however deep, of a call of one of these names."""
        place: ast.AST | None = self.parents.get(node)
        while place is not None and not isinstance(place, ast.stmt):
            if isinstance(place, ast.Call) and called_name(place) in names:
                return True
            place = self.parents.get(place)
        return False

    @cached_property
    def called_names(self) -> frozenset[str]:
        """The last part of the name of everything that is called anywhere."""
        calls = (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))
        return frozenset(called_name(node) for node in calls)


Rule = Callable[[Script], Iterator[Hit]]


def called_name(node: ast.Call) -> str:
    """Return the last part of the name of what is called."""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def input_of(event: Event) -> Value:
    """Return what a network was given."""
    return event.arguments[0] if event.arguments else Value()


def input_splits(event: Event) -> frozenset[str]:
    """Return which parts of the data a network was given."""
    return frozenset().union(*(value.splits for value in reachable([input_of(event)])))


def loader_of(event: Event) -> Value | None:
    """Return the loader that the innermost loop over batches takes from, or None."""
    loop = event.batch_loop
    return _loader_in(loop.source) if loop is not None else None


def _loader_in(source: Value, depth: int = 3) -> Value | None:
    if source.kind == "loader":
        return source
    for item in source.items or () if depth else ():
        found = _loader_in(item, depth - 1)
        if found is not None:
            return found
    return None


def same_network(first: Value, second: Value, depth: int = 6) -> bool:
    """Whether two networks are one, a part of the other, or may be the same."""
    if first is second:
        return True
    for each, other in ((first, second), (second, first)):
        place, seen = each.owner, 0
        while place is not None and seen < 10:
            if place is other:
                return True
            place, seen = place.owner, seen + 1
        if depth and any(same_network(part, other, depth - 1) for part in joined(each)):
            return True
    return any(part is second for part in parts_of(first)) or any(
        part is first for part in parts_of(second)
    )


def joined(model: Value) -> tuple[Value, ...]:
    """Return the networks of which this is one or the other."""
    return tuple(model.facts.get("joined_from", ()))


def network_key(model: Value) -> object:
    """Return what a network has in common with others of its class in the script."""
    made_by = model.facts.get("class")
    if made_by is not None:
        return made_by.node
    return model if model.node is None else model.node


def name_of(model: Value) -> str:
    """Return what messages call a network."""
    return model.tail if model.tail not in ("", "load_model", "Sequential") else "the model"


def source_of(given: Value, event: Event) -> ast.AST:
    """Return where the data set was made that pictures are from, or where they are used."""
    loader: Value | None = given.facts.get("loader")
    dataset: Value | None = loader.facts.get("dataset") if loader is not None else None
    return dataset.node if dataset is not None and dataset.node is not None else event.node


def used_names(node: ast.AST) -> list[str]:
    """Return the names of what code uses, such as ``Dropout``; not those that hang on ``self``."""
    names: list[str] = []
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            names.append(part.id)
        elif isinstance(part, ast.keyword) and part.arg is not None:
            names.append(part.arg)
        elif isinstance(part, ast.Attribute):
            is_own = isinstance(part.value, ast.Name) and part.value.id == "self"
            names += [] if is_own else [part.attr]
    return names
