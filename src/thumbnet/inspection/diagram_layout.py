"""Which boxes a diagram of a network has, which of them repeat, and where each stands."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from thumbnet.inspection.layer_table import PICTURE, Inspection, Layer


@dataclass
class Box:
    """A layer, with the norm and the activation behind it.

    Attributes:
        layers: the layer and its followers; none for the picture.
        inputs: places of the boxes that it takes values from.
        row: from the top, where the picture is 0.
        column: from the left; the longest way through the network is 0.
    """

    layers: list[Layer]
    inputs: list[int]
    row: int = 0
    column: int = 0

    def pattern(self, place: int) -> tuple[object, ...]:
        """Return what two boxes have in common that look the same in a diagram."""
        steps = [place - source for source in self.inputs]
        parts = [
            (layer.kind, layer.windows, layer.output_shape, layer.num_parameters)
            for layer in self.layers
        ]
        return (*steps, *parts)


@dataclass(frozen=True)
class Repeat:
    """Boxes that are drawn once for several.

    Attributes:
        first: place of the first of them.
        length: how many boxes are drawn.
        count: how often they follow one another.
        last_layer: the last layer of the last time.
    """

    first: int
    length: int
    count: int
    last_layer: Layer


@dataclass(frozen=True)
class Line:
    """A connection: values of one box go to another.

    Attributes:
        source: place of the first box.
        target: place of the second.
        column: where it runs down past other boxes.
        lane: 0 if it runs in the middle of the column, else beside its boxes, the first being 1.
    """

    source: int
    target: int
    column: int
    lane: int = 0


@dataclass
class Layout:
    """All boxes, the picture first, in the order in which they run."""

    boxes: list[Box] = field(default_factory=list)
    repeats: list[Repeat] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def lay_out(inspection: Inspection) -> Layout:
    """Return the boxes of a network's diagram, the repeats folded, with their places."""
    layout = _fold(_boxes(inspection.layers))
    _place(layout.boxes)
    layout.lines = _route(layout.boxes)
    return layout


def _boxes(layers: Sequence[Layer]) -> list[Box]:
    """Put each layer into a box, or as a follower into the box before it."""
    num_uses = Counter(source for layer in layers for source in layer.inputs)
    boxes = [Box([], [])]
    place_of = {PICTURE: 0}
    for number, layer in enumerate(layers):
        source = layer.inputs[0] if len(layer.inputs) == 1 else PICTURE
        follows = (
            source != PICTURE
            and num_uses[source] == 1
            and layer.windows is None
            and layer.multiply_adds == 0
            and layer.output_shape == layers[source].output_shape
        )
        if follows:
            place_of[number] = place_of[source]
            boxes[place_of[source]].layers.append(layer)
        else:
            place_of[number] = len(boxes)
            boxes.append(Box([layer], [place_of[each] for each in layer.inputs]))
    return boxes


def _fold(boxes: list[Box]) -> Layout:
    """Leave out boxes that repeat those before them."""
    patterns = [box.pattern(place) for place, box in enumerate(boxes)]
    layout = Layout()
    drawn_at: dict[int, int] = {}
    place = 0
    while place < len(boxes):
        length, count = _longest_repeat(boxes, patterns, place)
        first = len(layout.boxes)
        for offset in range(length * count):
            drawn_at[place + offset] = first + offset % length
        for box in boxes[place : place + length]:
            sources = dict.fromkeys(drawn_at[source] for source in box.inputs)
            layout.boxes.append(Box(box.layers, list(sources)))
        place += length * count
        if count > 1:
            last = boxes[place - 1].layers[-1]
            layout.repeats.append(Repeat(first, length, count, last))
    return layout


def _longest_repeat(
    boxes: Sequence[Box], patterns: Sequence[tuple[object, ...]], start: int
) -> tuple[int, int]:
    """Return how many boxes from ``start`` on repeat, and how often, so that most are left out."""
    best = 1, 1
    for length in range(1, (len(boxes) - start) // 2 + 1):
        # A group takes values from within and from the box before it only.
        if min(boxes[start + length - 1].inputs, default=0) < start - 1:
            break
        group = patterns[start : start + length]
        count = 1
        while patterns[start + count * length : start + (count + 1) * length] == group:
            count += 1
        end = start + count * length
        # All that comes later goes through the last of them: nothing is drawn beside the group.
        is_closed = all(source >= end - 1 for box in boxes[end:] for source in box.inputs)
        if is_closed and (count - 1) * length > (best[1] - 1) * best[0]:
            best = length, count
    return best


def _place(boxes: Sequence[Box]) -> None:
    """Set rows by the longest way from the picture, columns by the longest way to the end."""
    for box in boxes:
        box.row = 1 + max((boxes[source].row for source in box.inputs), default=-1)
    to_end = [0] * len(boxes)
    for place in reversed(range(len(boxes))):
        for source in boxes[place].inputs:
            to_end[source] = max(to_end[source], to_end[place] + 1)
    by_row: defaultdict[int, list[int]] = defaultdict(list)
    for place, box in enumerate(boxes):
        by_row[box.row].append(place)
    for places in by_row.values():
        for column, place in enumerate(sorted(places, key=lambda each: -to_end[each])):
            boxes[place].column = column


def _route(boxes: Sequence[Box]) -> list[Line]:
    """Choose for each connection where it runs, so that it crosses no box."""
    taken = {(box.row, box.column) for box in boxes}
    lanes: list[list[range]] = []
    lines = []
    for target, box in enumerate(boxes):
        for source in box.inputs:
            start = boxes[source]
            between = range(start.row + 1, box.row)
            column = max(start.column, box.column)
            cells = {(row, column) for row in between}
            if not cells & taken:
                taken |= cells
                lines.append(Line(source, target, column))
            else:
                widest = max(each.column for each in boxes if each.row in between)
                lane = _free_lane(lanes, range(start.row, box.row))
                lines.append(Line(source, target, widest, lane))
    return lines


def _free_lane(lanes: list[list[range]], rows: range) -> int:
    """Return the first lane without a line at these rows, and enter the line there."""
    for lane, used in enumerate(lanes, start=1):
        if all(rows.stop <= each.start or each.stop <= rows.start for each in used):
            used.append(rows)
            return lane
    lanes.append([rows])
    return len(lanes)
