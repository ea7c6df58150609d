"""``thumbnet inspect``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thumbnet.cli.inspect_target import load_target
from thumbnet.cli.output import note, plain_warnings, print_json, print_table
from thumbnet.errors import OutputError

if TYPE_CHECKING:
    from thumbnet.inspection.layer_table import Inspection, Layer
    from thumbnet.training.recipe import Recipe

TEXT_COLUMNS = frozenset(("layer", "kind", "output"))


def inspect(
    target: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE|RUN|MODEL",
            help="A recipe, packaged or a .toml file; a run or model folder; or a model's name.",
        ),
    ],
    input_shape: Annotated[
        str | None,
        typer.Option(
            "--input", metavar="CxHxW", help="Shape of a picture. Default: the recipe's, 1x28x28."
        ),
    ] = None,
    classes: Annotated[
        int | None, typer.Option(min=2, help="Number of classes. Default: the data set's, 10.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change the recipe, or a model's argument; may be repeated.",
        ),
    ] = None,
    why: Annotated[
        str | None, typer.Option(metavar="LAYER", help="Show this layer's arithmetic instead.")
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the network into an .svg file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Show a network layer by layer: shapes, parameters, cost, receptive field.

    A multiply-add is one multiplication and one addition in a convolution or a matrix product;
    nothing else is counted. Field, jump and centre are in pixels of the picture: how many a value
    sees, how far the next value's are, and where the first one's middle lies. Bytes are those of
    the output for one image in float32.
    """
    from thumbnet.inspection.arithmetic import explain_layer
    from thumbnet.inspection.diagram import draw_network
    from thumbnet.inspection.inspect_model import inspect_model

    if svg is not None and svg.suffix.lower() != ".svg":
        raise OutputError("the file has another form", got=svg, expected="an .svg file")
    with plain_warnings():
        network, shape, recipe = load_target(target, input_shape, classes, changes or [])
        inspection = inspect_model(network, shape)
    arithmetic = explain_layer(inspection, why) if why is not None else None
    if svg is not None:
        from thumbnet.files import write_atomically

        write_atomically(svg, draw_network(inspection, target))
        note(f"diagram {svg}")
    if as_json:
        said = {"layer": why, "arithmetic": arithmetic} if why else inspection.to_dict()
        print_json({"target": target, **said})
    elif arithmetic is not None:
        width = max(map(len, arithmetic))
        for label, text in arithmetic.items():
            print(f"{label:{width}}  {text}")
    else:
        _print_layers(inspection)
        print()
        for label, text in _totals(inspection, recipe).items():
            print(f"{label:15}  {text}")


def _print_layers(inspection: Inspection) -> None:
    rows = [_row(layer, inspection.input_shape) for layer in inspection.layers]
    columns = []
    for name in rows[0]:
        texts = [name, *(row[name] for row in rows)]
        width = max(map(len, texts))
        # Numbers stand to the right, and so do their headings.
        columns.append(texts if name in TEXT_COLUMNS else [text.rjust(width) for text in texts])
    headers, *cells = zip(*columns, strict=True)
    print_table(headers, cells)


def _row(layer: Layer, input_shape: tuple[int, ...]) -> dict[str, str]:
    windows = layer.windows or ()
    pads = [(each.before, each.after) for each in windows]
    sizes = ["?" if field.size is None else field.size for field in layer.fields]
    jumps = ["" if field.jump is None else f"{float(field.jump):g}" for field in layer.fields]
    centres = ["" if each.centre is None else f"{float(each.centre):g}" for each in layer.fields]
    return {
        "layer": layer.name,
        "kind": layer.kind,
        "output": _times(layer.output_shape) or "1",
        "kernel": _times([each.kernel for each in windows]),
        "stride": _same([str(each.stride) for each in windows]),
        "padding": _same([str(a) if a == b else f"{a}/{b}" for a, b in pads]),
        "parameters": f"{layer.num_parameters:,}",
        "multiply-adds": "?" if layer.multiply_adds is None else f"{layer.multiply_adds:,}",
        "field": "all" if layer.sees_all(input_shape) else _times(sizes),
        "jump": _same(jumps),
        "centre": _same(centres),
        "bytes": f"{layer.memory_bytes:,}",
    }


def _times(values: Iterable[object]) -> str:
    return "×".join(map(str, values))


def _same(texts: list[str]) -> str:
    """Return what is said of each axis, once where all axes agree."""
    return texts[0] if len(set(texts)) == 1 else "×".join(text or "–" for text in texts)


def _totals(inspection: Inspection, recipe: Recipe | None) -> dict[str, str]:
    num_fixed = inspection.num_parameters - inspection.num_trainable
    trained = f"{inspection.num_trainable:,} of them trained" if num_fixed else "all trained"
    unknown = inspection.unknown_layers
    lines = {
        "parameters": f"{inspection.num_parameters:,}, {trained}: "
        f"{_megabytes(inspection.parameter_bytes)}",
        "multiply-adds": f"{inspection.multiply_adds:,} for one image"
        + (f", without those of {', '.join(unknown)}, which are not known" if unknown else ""),
        "activations": f"{_megabytes(inspection.activation_bytes)} for one image",
    }
    if inspection.unused_parameters:
        lines["not used"] = (
            f"{sum(inspection.unused_parameters.values()):,} parameters: "
            f"{', '.join(inspection.unused_parameters)}"
        )
    if inspection.kept_bytes is not None:
        lines["training keeps"] = f"{_megabytes(inspection.kept_bytes)} of each image"
        if recipe is not None:
            total = recipe.batch_size * inspection.kept_bytes + 2 * inspection.parameter_bytes
            lines["training takes"] = (
                f"at least {_megabytes(total)} for a batch of {recipe.batch_size}, with parameters"
                " and gradients; the optimiser's state comes on top"
            )
    unseen = _unseen(inspection)
    if unseen:
        lines["never seen"] = unseen
    return lines


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.2f} MB" if count >= 10_000 else f"{count:,} bytes"


def _unseen(inspection: Inspection) -> str:
    """Say which rows and columns of the picture change no output."""
    if len(inspection.unseen) != 2:
        return ""
    parts = []
    for name, unseen in zip(("row", "column"), inspection.unseen, strict=True):
        for place, count in zip(("first", "last"), unseen or (0, 0), strict=True):
            if count:
                which = name if count == 1 else f"{count} {name}s"
                parts.append(f"the {place} {which}")
    return ", ".join(parts)
