"""In which order the axes of pictures are after they were exchanged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.values import Value

_LETTERS = {"b": "n", "batch": "n", "height": "h", "width": "w", "channels": "c", "channel": "c"}
_EXCHANGES = ("transpose", "swapaxes", "swapdims")


def turned(made: Call, name: str, layout: str, rest: list[Value]) -> str | None:
    """Return the layout after an exchange of axes: ``hwc``, ``chw``, ``hwcn`` or None, if another.

    Axes that are not known are taken to be right: channels last become first, or the other way.
    """
    opposite = {"hwc": "chw", "chw": "hwc"}.get(layout)
    if name == "rearrange":
        return _by_pattern(rest, layout) or opposite
    given = made.keywords.get("axes") or made.keywords.get("dims") or made.keywords.get("perm")
    if given is None and len(rest) == 1 and rest[0].items is not None:
        given = rest[0]
    values = list(given.items or ()) if given is not None else rest
    numbers = [int(v.number) for v in values if v.number is not None]
    if not values or len(numbers) != len(values):
        return opposite
    if name in ("permute", "transpose") and len(numbers) > 2:
        return _permuted(layout, numbers)
    if len(numbers) != 2:
        return opposite
    return _moved(layout, name, numbers)


def _permuted(layout: str, numbers: list[int]) -> str | None:
    letters = _full(layout, len(numbers))
    if letters is None or sorted(n % len(letters) for n in numbers) != list(range(len(letters))):
        return None
    return _known("".join(letters[number] for number in numbers))


def _moved(layout: str, name: str, numbers: list[int]) -> str | None:
    """Return the layout after two axes were exchanged, or one was moved to another place."""
    # With or without the axis of the pictures: that which gives a layout is meant.
    for count in (4, 3):
        letters = _full(layout, count)
        if letters is None or any(not -count <= number < count for number in numbers):
            continue
        order = list(letters)
        source, target = (number % count for number in numbers)
        if name in _EXCHANGES:
            order[source], order[target] = order[target], order[source]
        else:
            order.insert(target, order.pop(source))
        known = _known("".join(order))
        if known is not None:
            return known
    return None


def _by_pattern(rest: list[Value], layout: str) -> str | None:
    text = rest[0].text if rest else None
    sides = [_words(side) for side in (text or "").split("->")]
    if len(sides) != 2 or _known(sides[0]) != layout:
        return None
    return _known(sides[1])


def _words(side: str) -> str:
    return "".join(_LETTERS.get(word, word) for word in re.findall(r"\w+", side.lower()))


def _full(layout: str, count: int) -> str | None:
    if len(layout) == count:
        return layout
    return f"n{layout}" if len(layout) == 3 and count == 4 else None


def _known(letters: str) -> str | None:
    layout = letters.removeprefix("n") if len(letters) == 4 else letters
    return layout if layout in ("hwc", "chw", "hwcn") else None
