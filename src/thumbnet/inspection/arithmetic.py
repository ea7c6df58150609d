"""The arithmetic of one layer, written out: where each number of the table comes from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from thumbnet.inspection.layer_table import BYTES_PER_VALUE, PICTURE, Inspection, Layer
from thumbnet.inspection.receptive_field import AxisField, Placement, Window

_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
_PIXELS = {"height": "rows", "width": "columns"}
_PIXEL = AxisField(size=1, jump=Fraction(1), centre=Fraction(0))


def explain_layer(inspection: Inspection, name: str) -> dict[str, str]:
    """Write out the arithmetic of a layer, e.g. ``{"height": "(28 + 2·2 − 5)/1 + 1 = 28"}``.

    The shape of a convolution or pooling follows PyTorch's documentation of ``Conv2d`` and
    ``ConvTranspose2d``, the receptive field Araujo, Norris and Sim 2019.

    Args:
        inspection: of the whole network.
        name: of the layer, as the table has it.

    Raises:
        ModelError: there is no layer of that name.
    """
    layer = inspection.layer(name)
    given = ", ".join(map(_product, layer.input_shapes)) or "nothing"
    lines = {"shape": f"{given} → {_product(layer.output_shape)}".replace("·", "×")}
    flattened = _flattened(inspection, layer)
    if flattened:
        lines["inputs"] = flattened
    if layer.windows is not None:
        shapes = zip(layer.windows, _input_lengths(layer), _lengths(layer), strict=True)
        names = _axis_names(len(layer.windows))
        for axis, (window, old, new) in zip(names, shapes, strict=True):
            lines[axis] = _length(window, old, new)
    lines["parameters"] = _parameters(layer)
    lines["multiply-adds"] = _multiply_adds(layer)
    lines |= _receptive_field(inspection, layer)
    lines["memory"] = _memory(layer)
    return lines


def _axis_names(count: int) -> Sequence[str]:
    return _AXES.get(count) or [f"axis {number}" for number in range(1, count + 1)]


def _memory(layer: Layer) -> str:
    if not layer.memory_bytes:
        return "0 bytes: its output is its input, a view of it, or written over it"
    factors = (*layer.output_shape, BYTES_PER_VALUE)
    if math.prod(factors) != layer.memory_bytes:
        return f"{layer.memory_bytes:,} bytes"  # of several outputs
    return f"{_product(factors)} = {layer.memory_bytes:,} bytes"


def _lengths(layer: Layer) -> Sequence[int]:
    return layer.output_shape[-len(layer.windows or ()) :]


def _input_lengths(layer: Layer) -> Sequence[int]:
    return layer.input_shapes[0][-len(layer.windows or ()) :]


def _product(factors: Sequence[int]) -> str:
    return "·".join(f"{factor:,}" for factor in factors) or "1"


def _number(value: Fraction | int | None) -> str:
    if value is None:
        return "?"
    exact = Fraction(value)
    text = str(exact.numerator) if exact.denominator == 1 else f"{float(exact):.6g}"
    return text.replace("-", "−")


def _flattened(inspection: Inspection, layer: Layer) -> str | None:
    """Say what a row of inputs was before it was flattened."""
    if layer.windows is not None or len(layer.inputs) != 1 or len(layer.input_shapes) != 1:
        return None
    source = layer.inputs[0]
    shape = inspection.input_shape if source == PICTURE else inspection.layers[source].output_shape
    if len(shape) == 1 and source != PICTURE and inspection.layers[source].input_shapes:
        shape = inspection.layers[source].input_shapes[0]
    given = layer.input_shapes[0]
    if len(given) == 1 and len(shape) > 1 and math.prod(shape) == given[0]:
        return f"{_product(shape)} = {given[0]:,}"
    return None


def _length(window: Window, old: int, new: int) -> str:
    """Write out how long an axis becomes."""
    padding = (
        (f"2·{window.before}" if window.before else "")
        if window.before == window.after
        else f"{window.before} + {window.after}"
    )
    taps = f"{window.dilation}·({window.kernel} − 1) + 1"
    extent = str(window.kernel) if window.dilation == 1 else taps
    if window.transposed:
        less = f" − {padding}" if window.before == window.after and padding else ""
        more = f" + {window.output_padding}" if window.output_padding else ""
        return f"({old} − 1)·{window.stride}{less} + {extent}{more} = {new}"
    extent = extent if window.dilation == 1 else f"({taps})"
    inside = f"{old}{' + ' * bool(padding)}{padding} − {extent}"
    free = old + window.before + window.after - window.extent
    if free % window.stride == 0:
        return f"({inside})/{window.stride} + 1 = {new}"
    if not window.ceil:
        return f"⌊({inside})/{window.stride}⌋ + 1 = {new}"
    text = f"⌈({inside})/{window.stride}⌉ + 1"
    if -(-free // window.stride) + 1 > new:
        return f"{text} − 1 = {new}: the last one would begin in the padding"
    return f"{text} = {new}"


def _parameters(layer: Layer) -> str:
    shapes = list(layer.parameter_shapes.values())
    if not shapes:
        return "0"
    total = sum(map(math.prod, shapes))
    first, rest = shapes[0], shapes[1:]
    is_weight = len(first) == 2 or (layer.windows is not None and not _is_transposed(layer))
    if is_weight and (not rest or rest == [first[:1]]):
        each = _product(first[1:])
        each = f"({each} + 1)" if rest else (f"({each})" if len(first) > 2 else each)
        text = f"{first[0]:,}·{each}"
    elif len(shapes) > 1 and len(first) == 1 and set(rest) == {first}:
        text = f"{len(shapes)}·{first[0]:,}"
    else:
        text = " + ".join(map(_product, shapes))
    result = text if text == f"{total:,}" else f"{text} = {total:,}"
    if layer.num_parameters < total:
        result += f", of which {total - layer.num_parameters:,} were counted at an earlier layer"
    return result


def _is_transposed(layer: Layer) -> bool:
    return bool(layer.windows) and any(window.transposed for window in layer.windows or ())


def _multiply_adds(layer: Layer) -> str:
    count = layer.multiply_adds
    if count is None:
        return "?: it does something that is not known"
    if count == 0:
        return "0: only those of convolutions and matrix products are counted"
    weights = [shape for shape in layer.parameter_shapes.values() if len(shape) > 1]
    if len(weights) == 1:
        places = layer.input_shapes[0] if _is_transposed(layer) else layer.output_shape
        if math.prod(places) * math.prod(weights[0][1:]) == count:
            each = _product(weights[0][1:])
            each = f"({each})" if len(weights[0]) > 2 else each
            return f"{_product(places)}·{each} = {count:,}"
    return f"{count:,}"


def _receptive_field(inspection: Inspection, layer: Layer) -> dict[str, str]:
    """Write out size, jump and centre for each axis, once where all axes agree."""
    by_axis = [_axis_field(inspection, layer, axis) for axis in range(len(layer.fields))]
    lines: dict[str, str] = {}
    names = _axis_names(len(by_axis))
    for label in ("receptive field", "jump", "centre"):
        texts = [lines_of_axis.get(label) for lines_of_axis in by_axis]
        if texts and len(set(texts)) == 1 and texts[0] is not None:
            lines[label] = texts[0]
            continue
        lines |= {
            f"{label}, {name}": text
            for name, text in zip(names, texts, strict=True)
            if text is not None
        }
    seen = [
        f"{_PIXELS.get(name, name)} {field.seen[0]} to {field.seen[1]}"
        for name, field in zip(names, layer.fields, strict=True)
        if field.seen is not None and field.jump is not None
    ]
    if seen:
        lines["the middle sees"] = ", ".join(seen)
    return lines


def _axis_field(inspection: Inspection, layer: Layer, axis: int) -> dict[str, str]:
    field = layer.fields[axis]
    if field.size is None:
        return {"receptive field": "?: what an operation in it, or before it, sees is not known"}
    place = layer.input_places[axis] if layer.input_places else None
    if field.jump is not None and place is not None and layer.windows is not None and place.dim > 1:
        return _moved_field(field, place, layer.windows[place.dim - 2])
    sources = [
        _PIXEL if source == PICTURE else inspection.layers[source].fields[axis]
        for source in layer.inputs
    ]
    sizes = [_number(source.size) for source in sources]
    length = inspection.input_shape[axis + 1]
    if field.seen == (0, length - 1) and field.jump is None:
        text = f"{length}, the whole picture"
    elif set(sizes) == {_number(field.size)}:
        text = f"{field.size}, as before it"
    elif len(sizes) > 1:
        text = f"the union of {' and '.join(sizes)} = {field.size}"
    else:
        text = f"at most {field.size} of the picture's {length} pixels"
    return {"receptive field": text}


def _moved_field(field: AxisField, place: Placement, window: Window) -> dict[str, str]:
    jump, centre = _number(place.jump), _number(place.centre)
    reach = f"({window.kernel} − 1)"
    if window.dilation != 1:
        reach += f"·{window.dilation}"
    next_jump = f"{jump}·{window.stride} = {_number(field.jump)}"
    step = f"({reach}/2 − {window.before})"
    if window.transposed:
        next_jump = f"{jump}/{window.stride} = {_number(field.jump)}"
        step = f"({window.before} − {reach}/2)/{window.stride}"
    size = f"{place.size} + {reach}·{jump} = {field.size}"
    if window.transposed or place.size is None:
        size = f"differs from place to place: at most {field.size} pixels of the picture"
    return {
        "receptive field": size,
        "jump": next_jump,
        "centre": f"{centre} + {step}·{jump} = {_number(field.centre)}",
    }
