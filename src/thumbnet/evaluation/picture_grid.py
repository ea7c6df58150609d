"""Grids of labelled pictures: what a data set holds, and what a recogniser gets wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from thumbnet.errors import DataError
from thumbnet.evaluation.canvas import (
    DOTS_PER_INCH,
    MUTED,
    WIDTH_INCHES,
    house_style,
    new_figure,
    shorten,
)
from thumbnet.evaluation.checks import check_probabilities

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH_PX = round(WIDTH_INCHES * DOTS_PER_INCH)
_MARGIN_PX = 16
_GAP_PX = 14
_LINE_PX = 28
_MAX_PICTURE_PX = 320
# More would pass the height that a PNG canvas can have.
MAX_PICTURES = 1000
MAX_COLUMNS = 40
_MISTAKE_COLUMNS = 5


def draw_samples(
    images: Tensor, labels: Tensor, class_names: Sequence[str], columns: int = 10
) -> Figure:
    """Draw every picture, in order, with its class name above it.

    Args:
        images: uint8 ``(N, C, H, W)``, C is 1 (grey) or 3 (RGB).
        labels: int64 ``(N,)``.
        class_names: the name of every class, in label order.
        columns: pictures in a row, 1 to 40.

    Raises:
        DataError: no picture, more than 1000, or shapes, dtypes, labels or ``columns`` that do not
            fit.
    """
    _check_pictures(images, labels, class_names)
    _check_grid(len(images), columns)
    names = [class_names[label] for label in labels.tolist()]
    num_characters = _characters_that_fit(columns)
    figure = _draw_grid(images, [shorten(name, num_characters) for name in names], columns)
    figure.set_label(f"{len(images)} labelled pictures: {', '.join(dict.fromkeys(names))}.")
    return figure


def draw_mistakes(
    images: Tensor,
    labels: Tensor,
    probabilities: Tensor,
    class_names: Sequence[str],
    count: int = 20,
) -> Figure:
    """Draw the pictures that are predicted wrong, the most confident mistake first.

    Each is titled "true → predicted, confidence". Without a mistake the figure says so.

    Args:
        images: uint8 ``(N, C, H, W)``, C is 1 (grey) or 3 (RGB).
        labels: int64 ``(N,)``, the true classes.
        probabilities: floating point ``(N, K)``, each row a distribution.
        class_names: K names, in label order.
        count: how many mistakes at most, 1 to 1000.

    Raises:
        DataError: no picture, or shapes, dtypes, labels or ``count`` that do not fit.
        ModelError: a row of ``probabilities`` is not a distribution.
    """
    _check_pictures(images, labels, class_names)
    check_probabilities(probabilities, labels)
    if probabilities.shape[1] != len(class_names) or count < 1:
        raise DataError(
            "the mistakes cannot be drawn",
            got=f"{probabilities.shape[1]} probabilities, {len(class_names)} names, count {count}",
            expected="as many probabilities as class names, and a count of at least 1",
        )
    labels = labels.cpu()
    confidences, predictions = probabilities.cpu().double().max(dim=1)
    wrong = (predictions != labels).nonzero().flatten()
    if len(wrong) == 0:
        return _draw_no_mistakes(len(images))
    # Stable, so that equally confident mistakes keep the order of the data set.
    order = confidences[wrong].argsort(descending=True, stable=True)
    shown = wrong[order[:count]]
    _check_grid(len(shown), _MISTAKE_COLUMNS)
    rows = [
        (class_names[true], class_names[predicted], confidence)
        for true, predicted, confidence in zip(
            labels[shown].tolist(),
            predictions[shown].tolist(),
            confidences[shown].tolist(),
            strict=True,
        )
    ]
    titles = [_mistake_title(*row) for row in rows]
    figure = _draw_grid(images.cpu()[shown], titles, _MISTAKE_COLUMNS)
    figure.set_label(
        f"The {len(shown)} most confident of {len(wrong)} mistakes, true class and prediction: "
        + "; ".join(_one_line_title(*row) for row in rows)
        + "."
    )
    return figure


def _check_pictures(images: Tensor, labels: Tensor, class_names: Sequence[str]) -> None:
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
        raise DataError(
            "the pictures have the wrong form",
            got=f"{images.dtype} {tuple(images.shape)}",
            expected="torch.uint8 (N, C, H, W) with C = 1 or 3",
        )
    if len(images) == 0 or labels.shape != images.shape[:1]:
        raise DataError(
            "the labels do not fit the pictures",
            got=f"{len(images)} pictures, labels of shape {tuple(labels.shape)}",
            expected="one label for each picture, and at least one picture",
        )
    if int(labels.min()) < 0 or int(labels.max()) >= len(class_names):
        raise DataError(
            "a label names no class",
            got=f"labels from {int(labels.min())} to {int(labels.max())}",
            expected=f"0 to {len(class_names) - 1}",
        )


def _check_grid(num_pictures: int, columns: int) -> None:
    if num_pictures > MAX_PICTURES or not 1 <= columns <= MAX_COLUMNS:
        raise DataError(
            "a grid of pictures cannot be drawn",
            got=f"{num_pictures} pictures in {columns} columns",
            expected=f"at most {MAX_PICTURES} pictures in 1 to {MAX_COLUMNS} columns",
        )


def _characters_that_fit(columns: int) -> int:
    return max(2, 110 // columns)


def _percent(confidence: float) -> str:
    text = f"{100 * confidence:.1f}"
    return "> 99.9 %" if text == "100.0" else f"{text} %"


def _one_line_title(true: str, predicted: str, confidence: float) -> str:
    return f"{true} → {predicted}, {_percent(confidence)}"


def _mistake_title(true: str, predicted: str, confidence: float) -> str:
    """Break a title into two lines where the class names are too long for one."""
    title = _one_line_title(true, predicted, confidence)
    num_characters = _characters_that_fit(_MISTAKE_COLUMNS)
    if len(title) <= num_characters:
        return title
    num_for_name = num_characters - len(_percent(confidence)) - 2
    return (
        f"{shorten(true, num_characters - 2)} →\n"
        f"{shorten(predicted, num_for_name)}, {_percent(confidence)}"
    )


def _draw_grid(images: Tensor, titles: Sequence[str], columns: int) -> Figure:
    """Draw pictures with their titles above; pixels are enlarged to squares of whole dots."""
    num_pictures, _, height, width = images.shape
    cell_px = (_WIDTH_PX - 2 * _MARGIN_PX - (columns - 1) * _GAP_PX) / columns
    scale = min(cell_px / max(height, width), _MAX_PICTURE_PX / max(height, width))
    scale = float(math.floor(scale)) if scale >= 1 else scale
    title_px = max(title.count("\n") + 1 for title in titles) * _LINE_PX
    row_px = title_px + height * scale + _GAP_PX
    num_rows = math.ceil(num_pictures / columns)
    height_px = round(num_rows * row_px + 2 * _MARGIN_PX - _GAP_PX)
    # Spread the columns over the whole width, however small the pictures are.
    stride_px = cell_px + _GAP_PX
    pictures = images.cpu().permute(0, 2, 3, 1).squeeze(3).numpy()
    with house_style():
        figure = new_figure(height_px / DOTS_PER_INCH, layout=None)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        for place, (image, title) in enumerate(zip(pictures, titles, strict=True)):
            row, column = divmod(place, columns)
            middle = _MARGIN_PX + column * stride_px + cell_px / 2
            left = round(middle - width * scale / 2)
            top = round(_MARGIN_PX + row * row_px + title_px)
            axes.imshow(
                image,
                cmap="gray",
                vmin=0,
                vmax=255,
                extent=(left, left + width * scale, top + height * scale, top),
                interpolation="nearest" if scale >= 1 else "auto",
            )
            axes.text(middle, top - 6, title, fontsize=8.5, ha="center", va="bottom")
        axes.set(xlim=(0, _WIDTH_PX), ylim=(height_px, 0), aspect="auto")
    return figure


def _draw_no_mistakes(num_images: int) -> Figure:
    with house_style():
        figure = new_figure(1.4, layout=None)
        figure.text(
            0.5,
            0.5,
            f"No mistakes among {num_images:,} images.",
            color=MUTED,
            fontsize=12,
            ha="center",
            va="center",
        )
    figure.set_label(f"No mistakes among {num_images:,} images.")
    return figure
