"""Figures of a comparison, drawn from its results: accuracies, differences, learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from thumbnet.evaluation.canvas import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    clear_frame,
    house_style,
    new_figure,
    shorten,
)
from thumbnet.evaluation.comparison import Estimate, mean_curve
from thumbnet.evaluation.comparison_gradients import geometric_means

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008): apart for every kind of colour blindness. Then the same again, dashed.
COLOURS = (BLUE, ORANGE, "#009e73", "#cc79a7", "#56b4e9", "#e69f00", INK)
LINES = ("-", (0, (4, 2)), (0, (1, 1.5)))
# Bands of fewer runs would hide everything else.
MIN_SEEDS_FOR_BAND = 3
MAX_LABEL_COLUMNS = 44
# Pairs beyond this are in the table only.
MAX_PAIRS = 21

Results = Mapping[str, Any]


def draw_figures(results: Results) -> dict[str, Figure]:
    """Return the figures of a comparison by name; see the functions below."""
    figures = {"accuracy": draw_accuracies(results), "curves": draw_learning_curves(results)}
    if "gradients" in results:
        figures["gradients"] = draw_gradients(results["gradients"])
    return figures


def draw_accuracies(results: Results) -> Figure:
    """Draw each side's test accuracy (above) and the pairs' differences (below), with intervals."""
    sides, pairs = results["sides"], results["pairs"][:MAX_PAIRS]
    with house_style():
        heights = [1 + len(sides), 1 + len(pairs)]
        figure = new_figure(1.2 + 0.27 * sum(heights))
        upper, lower = figure.subplots(2, 1, height_ratios=heights)
        _draw_sides(upper, sides)
        _draw_pairs(lower, pairs)
    known = [side for side in sides if side["accuracy"]["mean"] is not None]
    figure.set_label(
        "Test accuracy: "
        + "; ".join(f"{side['name']} {side['accuracy']['mean']:.2%}" for side in known)
        + "."
    )
    return figure


def _draw_sides(axes: Axes, sides: Sequence[Results]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    clear_frame(axes, grid="x")
    axes.set_title("Test accuracy of each side")
    for row, side in enumerate(sides):
        colour, summary = _colour(row), side["accuracy"]
        values = [run["accuracy"] for run in side["runs"]]
        axes.plot(values, [row] * len(values), "o", color=colour, alpha=0.35, markersize=4)
        if summary["mean"] is not None:
            axes.plot(summary["mean"], row, "D", color=colour, markersize=6)
        if summary["low"] is not None:
            axes.plot((summary["low"], summary["high"]), (row, row), color=colour, linewidth=1.8)
    _label_rows(axes, [side["name"] for side in sides])
    # An interval of two seeds would squeeze everything: the values set the limits.
    _limit(axes, [run["accuracy"] for side in sides for run in side["runs"]], sides)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))


def _limit(axes: Axes, values: Sequence[float], sides: Sequence[Results]) -> None:
    if not values:
        return
    ends = list(values)
    for side in sides:
        if side["accuracy"]["num_seeds"] >= MIN_SEEDS_FOR_BAND:
            ends += [side["accuracy"]["low"], side["accuracy"]["high"]]
    low, high = max(0.0, min(ends)), min(1.0, max(ends))
    margin = 0.05 * (high - low) or 0.001
    axes.set_xlim(low - margin, high + margin)


def _draw_pairs(axes: Axes, pairs: Sequence[Results]) -> None:
    from matplotlib.ticker import MaxNLocator

    clear_frame(axes, grid="x")
    axes.set_title("Difference in points, 95 % interval")
    axes.axvline(0, color=INK, linewidth=1.0)
    for row, pair in enumerate(pairs):
        found = pair["measures"]["accuracy"]
        if found["value"] is None:
            continue
        colour = BLUE if found["kind"] in ("higher", "lower") else MUTED
        axes.plot(100 * found["value"], row, "D", color=colour, markersize=5)
        if found["low"] is not None:
            ends = (100 * found["low"], 100 * found["high"])
            axes.plot(ends, (row, row), color=colour, linewidth=1.8)
    _label_rows(axes, [f"{pair['a']} − {pair['b']}" for pair in pairs])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))


def _label_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [shorten(name, MAX_LABEL_COLUMNS) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)


def draw_learning_curves(results: Results) -> Figure:
    """Draw loss (left) and accuracy (right) by epoch: means over seeds, bands of 95 % intervals.

    On validation images; on the training images where a side has none of the former. Two seeds give
    no band.
    """
    sides = results["sides"]
    curves = [run["curves"] for side in sides for run in side["runs"]]
    has_validation = bool(curves) and all(c["validation_accuracy"][0] is not None for c in curves)
    kind = "validation" if has_validation else "train"
    title = "validation" if has_validation else "training"
    with house_style():
        figure = new_figure(3.8)
        left, right = figure.subplots(1, 2)
        _draw_curves(left, sides, f"{kind}_loss", f"Loss, {title} (nats)")
        _draw_curves(right, sides, f"{kind}_accuracy", f"Accuracy, {title}")
        _finish_curves(left, right, results["target"]["validation_accuracy"], curves, kind)
        figure.legend(
            *left.get_legend_handles_labels(), loc="outside lower center", ncols=min(4, len(sides))
        )
    figure.set_label(
        f"Learning curves on {title} images by epoch, means over seeds with 95 % bands: "
        + ", ".join(side["name"] for side in sides)
        + "."
    )
    return figure


def draw_gradients(gradients: Results) -> Figure:
    """Draw the size of each layer's gradient before training, from the input to the output.

    Geometric means over the seeds, on a logarithmic axis.

    Args:
        gradients: side → what ``first_gradients`` returns.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    with house_style():
        figure = new_figure(3.6)
        axes = figure.subplots()
        clear_frame(axes, grid="y")
        axes.set_title("Root mean square of the gradient before training")
        axes.set_xlabel("layer with weights, from the input to the output")
        for index, (name, found) in enumerate(gradients.items()):
            means = geometric_means(found["sizes"])
            label = shorten(name, MAX_LABEL_COLUMNS)
            axes.plot(
                range(1, len(means) + 1),
                means,
                marker="o",
                markersize=4,
                label=label,
                **_style(index),
            )
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0e}"))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
        figure.legend(loc="outside lower center", ncols=min(4, len(gradients)))
    figure.set_label(f"Size of each layer's gradient before training: {', '.join(gradients)}.")
    return figure


def _draw_curves(axes: Axes, sides: Sequence[Results], name: str, title: str) -> None:
    clear_frame(axes, grid="y")
    axes.set_title(title)
    axes.set_xlabel("epoch")
    for index, side in enumerate(sides):
        curves = [run["curves"][name] for run in side["runs"]]
        if not curves or any(value is None for curve in curves for value in curve):
            continue
        style = _style(index)
        means = mean_curve(curves)
        epochs = range(1, len(means) + 1)
        marker = "o" if len(means) == 1 else None
        label = shorten(side["name"], MAX_LABEL_COLUMNS)
        values = [mean.value for mean in means]
        axes.plot(epochs, values, linewidth=1.8, label=label, marker=marker, **style)
        if len(curves) >= MIN_SEEDS_FOR_BAND:
            low, high = zip(*(_interval(mean) for mean in means), strict=True)
            axes.fill_between(epochs, low, high, color=style["color"], alpha=0.18, linewidth=0)


def _interval(mean: Estimate) -> tuple[float, float]:
    return mean.interval() or (mean.value, mean.value)


def _finish_curves(
    loss_axes: Axes,
    accuracy_axes: Axes,
    target: float | None,
    curves: Sequence[Results],
    kind: str,
) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axes in (loss_axes, accuracy_axes):
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    losses = [value for curve in curves for value in curve[f"{kind}_loss"]]
    accuracies = [value for curve in curves for value in curve[f"{kind}_accuracy"]]
    if losses and min(losses) > 0:
        loss_axes.set_yscale("log")
        loss_axes.set_ylim(0.9 * min(losses), 1.1 * max(losses))
        loss_axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        loss_axes.yaxis.set_minor_formatter(FuncFormatter(_few_minor_labels))
    if accuracies:
        low, high = min(accuracies), max(accuracies)
        margin = 0.05 * (high - low) or 0.01
        accuracy_axes.set_ylim(max(0.0, low - margin), min(1.0, high + margin))
    if target is not None and kind == "validation":
        accuracy_axes.axhline(target, color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
    accuracy_axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))


def _few_minor_labels(value: float, _: int) -> str:
    """Label 2 and 5 between powers of ten."""
    digit = f"{value:.0e}"[0]
    return f"{value:g}" if digit in "25" else ""


def _style(index: int) -> dict[str, Any]:
    return {"color": _colour(index), "linestyle": LINES[index // len(COLOURS) % len(LINES)]}


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]
