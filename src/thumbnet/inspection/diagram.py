"""A network as a picture: boxes with shapes and receptive fields, joined by arrows, as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from thumbnet.evaluation.canvas import shorten
from thumbnet.inspection.diagram_layout import Box, Layout, Line, Repeat, lay_out
from thumbnet.inspection.layer_table import Inspection, Layer

BOX_WIDTH, BOX_HEIGHT = 384, 66
GAP_X, GAP_Y = 28, 34
MARGIN, HEADER = 28, 74
ICON = 40
LANE = 16
LABEL_WIDTH = 100

_STYLE = """
svg { --paper: #ffffff; --box: #f8fafc; --ink: #1f2933; --muted: #586476; --rule: #c3cad5;
  --convolution: #0072b2; --pooling: #007a5a; --product: #b34700; --union: #a04a86; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #11161d; --box: #1a212b; --ink: #e7ebf0; --muted: #a3afbf; --rule: #465262;
    --convolution: #56b4e9; --pooling: #3fc79a; --product: #f28e4b; --union: #e09bc8; } }
text { font: 12px system-ui, "Helvetica Neue", Arial, sans-serif; fill: var(--ink); }
.heading { font-size: 19px; font-weight: 600; }
.kind { font-size: 13.5px; font-weight: 600; }
.count { font-size: 22px; font-weight: 600; }
.muted { fill: var(--muted); }
.right { text-anchor: end; }
.paper { fill: var(--paper); }
.box { fill: var(--box); stroke: var(--rule); }
.repeat { fill: none; stroke: var(--muted); stroke-dasharray: 5 4; }
.line { fill: none; stroke: var(--muted); stroke-width: 1.5; }
.head { fill: var(--muted); }
.picture { fill: none; stroke: var(--muted); }
.seen { fill-opacity: 0.45; }
.other { fill: var(--muted); }
.convolution { fill: var(--convolution); }
.pooling { fill: var(--pooling); }
.product { fill: var(--product); }
.union { fill: var(--union); }
"""


def draw_network(inspection: Inspection, name: str) -> str:
    """Return an SVG picture of the network, from the picture at the top to the output.

    Norms and activations stand in the box of the layer that they follow, blocks that repeat are
    drawn once with their number, and a square shows which part of the picture the output in the
    middle sees. The colours follow the reader's light or dark scheme; a title and a description
    say the same in words.

    Args:
        inspection: of the network.
        name: what the picture calls it.
    """
    layout = lay_out(inspection)
    num_rows = max(box.row for box in layout.boxes) + 1
    rights = [_left(box.column) + BOX_WIDTH for box in layout.boxes]
    rights += [_beside(line) for line in layout.lines]
    width = max(rights) + MARGIN + (LABEL_WIDTH if layout.repeats else 0)
    height = _top(num_rows) + MARGIN
    totals = f"{_parameters(inspection)}, {inspection.multiply_adds:,} multiply-adds"
    hint = "Square: what the output in the middle sees."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img" aria-labelledby="network-title network-description">',
        f'<title id="network-title">The network {escape(name)}</title>',
        f'<desc id="network-description">{escape(_describe(inspection, layout))}</desc>',
        f"<style>{_STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>',
        _rectangle("paper", 0, 0, width, height),
        _text(MARGIN, 36, shorten(name, 34), "heading"),
        _text(MARGIN, 58, totals, "muted"),
        *(_line(layout.boxes, line) for line in layout.lines),
        *(_repeat(layout, repeat) for repeat in layout.repeats),
        *(part for box in layout.boxes for part in _box(inspection, box)),
        _text(MARGIN, height - 16, hint, "muted"),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _left(column: int) -> int:
    return MARGIN + column * (BOX_WIDTH + GAP_X)


def _top(row: int) -> int:
    return HEADER + row * (BOX_HEIGHT + GAP_Y)


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{style}">{escape(text)}</text>'


def _times(values: Iterable[object]) -> str:
    return "×".join(map(str, values))


def _title(layer: Layer) -> str:
    """Return a layer's kind, and how it moves where that is not one value at a time."""
    if layer.windows is None:
        return layer.kind
    words = [f"{layer.kind} {_times(window.kernel for window in layer.windows)}"]
    for name in ("stride", "dilation"):
        values = [getattr(window, name) for window in layer.windows]
        if any(value != 1 for value in values):
            words.append(f"{name} {values[0] if len(set(values)) == 1 else _times(values)}")
    return ", ".join(words)


def _family(layer: Layer) -> str:
    if len(layer.inputs) > 1:
        return "union"
    if layer.multiply_adds:
        return "convolution" if layer.windows else "product"
    return "pooling" if layer.windows or "pool" in layer.kind.lower() else "other"


def _parameters(inspection: Inspection) -> str:
    text = f"{inspection.num_parameters:,} parameters"
    if inspection.num_trainable < inspection.num_parameters:
        text += f" ({inspection.num_trainable:,} trained)"
    return text


def _sees(inspection: Inspection, layer: Layer) -> str:
    if layer.sees_all(inspection.input_shape):
        return "sees all"
    sizes = _sizes(layer)
    return f"sees {sizes}" if sizes else ""


def _sizes(layer: Layer) -> str:
    return _times("?" if field.size is None else field.size for field in layer.fields)


def _box(inspection: Inspection, box: Box) -> list[str]:
    left, top = _left(box.column), _top(box.row)
    x, end = left + ICON + 24, left + BOX_WIDTH - 12
    frame = _rectangle("box", left, top, BOX_WIDTH, BOX_HEIGHT, radius=6)
    if not box.layers:
        return [
            frame,
            *_icon(inspection, box, left + 14, top + 13),
            _text(x, top + 38, "picture", "kind"),
            _text(end, top + 38, _times(inspection.input_shape), "right"),
        ]
    layer, last = box.layers[0], box.layers[-1]
    count = sum(each.num_parameters for each in box.layers)
    shape = _times(last.output_shape) or "1"
    followers = ", ".join(each.kind for each in box.layers[1:])
    return [
        frame,
        _rectangle(_family(layer), left, top, 5, BOX_HEIGHT),
        *_icon(inspection, box, left + 14, top + 13),
        _text(x, top + 22, shorten(_title(layer), 37 - len(shape)), "kind"),
        _text(end, top + 22, shape, "right"),
        _text(x, top + 39, shorten(followers, 28)),
        _text(end, top + 39, _sees(inspection, last), "right"),
        # The end of a dotted name says more than its beginning.
        _text(x, top + 56, shorten(layer.name[::-1], 26)[::-1], "muted"),
        _text(end, top + 56, f"{count:,} parameters" if count else "", "right muted"),
    ]


def _icon(inspection: Inspection, box: Box, x: float, y: float) -> list[str]:
    """Draw the picture as an outline, and in it what the box's middle output sees."""
    lengths = inspection.input_shape[1:]
    if len(lengths) != 2:
        return []
    scale = ICON / max(lengths)
    height, width = (length * scale for length in lengths)
    outline = _rectangle("picture", x, y, width, height)
    fields = box.layers[-1].fields if box.layers else ()
    seen = [field.seen for field in fields if field.seen is not None]
    if len(seen) != 2:
        return [outline]
    (first_row, last_row), (first_column, last_column) = seen
    area = _rectangle(
        f"seen {_family(box.layers[0])}",
        x + first_column * scale,
        y + first_row * scale,
        (last_column - first_column + 1) * scale,
        (last_row - first_row + 1) * scale,
    )
    return [area, outline]


def _rectangle(style: str, x: float, y: float, width: float, height: float, radius: int = 0) -> str:
    corner = f' rx="{radius}"' if radius else ""
    return (
        f'<rect class="{style}" x="{x:.5g}" y="{y:.5g}" width="{width:.5g}"'
        f' height="{height:.5g}"{corner}/>'
    )


def _beside(line: Line) -> int:
    """Return how far to the right a line goes that runs beside its column."""
    return _left(line.column) + BOX_WIDTH + LANE * line.lane - 4


def _line(boxes: Sequence[Box], line: Line) -> str:
    """Draw a connection: straight, or through the gaps between rows and down where it is free."""
    source, target = boxes[line.source], boxes[line.target]
    start = _port(source, aside=line.lane > 0 or source.column < target.column)
    end = _port(target, aside=line.lane > 0 or target.column < source.column)
    x = _beside(line) if line.lane else max(start, end)
    below = _top(source.row) + BOX_HEIGHT
    top = _top(target.row)
    path = f"M{start:g} {below}"
    if x != start:
        path += f" V{below + GAP_Y / 2:g} H{x:g}"
    if x != end:
        path += f" V{top - GAP_Y / 2:g} H{end:g}"
    return f'<path class="line" marker-end="url(#head)" d="{path} V{top}"/>'


def _port(box: Box, *, aside: bool) -> float:
    """Return where a line touches a box: in its middle, or to the right if it goes past others."""
    return _left(box.column) + BOX_WIDTH * (0.8 if aside else 0.5)


def _repeat(layout: Layout, repeat: Repeat) -> str:
    """Draw a frame around boxes that repeat, and beside it how often."""
    places = range(repeat.first, repeat.first + repeat.length)
    boxes = [layout.boxes[place] for place in places]
    rights = [_left(box.column) + BOX_WIDTH for box in boxes]
    rights += [_beside(line) for line in layout.lines if line.target in places and line.lane]
    left, right = MARGIN - 10, max(rights) + 10
    top = _top(min(box.row for box in boxes)) - 10
    bottom = _top(max(box.row for box in boxes)) + BOX_HEIGHT + 10
    middle = (top + bottom) / 2
    last = _sizes(repeat.last_layer)
    return "\n".join(
        [
            _rectangle("repeat", left, top, right - left, bottom - top, radius=10),
            _text(right + 14, middle, f"× {repeat.count}", "count"),
            _text(right + 14, middle + 20, "in the end" if last else "", "muted"),
            _text(right + 14, middle + 36, f"sees {last}" if last else "", "muted"),
        ]
    )


def _describe(inspection: Inspection, layout: Layout) -> str:
    """Say in words what the picture shows."""
    counts = {
        repeat.first + offset: repeat.count
        for repeat in layout.repeats
        for offset in range(repeat.length)
    }
    sentences = [f"A picture of {_times(inspection.input_shape)} goes through these layers."]
    for place, box in enumerate(layout.boxes):
        if not box.layers:
            continue
        names = ", ".join([_title(box.layers[0]), *(each.kind for each in box.layers[1:])])
        shape = _times(box.layers[-1].output_shape) or "1"
        times = f"{counts[place]} times: " if place in counts else ""
        sources = [_last_name(layout, source) for source in box.inputs]
        joined = f" of {' and '.join(sources)}" if len(sources) > 1 else ""
        sentences.append(f"{times}{box.layers[0].name}: {names}{joined}, gives {shape}.")
    sentences.append(f"It has {_parameters(inspection)}.")
    return " ".join(sentences)


def _last_name(layout: Layout, place: int) -> str:
    """Return the name of a box's last layer."""
    layers = layout.boxes[place].layers
    return layers[-1].name if layers else "the picture"
