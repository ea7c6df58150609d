"""The confusion table as a figure in which a single mistake is still seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from thumbnet.errors import DataError
from thumbnet.evaluation.canvas import (
    BLUE,
    INK,
    ORANGE,
    PAPER,
    RULE,
    house_style,
    new_figure,
    shorten,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# Beyond this a number in a cell is too small to read at 800 px.
_MAX_NUMBERED_CLASSES = 20


def draw_confusion(confusion: Sequence[Sequence[int]], class_names: Sequence[str]) -> Figure:
    """Draw how often each true class (row) is predicted as each class (column).

    Right predictions are blue and mistakes orange, both darker with the logarithm of the count, so
    that one mistake among a thousand hits is still seen. Up to 20 classes have their counts written
    in the cells.

    Raises:
        DataError: the table is not K×K for K names.
    """
    counts = np.asarray(confusion)
    num_classes = len(class_names)
    if counts.shape != (num_classes, num_classes) or num_classes == 0:
        raise DataError(
            "a confusion table does not fit its class names",
            got=f"a table of shape {counts.shape} and {num_classes} names",
            expected="K rows and K columns for K names, K at least 1",
        )
    is_numbered = num_classes <= _MAX_NUMBERED_CLASSES
    with house_style():
        figure = new_figure(6.4 if is_numbered else 7.2)
        axes = figure.subplots()
        shades = np.log1p(counts) / np.log1p(max(int(counts.max()), 1))
        axes.imshow(_confusion_colours(counts, shades), interpolation="nearest")
        _label_classes(axes, class_names)
        if is_numbered:
            _write_counts(axes, counts, shades)
        axes.set_title("Predicted classes of each true class")
    num_images, num_right = int(counts.sum()), int(counts.trace())
    figure.set_label(
        f"Confusion table of {num_classes} classes: {num_right} of {num_images} images are "
        f"right{_describe_commonest_mistake(counts, class_names)}."
    )
    return figure


def _confusion_colours(
    counts: NDArray[np.int64], shades: NDArray[np.float64]
) -> NDArray[np.float64]:
    from matplotlib.colors import to_rgb

    is_right = np.eye(len(counts), dtype=bool)[:, :, None]
    full = np.where(is_right, to_rgb(BLUE), to_rgb(ORANGE))
    # A single image must differ from none, so a filled cell starts at a visible tint.
    strength = np.where(counts > 0, 0.08 + 0.92 * shades, 0.0)[:, :, None]
    return np.asarray(np.array(to_rgb(PAPER)) * (1 - strength) + full * strength)


def _label_classes(axes: Axes, class_names: Sequence[str]) -> None:
    num_classes = len(class_names)
    step = -(-num_classes // 34)
    places = range(0, num_classes, step)
    names = [shorten(class_names[place], 16) for place in places]
    is_upright = max(map(len, names)) <= 2
    axes.set_xticks(places, names, rotation=0 if is_upright else 90)
    axes.set_yticks(places, names)
    axes.tick_params(length=0, pad=4, labelsize=10 if num_classes <= 12 else 7, labelcolor=INK)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.spines[:].set_color(RULE)
    # Lines between the cells, drawn as the grid of the minor ticks that lie on the borders.
    axes.set_xticks(np.arange(0.5, num_classes - 1), minor=True)
    axes.set_yticks(np.arange(0.5, num_classes - 1), minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="minor", linewidth=0.8 if num_classes <= _MAX_NUMBERED_CLASSES else 0.3)
    axes.set_axisbelow(False)


def _write_counts(axes: Axes, counts: NDArray[np.int64], shades: NDArray[np.float64]) -> None:
    size = 10 if len(counts) <= 12 else 7
    for row, column in np.argwhere(counts > 0):
        colour = PAPER if shades[row, column] > 0.8 else INK
        axes.text(
            column,
            row,
            f"{counts[row, column]}",
            color=colour,
            fontsize=size,
            ha="center",
            va="center",
            weight="bold" if row == column else "normal",
        )


def _describe_commonest_mistake(counts: NDArray[np.int64], class_names: Sequence[str]) -> str:
    mistakes = counts.copy()
    np.fill_diagonal(mistakes, 0)
    if not mistakes.any():
        return ", none is wrong"
    true, predicted = divmod(int(mistakes.argmax()), len(mistakes))
    return (
        f"; the commonest mistake is {class_names[true]} taken for {class_names[predicted]} "
        f"({mistakes[true, predicted]} times)"
    )
