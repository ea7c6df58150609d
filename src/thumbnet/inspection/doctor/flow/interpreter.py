"""Walks through a script's statements in the order in which they would run, running none of them.

Functions and classes of the file are entered where they are called, loops are passed through twice,
and of a branch that cannot be decided both ways are taken and joined. What libraries do is known to
the handlers of ``flow.library_*`` for the calls that matter; any other call gives a value of which
only is known what it was made from.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from thumbnet.inspection.doctor.flow import iteration
from thumbnet.inspection.doctor.flow.names import named
from thumbnet.inspection.doctor.flow.scope import Modes, Scope, Snapshot
from thumbnet.inspection.doctor.flow.trace import Event, Loop, Trace
from thumbnet.inspection.doctor.flow.values import Value, constant, join

MAX_STEPS = 150_000
MAX_DEPTH = 14


class OutOfStepsError(Exception):
    """The script is too large to be followed to its end."""


class Interpreter:
    """Follows one script.

    Attributes:
        trace: what happened so far.
        scope: the variables of the present place.
        loops: the loops that the present place is in, outermost first.
        functions: the functions, likewise.
        modes: see ``Modes``.
        with_gradient: whether gradients are recorded here.
        is_called: whether the script comes here by itself.
        inside_model: how many forward functions the present place is in.
        entered: functions that were entered so far.
    """

    def __init__(self) -> None:
        self.trace = Trace()
        self.module = Scope()
        self.module.variables["__name__"] = constant("__main__")
        self.scope = self.module
        self.loops: list[Loop] = []
        self.functions: list[ast.AST] = []
        self.modes: Modes = {}
        self.with_gradient = True
        self.is_called = True
        self.inside_model = 0
        self.entered: set[ast.AST] = set()
        self.returns: list[list[Value]] = []
        self.yields: list[list[Value]] = []
        self.on_yield: list[Callable[[Value], None] | None] = []
        self.star_modules: list[str] = []
        self.classes: list[Value] = []
        self.instances: list[Value] = []
        self._steps = 0

    # --- events -----------------------------------------------------------------------------

    def note(
        self, kind: str, node: ast.AST, value: Value, *arguments: Value, **facts: Any
    ) -> Event:
        """Append an event to the trace and return it."""
        modes = frozenset(facts.pop("modes", ()))
        event = Event(
            kind,
            node,
            value,
            arguments,
            tuple(self.loops),
            tuple(getattr(function, "name", "lambda") for function in self.functions),
            modes,
            self.with_gradient,
            self.is_called,
            facts,
        )
        self.trace.events.append(event)
        return event

    def evaluate(self, node: ast.expr | None) -> Value:
        """Return what is known of an expression's value."""
        from thumbnet.inspection.doctor.flow.expressions import evaluate

        self._count_step()
        return Value() if node is None else evaluate(self, node)

    def start_again(self) -> None:
        """Be at the module's level again, with as many steps as at first."""
        self.scope, self.loops, self.functions = self.module, [], []
        self.returns, self.yields, self.on_yield = [], [], []
        self.inside_model, self.with_gradient = 0, True
        self._steps = 0

    def _count_step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise OutOfStepsError

    # --- statements -------------------------------------------------------------------------

    def block(self, statements: Sequence[ast.stmt]) -> str | None:
        """Go through statements; returns how they end if they do not reach the last one's end."""
        for statement in statements:
            self._count_step()
            handler = getattr(self, f"_{type(statement).__name__.lower()}", None)
            ending = handler(statement) if handler is not None else None
            if ending is not None:
                return str(ending)
        return None

    def _expr(self, node: ast.Expr) -> None:
        self.evaluate(node.value)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.scope.set(name, Value("reference", name=alias.name if alias.asname else name))

    def _importfrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self.star_modules.append(module)
                continue
            reference = Value("reference", name=f"{module}.{alias.name}")
            self.scope.set(alias.asname or alias.name, reference)

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.scope.set(node.name, self._decorated(node, self.make_function(node)))

    _asyncfunctiondef = _functiondef

    def make_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Value:
        """Return the value of a function that is defined here."""
        defaults = [self.evaluate(default) for default in node.args.defaults]
        keyword_defaults = [
            None if default is None else self.evaluate(default) for default in node.args.kw_defaults
        ]
        facts = {"scope": self.scope, "defaults": defaults, "keyword_defaults": keyword_defaults}
        return Value("function", name=getattr(node, "name", "lambda"), node=node, facts=facts)

    def _decorated(self, node: ast.FunctionDef | ast.AsyncFunctionDef, function: Value) -> Value:
        names = [self.evaluate(each) for each in node.decorator_list]
        tails = {value.tail for value in names}
        if tails & {"no_grad", "inference_mode"}:
            function.facts["no_grad"] = True
        if tails & {"property", "cached_property"}:
            function.facts["is_property"] = True
        if tails & {"staticmethod"}:
            function.facts["is_static"] = True
        if tails & {"classmethod"}:
            function.facts["is_class_method"] = True
        for value in names:
            if value.tail in ("vmap", "filter_vmap"):
                function.facts["mapped_axes"] = value.facts.get("keywords", {}).get("in_axes")
        if tails & {"contextmanager", "asynccontextmanager"}:
            function.facts["is_context_manager"] = True
        return function

    def _classdef(self, node: ast.ClassDef) -> None:
        bases = [self.evaluate(base) for base in node.bases]
        scope = Scope(self.scope)
        made = Value("class", name=node.name, node=node, facts={"bases": bases})
        with self.inside(scope):
            self.block(node.body)
        made.attributes = scope.variables
        self.classes.append(made)
        self.scope.set(node.name, made)

    def _return(self, node: ast.Return) -> str:
        value = self.evaluate(node.value) if node.value is not None else constant(None)
        if self.returns:
            self.returns[-1].append(value)
        return "return"

    def _raise(self, node: ast.Raise) -> str:
        self.evaluate(node.exc)
        return "raise"

    def _break(self, _node: ast.Break) -> str:
        return "break"

    def _continue(self, _node: ast.Continue) -> str:
        return "continue"

    def _global(self, node: ast.Global | ast.Nonlocal) -> None:
        self.scope.outer_names.update(node.names)

    _nonlocal = _global

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scope.variables.pop(target.id, None)

    def _assert(self, node: ast.Assert) -> None:
        self.evaluate(node.test)

    def _assign(self, node: ast.Assign) -> None:
        from thumbnet.inspection.doctor.flow import accumulation

        value = self.evaluate(node.value)
        value = accumulation.by_assignment(self, node, value)
        value = accumulation.side_by_side(self, node, value)
        for target in node.targets:
            self.assign(target, value)

    def _annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value))

    def _augassign(self, node: ast.AugAssign) -> None:
        from thumbnet.inspection.doctor.flow import accumulation

        self.assign(node.target, accumulation.augmented(self, node))

    def assign(self, target: ast.expr, value: Value) -> None:
        """Bind ``value`` to a name, an attribute, an element or several of them."""
        from thumbnet.inspection.doctor.flow import assignment

        if isinstance(target, ast.Name):
            self.scope.set(target.id, named(target.id, value))
        elif isinstance(target, (ast.Tuple, ast.List)):
            for part, element in zip(
                target.elts, assignment.unpack(value, target.elts), strict=False
            ):
                self.assign(part.value if isinstance(part, ast.Starred) else part, element)
        elif isinstance(target, ast.Attribute):
            assignment.set_attribute(self, target, value)
        elif isinstance(target, ast.Subscript):
            assignment.set_element(self, target, value)

    # --- branches and loops -------------------------------------------------------------------

    def _if(self, node: ast.If) -> str | None:
        from thumbnet.inspection.doctor.flow.expressions import truth

        test = self.evaluate(node.test)
        self.note("choice", node, test, body=node.body)
        known = truth(test)
        if known is not None:
            return self.block(node.body if known else node.orelse)
        return self.fork(node.body, node.orelse)

    def fork(self, first: Sequence[ast.stmt], second: Sequence[ast.stmt]) -> str | None:
        """Go both ways and join what comes out."""
        before = self.snapshot()
        first_ends = self.block(first)
        after_first = self.snapshot()
        self.with_gradient = before.restore(self.modes)
        second_ends = self.block(second)
        if first_ends and second_ends:
            return first_ends
        if second_ends:
            self.with_gradient = after_first.restore(self.modes)
        elif not first_ends:
            after_first.merge_into(self.modes)
            self.with_gradient = self.with_gradient or after_first.with_gradient
        return None

    def snapshot(self) -> Snapshot:
        """Return a copy of the present state."""
        return Snapshot.take(self.scope, self.modes, self.with_gradient)

    def _match(self, node: ast.Match) -> str | None:
        self.evaluate(node.subject)
        for case in node.cases:
            self.fork(case.body, ())
        return None

    def _for(self, node: ast.For | ast.AsyncFor) -> str | None:
        iterable = self.evaluate(node.iter)
        loop = Loop(node, iteration.is_over_batches(iterable), iterable)
        self.loops.append(loop)
        try:
            for element in iteration.elements(self, iterable):
                self.assign(node.target, element)
                if self.block(node.body) not in (None, "continue"):
                    break
        finally:
            self.loops.pop()
        return self.block(node.orelse)

    _asyncfor = _for

    def _while(self, node: ast.While) -> str | None:
        loop = Loop(node, False, Value())
        self.loops.append(loop)
        try:
            for _ in range(2):
                self.note("choice", node, self.evaluate(node.test), body=node.body)
                if self.block(node.body) not in (None, "continue"):
                    break
        finally:
            self.loops.pop()
        return self.block(node.orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> str | None:
        from thumbnet.inspection.doctor.flow.contexts import go_through

        return go_through(self, node.items, node.body)

    _asyncwith = _with

    def _try(self, node: ast.Try) -> str | None:
        ending = self.block(node.body)
        for handler in node.handlers:
            self.fork(handler.body, ())
        if ending is None:
            ending = self.block(node.orelse)
        return self.block(node.finalbody) or ending

    _trystar = _try

    # --- where we are ---------------------------------------------------------------------------

    @contextmanager
    def inside(self, scope: Scope) -> Iterator[None]:
        """Be in another scope for a while."""
        before, self.scope = self.scope, scope
        try:
            yield
        finally:
            self.scope = before

    def joined_returns(self, values: list[Value]) -> Value:
        """Return what a function may return; ``return None`` beside others says nothing."""
        telling = [value for value in values if value.constant is not None] or values
        if not telling:
            return constant(None)
        result = telling[0]
        for value in telling[1:]:
            result = join(result, value)
        return result
