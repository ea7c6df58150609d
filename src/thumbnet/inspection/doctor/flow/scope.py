"""Variables, and what a fork of the script must put back."""

from __future__ import annotations

from dataclasses import dataclass, field

from thumbnet.inspection.doctor.flow.values import Value, join


@dataclass(eq=False)
class Scope:
    """The variables of a module, function or class body.

    Attributes:
        variables: by name.
        parent: where a name is looked for next.
        outer_names: names that ``global`` or ``nonlocal`` says are of an outer scope.
    """

    parent: Scope | None = None
    variables: dict[str, Value] = field(default_factory=dict)
    outer_names: set[str] = field(default_factory=set)

    def find(self, name: str) -> Value | None:
        """Return a variable's value, or None if there is none of this name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.variables:
                return scope.variables[name]
            scope = scope.parent
        return None

    def set(self, name: str, value: Value) -> None:
        """Give a variable a value, in the outer scope if it was declared so."""
        scope = self
        if name in self.outer_names:
            while scope.parent is not None and name not in scope.variables:
                scope = scope.parent
            if name not in scope.variables:
                scope = self
        scope.variables[name] = value

    def chain(self) -> list[Scope]:
        """Return this scope and those around it."""
        scopes: list[Scope] = []
        scope: Scope | None = self
        while scope is not None:
            scopes.append(scope)
            scope = scope.parent
        return scopes


Modes = dict[Value, frozenset[tuple[str, object]]]
"""Model → the modes it may be in, each with the call that set it (None: as it was made)."""


@dataclass
class Snapshot:
    """The state before or after a branch."""

    scopes: list[tuple[Scope, dict[str, Value]]]
    modes: Modes
    with_gradient: bool

    @classmethod
    def take(cls, scope: Scope, modes: Modes, with_gradient: bool) -> Snapshot:
        """Return a copy of the variables of ``scope`` and those around it, and of the modes."""
        scopes = [(each, dict(each.variables)) for each in scope.chain()]
        return cls(scopes, dict(modes), with_gradient)

    def restore(self, modes: Modes) -> bool:
        """Put everything back; returns whether gradients were recorded."""
        for scope, variables in self.scopes:
            scope.variables.clear()
            scope.variables.update(variables)
        modes.clear()
        modes.update(self.modes)
        return self.with_gradient

    def merge_into(self, modes: Modes) -> None:
        """Join this state, of one branch, with the present one, of the other."""
        for scope, variables in self.scopes:
            for name, value in variables.items():
                other = scope.variables.get(name)
                scope.variables[name] = value if other is None else join(value, other)
        for model, mode in self.modes.items():
            modes[model] = mode | modes.get(model, mode)
