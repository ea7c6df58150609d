"""What is known about every tensor of one forward pass: its reach, its places, its parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from thumbnet.inspection.operations import Call
from thumbnet.inspection.placing import Placements, placements_after
from thumbnet.inspection.reach import UNKNOWN, spread
from thumbnet.inspection.reach_windows import NOTHING
from thumbnet.inspection.receptive_field import AxisField, Placement


class Ledger:
    """Reach and origin belong to a storage, so that views and writes in place need no care.

    Places belong to a tensor, since a view has others than what it is a view of. All tensors are
    kept, so that no address is used twice.

    Args:
        picture: the network's input ``(1, C, *axes)``; its values see themselves.
    """

    def __init__(self, picture: Tensor) -> None:
        self.num_axes = picture.dim() - 2
        # A picture without axes has one row, which says that a value depends on it.
        self._num_rows = 2 * self.num_axes or 1
        self._shadows: dict[int, Tensor] = {}
        self._origins: dict[int, frozenset[str]] = {}
        self._placements: dict[int, tuple[Placements, int]] = {}
        self._num_writes: Counter[int] = Counter()
        self._kept: list[Tensor] = []
        self.keep([picture])
        rows = [torch.zeros(picture.shape)] * self._num_rows
        for axis in range(self.num_axes):
            pixels = _indices(picture, axis + 2)
            rows[2 * axis : 2 * axis + 2] = [-pixels, pixels]
        self._write(picture, torch.stack(rows))
        self._place(picture, tuple(Placement(axis + 2) for axis in range(self.num_axes)))

    def keep(self, tensors: Iterable[Tensor]) -> None:
        """Hold tensors until the end, whether they depend on the picture or not."""
        self._kept.extend(tensors)

    def depends(self, tensor: Tensor) -> bool:
        """Return whether a tensor depends on the picture."""
        return _key(tensor) in self._shadows

    def set_origin(self, tensors: Iterable[Tensor], names: Iterable[str]) -> None:
        """Say which parameters constant tensors are made of."""
        for tensor in tensors:
            self._origins[_key(tensor)] = self.origin([tensor]).union(names)

    def origin(self, tensors: Iterable[Tensor]) -> frozenset[str]:
        """Return the parameters that tensors are, or are computed from without the picture."""
        return frozenset().union(*(self._origins.get(_key(each), frozenset()) for each in tensors))

    def reach(self, tensor: Tensor) -> Tensor:
        """Return ``(rows, *shape)``, see ``thumbnet.inspection.reach``."""
        shadow = self._shadows.get(_key(tensor))
        shape = (self._num_rows, *tensor.shape)
        if shadow is None:
            return torch.tensor(NOTHING).expand(shape)
        if shadow.shape[1] != _num_elements(tensor):
            return torch.tensor(UNKNOWN).expand(shape)  # a view as numbers of another width
        strides = (shadow.shape[1], *tensor.stride())
        return shadow.as_strided(shape, strides, tensor.storage_offset())

    def placements(self, tensor: Tensor) -> Placements:
        """Return the places of a tensor's values along each axis of the picture."""
        found, num_writes = self._placements.get(id(tensor), ((None,) * self.num_axes, -1))
        is_current = num_writes == self._num_writes[_key(tensor)]
        return found if is_current else (None,) * self.num_axes

    def record(self, call: Call, *, is_view: bool) -> bool:
        """Enter what an operation made; return whether the operation is known."""
        sources = call.inputs[1:] if call.name == "copy" else call.inputs
        operands = [each for each in sources if self.depends(each)]
        try:
            placements = placements_after(call, operands, self.placements, is_view)
            reaches = None if is_view else spread(call, self.reach)
        except Exception:
            # A known operation in a form that the rules do not foresee is an unknown one.
            placements, reaches = [(None,) * self.num_axes] * len(call.outputs), None
        for index, output in enumerate(call.outputs):
            if not is_view:
                unknown = torch.tensor(UNKNOWN).expand(self._num_rows, *output.shape)
                self._write(output, unknown if reaches is None else reaches[index])
                if call.writes and placements[index] != self.placements(output):
                    self._num_writes[_key(output)] += 1  # of other views nothing is known now
            self._place(output, placements[index])
        return is_view or reaches is not None

    def fields(self, tensor: Tensor) -> tuple[AxisField, ...]:
        """Return where a tensor's values look, along each axis of the picture."""
        placements = self.placements(tensor)
        middle: list[int | slice] = [slice(None)] * tensor.dim()
        for place in placements:
            if place is not None:
                middle[place.dim] = tensor.shape[place.dim] // 2
        rows = self.reach(tensor)
        results = []
        for axis, place in enumerate(placements):
            minus_first, last = rows[2 * axis : 2 * axis + 2]
            size, covered = _extent(minus_first, last)
            if place is None or size is None:
                alike = covered is not None and _are_all_alike(minus_first, last)
                results.append(AxisField(size, seen=covered if alike else None, covered=covered))
                continue
            _, seen = _extent(minus_first[tuple(middle)], last[tuple(middle)])
            size = size if place.size is None else place.size
            results.append(AxisField(size, place.jump, place.centre, seen, covered))
        return tuple(results)

    def covered(self, tensors: Sequence[Tensor]) -> tuple[tuple[int, int] | None, ...]:
        """Return the first and the last pixel along each axis that any of the values sees.

        None where that is not known, or no pixel is seen.
        """
        results = []
        for axis in range(self.num_axes):
            minus_first, last = (
                torch.cat([self.reach(each)[row].flatten() for each in tensors])
                for row in (2 * axis, 2 * axis + 1)
            )
            results.append(_extent(minus_first, last)[1])
        return tuple(results)

    def _write(self, tensor: Tensor, reach: Tensor) -> None:
        key, width = _key(tensor), _num_elements(tensor)
        if key not in self._shadows or self._shadows[key].shape[1] != width:
            self._shadows[key] = torch.full((self._num_rows, width), NOTHING)
        self.reach(tensor).copy_(reach)

    def _place(self, tensor: Tensor, placements: Placements) -> None:
        self._placements[id(tensor)] = placements, self._num_writes[_key(tensor)]


def _extent(minus_first: Tensor, last: Tensor) -> tuple[int | None, tuple[int, int] | None]:
    """Return how many pixels a value sees at most, and the first and last that any sees."""
    if not last.numel():
        return 0, None
    widest = float((last + minus_first).max())
    if widest == UNKNOWN:
        return None, None
    if widest == NOTHING:
        return 0, None
    return int(widest) + 1, (-int(minus_first.max()), int(last.max()))


def _are_all_alike(minus_first: Tensor, last: Tensor) -> bool:
    """Return whether all values see the same pixels."""
    return all(float(row.min()) == float(row.max()) for row in (minus_first, last))


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _num_elements(tensor: Tensor) -> int:
    return tensor.untyped_storage().nbytes() // tensor.element_size()


def _indices(tensor: Tensor, dim: int) -> Tensor:
    """Return each value's place along ``dim``, float32 on the CPU, in the shape of ``tensor``."""
    places = torch.arange(tensor.shape[dim], dtype=torch.float32)
    return places.reshape(-1, *[1] * (tensor.dim() - dim - 1)).expand(tensor.shape)
