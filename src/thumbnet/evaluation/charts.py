"""Line and bar charts: learning curves of a run, reliability of its probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thumbnet.errors import DataError
from thumbnet.evaluation.calibration import ReliabilityBin
from thumbnet.evaluation.canvas import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    clear_frame,
    house_style,
    new_figure,
)
from thumbnet.evaluation.metrics import wilson_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter
    from numpy.typing import NDArray

# Beyond this an SVG path of every batch loss makes a report heavy; the line becomes a picture.
_MAX_VECTOR_POINTS = 2000


def draw_curves(history: Mapping[str, Any]) -> Figure:
    """Draw loss (left) and accuracy (right) over the epochs of a run.

    Args:
        history: ``steps`` (one int for each batch, from 1), ``batch_losses`` (nats, as many),
            ``steps_per_epoch`` and ``epochs``, one dict each with ``epoch`` (from 1),
            ``train_loss``, ``train_accuracy`` and, possibly ``None``, ``validation_loss`` and
            ``validation_accuracy``; accuracies are fractions.

    Raises:
        DataError: a key is missing, or there are not as many losses as steps.
    """
    missing = {"steps", "batch_losses", "steps_per_epoch", "epochs"} - set(history)
    if missing or len(history["steps"]) != len(history["batch_losses"]):
        raise DataError(
            "a training history cannot be drawn",
            got=f"no {', '.join(sorted(missing))}"
            if missing
            else f"{len(history['steps'])} steps, {len(history['batch_losses'])} batch losses",
            expected="steps, batch_losses (as many), steps_per_epoch and epochs",
        )
    with house_style():
        figure = new_figure(3.5)
        loss_axes, accuracy_axes = figure.subplots(1, 2)
        _draw_losses(loss_axes, history)
        _draw_accuracies(accuracy_axes, history["epochs"])
        num_epochs = max(1.0, _last(history["steps"], 0) / history["steps_per_epoch"])
        for axes in (loss_axes, accuracy_axes):
            _tick_epochs(axes, max(num_epochs, len(history["epochs"])))
    figure.set_label(_describe_curves(history["epochs"]))
    return figure


def _last(values: Sequence[Any], default: float) -> float:
    return float(values[-1]) if len(values) else default


def _series(epochs: Sequence[Mapping[str, Any]], key: str) -> tuple[list[int], list[float]]:
    rows = [(row["epoch"], row[key]) for row in epochs if row.get(key) is not None]
    return [epoch for epoch, _ in rows], [value for _, value in rows]


def _draw_losses(axes: Axes, history: Mapping[str, Any]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    losses = np.asarray(history["batch_losses"], dtype=np.float64)
    epochs = np.asarray(history["steps"], dtype=np.float64) / history["steps_per_epoch"]
    clear_frame(axes, grid="y")
    axes.set_title("Loss (nats)")
    axes.plot(
        epochs,
        losses,
        color=BLUE,
        alpha=0.25,
        linewidth=0.6,
        label="training, each batch",
        rasterized=len(losses) > _MAX_VECTOR_POINTS,
    )
    thinned = slice(None, None, max(1, len(losses) // 500))
    axes.plot(
        epochs[thinned],
        _running_mean(losses, max(1, len(losses) // 50))[thinned],
        color=BLUE,
        linewidth=1.8,
        label="training, running mean",
    )
    _plot_validation(axes, *_series(history["epochs"], "validation_loss"))
    if (losses > 0).any():
        # Most of a run happens below a tenth of the first loss, where a linear axis is flat.
        axes.set_yscale("log", nonpositive="mask")
        is_wide = losses.max() > 30 * losses[losses > 0].min()
        subs = (1.0,) if is_wide else (1.0, 2.0, 5.0)
        axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=12))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    if len(losses):
        axes.legend(loc="upper right")


def _running_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the mean of the last ``window`` values at each place, of fewer at the start."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def _draw_accuracies(axes: Axes, epochs: Sequence[Mapping[str, Any]]) -> None:
    from matplotlib.ticker import MaxNLocator

    clear_frame(axes, grid="y")
    axes.set_title("Accuracy")
    train_epochs, train = _series(epochs, "train_accuracy")
    axes.plot(
        train_epochs,
        train,
        color=BLUE,
        linewidth=1.8,
        marker="o",
        markersize=4,
        label="training, while learning",
    )
    validation_epochs, validation = _series(epochs, "validation_accuracy")
    _plot_validation(axes, validation_epochs, validation)
    values = train + validation
    axes.set_ylim(*_accuracy_limits(values) if values else (0, 1))
    if values:
        axes.legend(loc="lower right")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(_percent_formatter())


def _accuracy_limits(values: Sequence[float]) -> tuple[float, float]:
    """Show all values, unless a poor first epoch would squeeze the ones that matter."""
    best, worst = max(values), min(values)
    span = min(max(best - worst, 0.01), max(10 * (1 - best), 0.02))
    return max(0.0, best - 1.15 * span), min(best + 0.1 * span, 1.0 + 0.02 * span)


def _plot_validation(axes: Axes, epochs: Sequence[int], values: Sequence[float]) -> None:
    if values:
        axes.plot(
            epochs,
            values,
            color=ORANGE,
            linewidth=1.8,
            marker="s",
            markersize=4,
            label="validation",
            clip_on=True,
        )


def _tick_epochs(axes: Axes, num_epochs: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("epoch")
    axes.set_xlim(0, num_epochs * 1.03)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, steps=[1, 2, 5, 10]))


def _describe_curves(epochs: Sequence[Mapping[str, Any]]) -> str:
    if not epochs:
        return "Learning curves of a run without a finished epoch."
    last = epochs[-1]
    text = (
        f"Learning curves over {len(epochs)} epochs. In the last one the training loss is "
        f"{last['train_loss']:.4g} and the training accuracy {100 * last['train_accuracy']:.2f} %"
    )
    if last.get("validation_accuracy") is not None:
        text += f", the validation accuracy {100 * last['validation_accuracy']:.2f} %"
    return text + "."


def draw_reliability(bins: Sequence[ReliabilityBin], ece: float) -> Figure:
    """Draw accuracy against confidence, and below it how many images have each confidence.

    The whiskers are 95 % Wilson intervals: a bin of few images says little.

    Args:
        bins: what :func:`thumbnet.evaluation.calibration.reliability_bins` gives.
        ece: their expected calibration error, a fraction.
    """
    with house_style():
        figure = new_figure(4.8)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        filled = [each for each in bins if each.num_images]
        _draw_bin_accuracies(upper, filled, ece)
        _draw_bin_sizes(lower, filled)
    figure.set_label(
        f"Reliability diagram of {sum(each.num_images for each in bins):,} images; "
        f"the expected calibration error is {100 * ece:.2f} %."
    )
    return figure


def _draw_bin_accuracies(axes: Axes, filled: Sequence[ReliabilityBin], ece: float) -> None:
    clear_frame(axes, grid="y")
    axes.set_title(f"Accuracy by confidence: expected calibration error {100 * ece:.2f} %")
    for each in filled:
        accuracy = each.accuracy or 0.0
        interval = wilson_interval(round(accuracy * each.num_images), each.num_images)
        middle = (each.low + each.high) / 2
        axes.bar(middle, accuracy, 0.9 * (each.high - each.low), color=BLUE)
        axes.plot((middle, middle), interval, color=INK, linewidth=1.2)
    axes.plot(
        (0, 1),
        (0, 1),
        color=ORANGE,
        linewidth=1.4,
        linestyle=(0, (4, 3)),
        label="as right as confident",
    )
    axes.legend(loc="upper left")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(_percent_formatter())


def _draw_bin_sizes(axes: Axes, filled: Sequence[ReliabilityBin]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    clear_frame(axes, grid="y")
    axes.set_title("Images")
    for each in filled:
        middle = (each.low + each.high) / 2
        axes.bar(middle, each.num_images, 0.9 * (each.high - each.low), color=MUTED)
    # Nearly all images have the highest confidence: only a log scale shows the others at all.
    axes.set_yscale("log")
    axes.set_ylim(0.7, 2 * max([1, *(each.num_images for each in filled)]))
    axes.yaxis.set_major_locator(LogLocator(numticks=4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(_percent_formatter())
    axes.set_xlabel("confidence")


def draw_coverage(curve: Sequence[Mapping[str, float]], answered: float) -> Figure:
    """Draw the error among the answered images against how many of them are answered.

    Args:
        curve: what :func:`thumbnet.evaluation.refusal.coverage_curve` gives.
        answered: the share of the images, in [0, 1], that the model does not refuse; it is marked.
    """
    coverages = [point["coverage"] for point in curve]
    errors = [1 - point["accuracy"] for point in curve]
    with house_style():
        figure = new_figure(3.2)
        axes = figure.subplots()
        clear_frame(axes, grid="y")
        axes.set_title("Error among the answered images, the least certain left out first")
        axes.plot(coverages, errors, color=BLUE, linewidth=1.8)
        axes.axvline(answered, color=ORANGE, linewidth=1.4, label="answered by the model")
        axes.legend(loc="upper left")
        axes.set(xlim=(0, 1.01), ylim=(0, max(1e-3, 1.15 * max(errors))), xlabel="answered")
        axes.xaxis.set_major_formatter(_percent_formatter())
        axes.yaxis.set_major_formatter(_percent_formatter())
    figure.set_label(
        f"Error against coverage: {100 * errors[-1]:.2f} % of all images are wrong; the model "
        f"answers {100 * answered:.2f} % of them."
    )
    return figure


def _percent_formatter() -> FuncFormatter:
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: f"{100 * value:g} %")
