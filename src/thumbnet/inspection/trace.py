"""One forward pass, watched: the layers in the order in which they run, and what each of them does.

A layer is a call of one of PyTorch's own modules, or of a small module of one's own; what a larger
module does itself, such as a residual addition, is a layer of its own, named after the operation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from thumbnet.inspection.ledger import Ledger
from thumbnet.inspection.operations import PADS, Call, multiply_adds, windows_of
from thumbnet.inspection.placing import Placements
from thumbnet.inspection.reach import COPIES
from thumbnet.inspection.receptive_field import AxisField, Window

Shape = tuple[int, ...]
_CONTAINERS = (nn.Identity, nn.ModuleDict, nn.ModuleList, nn.Sequential)


@dataclass(frozen=True)
class Operation:
    """One tensor operation of a layer.

    Attributes:
        input_shape: of the operand.
        is_padding: whether it only pads.
        windows: how it moves over its last dimensions, if it does.
        multiply_adds: None if the operation is not known.
    """

    input_shape: Shape
    is_padding: bool
    windows: tuple[Window, ...] | None
    multiply_adds: int | None


@dataclass(eq=False)
class Step:
    """A layer as it ran.

    Attributes:
        name: of the module, dotted, and of the operation where it is one.
        kind: the module's class, or the operation.
        sources: the layers whose values it uses; None for the picture.
        operations: what it does, in order.
        parameters: names of the parameters that it uses.
        input_shapes: of the tensors that it is given and that depend on the picture.
        input_places: where the values of the first of them lie.
        output_shapes: of those that it gives.
        fields: where the first of them looks, along each axis of the picture.
        num_new_values: values that it gives and that are no view of, or written over, older ones.
        merged_into: the layer that has taken its place.
    """

    name: str
    kind: str
    sources: list[Step | None] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    parameters: set[str] = field(default_factory=set)
    input_shapes: list[Shape] = field(default_factory=list)
    input_places: Placements = ()
    output_shapes: list[Shape] = field(default_factory=list)
    fields: tuple[AxisField, ...] = ()
    num_new_values: int = 0
    merged_into: Step | None = None

    @property
    def num_heavy(self) -> int:
        """Operations that are more than arithmetic at each place or a sum."""
        return sum(bool(each.windows) or each.multiply_adds != 0 for each in self.operations)


@dataclass
class _Frame:
    """A module that is running, and the layer that it is, or is a part of, if any."""

    module: nn.Module
    name: str
    step: Step | None
    owns_step: bool
    first_step: int
    inputs: list[Tensor]


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every tensor operation of ``model`` on ``picture`` while it is entered.

    Attributes:
        steps: the layers so far.
        ledger: what is known about each tensor.
    """

    def __init__(self, model: nn.Module, picture: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.ledger = Ledger(picture)
        for name, parameter in model.named_parameters():
            self.ledger.set_origin([parameter], [name])
        self.steps: list[Step] = []
        self._names = {id(module): name for name, module in model.named_modules()}
        self._modules = list(model.modules())
        self._frames: list[_Frame] = []
        self._sources: dict[int, Step | None] = {}
        self._writers: dict[int, Step | None] = {}
        self._makers: dict[int, Step | None] = {picture.untyped_storage()._cdata: None}
        self._num_uses: Counter[str] = Counter()
        self._hooks = ExitStack()

    def __enter__(self) -> Watch:
        for module in self._modules:
            for hook in (
                module.register_forward_pre_hook(self._enter_module, with_kwargs=True),
                module.register_forward_hook(self._leave_module),
            ):
                self._hooks.callback(hook.remove)
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *details: Any) -> None:
        super().__exit__(*details)  # type: ignore[no-untyped-call]
        self._hooks.close()

    def source(self, tensor: Tensor) -> Step | None:
        """Return the layer that gave a tensor; None for the picture and its views."""
        if id(tensor) in self._sources:
            return _current(self._sources[id(tensor)])
        # A view that was made before anything of the picture was written behind it.
        return _current(self._writers.get(tensor.untyped_storage()._cdata))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        del types
        result = func(*args, **(kwargs or {}))
        call = Call.bind(func, args, kwargs or {}, result)
        self.ledger.keep(call.outputs)
        operands = [tensor for tensor in call.inputs if self.ledger.depends(tensor)]
        takes_only_shape = call.name.startswith("new_") or call.name.endswith("_like")
        if operands and call.outputs and not takes_only_shape:
            self._record(call, operands)
        else:
            self.ledger.set_origin(call.outputs, self.ledger.origin(call.inputs))
            self._count_constant(call)
        return result

    def _count_constant(self, call: Call) -> None:
        """Count work that does not depend on the picture, as on a recurrent layer's first state."""
        step = self._frames[-1].step if self._frames else None
        if step is not None and (count := multiply_adds(call)):
            step.operations.append(Operation(tuple(call.first.shape), False, None, count))

    def _record(self, call: Call, operands: Sequence[Tensor]) -> None:
        frame = self._frames[-1]
        is_view = call.is_view
        is_silent = is_view or call.name in COPIES
        step, is_part = frame.step, frame.step is not None
        if step is None and not is_silent:
            path = f"{frame.name}.{call.title}" if frame.name else call.title
            step = self._begin(path, call.title)
            self._give(step, operands)
        is_known = self.ledger.record(call, is_view=is_view)
        origin = step if step is not None else self.source(operands[0])
        sources = [self.source(tensor) for tensor in operands]
        for output in call.outputs:
            self._sources[id(output)] = origin
            if not is_view:
                self._writers[output.untyped_storage()._cdata] = origin
            self._makers.setdefault(output.untyped_storage()._cdata, step)
        if step is None:
            return
        _add_new(step.sources, [source for source in sources if source is not step])
        step.parameters |= self.ledger.origin(call.inputs)
        if not is_silent:
            count = multiply_adds(call) if is_known else None
            shape = tuple(call.first.shape)
            step.operations.append(Operation(shape, call.name in PADS, windows_of(call), count))
        if not is_part:
            self._finish(step, call.outputs)

    def _begin(self, name: str, kind: str) -> Step:
        self._num_uses[name] += 1
        count = self._num_uses[name]
        self.steps.append(Step(name if count == 1 else f"{name}:{count}", kind))
        return self.steps[-1]

    def _give(self, step: Step, inputs: Sequence[Tensor]) -> None:
        step.input_shapes = [tuple(tensor.shape) for tensor in inputs]
        step.input_places = self.ledger.placements(inputs[0]) if inputs else ()

    def _finish(self, step: Step, outputs: Sequence[Tensor]) -> None:
        made = {id(each): each for each in outputs if self.ledger.depends(each)}.values()
        step.output_shapes = [tuple(each.shape) for each in made]
        makers = [_current(self._makers.get(each.untyped_storage()._cdata)) for each in made]
        step.num_new_values = sum(
            each.numel() for each, maker in zip(made, makers, strict=True) if maker is step
        )
        step.fields = self.ledger.fields(next(iter(made))) if made else ()

    def _enter_module(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        given = [each for each in inputs if self.ledger.depends(each)]
        name = self._names[id(module)]
        step = self._frames[-1].step if self._frames else None
        owns_step = step is None and _is_unit(module)
        first_step = len(self.steps)
        if owns_step:
            step = self._begin(name or type(module).__name__, type(module).__name__)
            self._give(step, given)
        self._frames.append(_Frame(module, name, step, owns_step, first_step, given))

    def _leave_module(self, module: nn.Module, args: Any, output: Any) -> Any:
        del args
        frame = self._frames[-1]
        has_parts = isinstance(module, _CONTAINERS) or any(module.children())
        if frame.step is None and not has_parts:
            self._merge(frame)
        if frame.owns_step:
            step = frame.step
            assert step is not None
            # What only passes through, as in a dropout, becomes the layer's by being a view.
            output = tree_map_only(
                Tensor, lambda x: x if self.source(x) is step else torch.ops.aten.alias(x), output
            )
            leaves = [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)]
            self._finish(step, leaves)
        self._frames.pop()
        return output

    def _merge(self, frame: _Frame) -> None:
        """Make one layer of a module without parts, unless it does several heavy things."""
        inner = self.steps[frame.first_step :]
        if not frame.name or sum(step.num_heavy for step in inner) > 1:
            return
        del self.steps[frame.first_step :]
        whole = self._begin(frame.name, type(frame.module).__name__)
        self._give(whole, frame.inputs)
        for step in inner:
            step.merged_into = whole
            _add_new(whole.sources, [each for each in step.sources if each not in inner])
            whole.operations += step.operations
            whole.parameters |= step.parameters
        frame.step, frame.owns_step = whole, True


def _current(step: Step | None) -> Step | None:
    """Return the layer that a step is or has become a part of."""
    while step is not None and step.merged_into is not None:
        step = step.merged_into
    return step


def _add_new(known: list[Step | None], sources: Sequence[Step | None]) -> None:
    known += [source for source in dict.fromkeys(sources) if source not in known]


def _is_unit(module: nn.Module) -> bool:
    """Return whether a module is shown as one layer, whatever it does inside."""
    if is_parametrized(module) or isinstance(module, nn.MultiheadAttention):
        return True
    is_pytorchs = any(
        base.__module__.startswith("torch.nn.modules") and base is not nn.Module
        for base in type(module).__mro__
    )
    return is_pytorchs and not isinstance(module, _CONTAINERS) and not any(module.children())
