"""Where the places of an operation's outputs lie, from where those of its inputs lie.

Windows follow the arithmetic of ``thumbnet.inspection.receptive_field``. For every other operation
the places themselves are sent through it, as if they were pixels: if each output then comes from a
single one, and these lie at even distances, so do the outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial, reduce

import torch
from torch import Tensor

from thumbnet.inspection.operations import PADS, POOLS, Call, run_on, windows_of
from thumbnet.inspection.reach import COPIES, UNKNOWN, spread
from thumbnet.inspection.reach_windows import NOTHING
from thumbnet.inspection.receptive_field import Placement

Placements = tuple[Placement | None, ...]
"""One for each axis of the picture; None where places do not lie at even distances."""

_RESHAPES = frozenset(("_reshape_alias", "_unsafe_view", "view"))
_VIEWS = frozenset(
    ("alias", "detach", "diagonal", "expand", "permute", "select", "slice", "split")
) | {"split_with_sizes", "squeeze", "t", "transpose", "unbind", "unfold", "unsqueeze"}


def placements_after(
    call: Call, operands: Sequence[Tensor], known: Callable[[Tensor], Placements], is_view: bool
) -> list[Placements]:
    """Return the placements of each output.

    Args:
        call: the operation.
        operands: those of its inputs that depend on the picture; at least one.
        known: gives their placements.
        is_view: whether the outputs are views of the first operand.
    """
    if call.name in POOLS | PADS | {"convolution"} or _has_even_steps(call):
        return [_through(call, known(call.first))] * len(call.outputs)
    results: list[Placements] = []
    for index, output in enumerate(call.outputs):
        if (call.is_pointwise or call.name in COPIES) and all(
            each.shape == output.shape for each in operands
        ):
            sent = [known(each) for each in operands]
        else:
            send = partial(_sent, call, index=index, is_view=is_view)
            sent = [tuple(send(each, place) for place in known(each)) for each in operands]
        results.append(tuple(reduce(_union, places) for places in zip(*sent, strict=True)))
    return results


def _union(first: Placement | None, second: Placement | None) -> Placement | None:
    return None if first is None or second is None else first.union(second)


def _has_even_steps(call: Call) -> bool:
    return "upsample" in call.name or ("adaptive" in call.name and windows_of(call) is not None)


def _through(call: Call, placements: Placements) -> Placements:
    windows = windows_of(call)
    # An interpolation has no windows; like a convolution it leaves images and channels alone.
    num_before = 2 if windows is None else call.first.dim() - len(windows)
    results: list[Placement | None] = []
    for place in placements:
        axis = -1 if place is None else place.dim - num_before
        if place is None or (axis < 0 and call.name == "convolution"):
            results.append(None)  # it combines all channels
        elif axis < 0:
            results.append(place)
        elif windows is None:
            results.append(place.resized(*_steps(call, place.dim)))
        else:
            results.append(place.through(windows[axis]))
    return tuple(results)


def _steps(call: Call, dim: int) -> tuple[Fraction, Fraction]:
    """Return how far apart an interpolation's places lie in its input, and where the first does."""
    old, new = call.first.shape[dim], call.outputs[0].shape[dim]
    if call.arguments.get("align_corners"):
        return Fraction(old - 1, max(new - 1, 1)), Fraction(0)
    return Fraction(old, new), Fraction(old, 2 * new) - Fraction(1, 2)


def _sent(
    call: Call, operand: Tensor, place: Placement | None, *, index: int, is_view: bool
) -> Placement | None:
    if place is None:
        return None
    output = call.outputs[index]
    places = torch.arange(operand.shape[place.dim], dtype=torch.float32)
    places = places.reshape(-1, *[1] * (operand.dim() - place.dim - 1)).expand(operand.shape)
    if is_view:
        sent = _viewed(call, places, output, index)
        found = None if sent is None else torch.stack([-sent, sent])
    else:
        own = torch.stack([-places, places])
        others = torch.tensor(NOTHING)
        reaches = spread(call, lambda x: own if x is operand else others.expand(2, *x.shape))
        found = None if reaches is None else reaches[index]
    if found is None or not found.numel() or bool((found == UNKNOWN).any()):
        return None
    return _picked(place, found)


def _viewed(call: Call, places: Tensor, output: Tensor, index: int) -> Tensor | None:
    if call.writes:
        return None  # the operand has its new shape already
    if call.name in _RESHAPES and places.numel() == output.numel():
        return places.reshape(output.shape)
    if call.name not in _VIEWS:
        return None
    result = run_on(call, places)
    return result if isinstance(result, Tensor) else result[index]


def _picked(place: Placement, found: Tensor) -> Placement | None:
    """Find the dimension along which the places that were sent lie at even distances.

    Args:
        place: of the values that were sent.
        found: ``(2, *shape)``, minus the first and the last place that each output comes from.
    """
    same_rank_first = sorted(range(found.dim() - 1), key=lambda dim: dim != place.dim)
    for dim in same_rank_first:
        others = [each + 1 for each in range(found.dim() - 1) if each != dim]
        minus_first, last = found.amax(others) if others else found
        if not torch.equal(-minus_first, last) or bool((last == NOTHING).any()):
            continue
        steps = set(last.diff().tolist())
        if len(steps) > 1 or steps == {0.0}:
            continue
        if not steps and dim != place.dim:
            return None  # a single place: of several such dimensions any may be meant
        return place.picked(dim, int(last[0]), int(steps.pop()) if steps else 1)
    return None
