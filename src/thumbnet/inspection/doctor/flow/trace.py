"""What happens in a script, in order, as far as it can be told without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from thumbnet.inspection.doctor.flow.values import Value


@dataclass(eq=False)
class Loop:
    """A loop of the script, as it is passed through.

    Attributes:
        node: the statement.
        over_batches: whether each pass takes a batch of the data.
        source: what is iterated over.
    """

    node: ast.AST
    over_batches: bool
    source: Value


@dataclass(eq=False)
class Event:
    """One thing that happens.

    Attributes:
        kind: ``"forward"``, ``"backward"``, ``"optimizer-step"`` and so on: what the handlers note.
        node: where.
        value: what it happens to: the model, the optimizer, the loss …
        arguments: what it happens with.
        loops: the loops that it is in, outermost first.
        functions: the functions that it is in, outermost first.
        modes: of a forward pass: the modes that the model may be in, ``"train"`` and ``"eval"``.
        with_gradient: whether gradients are recorded.
        is_called: whether the script comes here, as far as one can see; else its function is
            called from elsewhere.
        facts: what else its kind has.
    """

    kind: str
    node: ast.AST
    value: Value
    arguments: tuple[Value, ...] = ()
    loops: tuple[Loop, ...] = ()
    functions: tuple[str, ...] = ()
    modes: frozenset[Any] = frozenset()
    with_gradient: bool = True
    is_called: bool = True
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def line(self) -> int:
        """The line of its place."""
        return getattr(self.node, "lineno", 1)

    @property
    def batch_loop(self) -> Loop | None:
        """The innermost loop over batches that it is in."""
        return next((loop for loop in reversed(self.loops) if loop.over_batches), None)


@dataclass
class Trace:
    """All events, in order."""

    events: list[Event] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Event]:
        """Return the events of these kinds, in order."""
        return [event for event in self.events if event.kind in kinds]
