"""The figure of ``scaling.py``: time, memory and batch size, three panels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, GREY, ORANGE = "#3155a6", "#8a8a8a", "#c8641b"


def draw_scaling(result: dict[str, Any], path: Path) -> None:
    """Write the figure as SVG, the same bytes for the same result."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": "thumbnet", "font.size": 9}):
        figure = Figure(figsize=(10.5, 3.3), layout="constrained")
        time_axes, memory_axes, batch_axes = figure.subplots(1, 3)
        images = [point for point in result["points"] if point["kind"] == "images"]
        _draw_time(time_axes, images)
        _draw_memory(memory_axes, images)
        _draw_batches(batch_axes, result["points"])
        for axes in (time_axes, memory_axes, batch_axes):
            axes.spines[["top", "right"]].set_visible(False)
            axes.minorticks_off()
        figure.savefig(path, format="svg", metadata={"Date": None})


def _draw_time(axes: Axes, points: list[dict[str, Any]]) -> None:
    axes.set_title("Seconds for an epoch", loc="left")
    sizes, times = [point["num_images"] for point in points], [point["epoch_s"] for point in points]
    axes.loglog(sizes, times, color=BLUE)
    for point in points:
        fill = "white" if point["extrapolated"] else BLUE
        axes.plot(point["num_images"], point["epoch_s"], "o", color=BLUE, markerfacecolor=fill)
        axes.annotate(
            f"{point['epoch_s']:.3g} s",
            (point["num_images"], point["epoch_s"]),
            xytext=(-6, 5),
            textcoords="offset points",
            ha="right",
        )
    axes.margins(x=0.25, y=0.15)
    axes.set_xlabel("images (hollow: computed from part of an epoch)")


def _draw_memory(axes: Axes, points: list[dict[str, Any]]) -> None:
    axes.set_title("Peak memory in MiB", loc="left")
    sizes = [point["num_images"] for point in points]
    lines = {
        "allowed": ("expected_bytes", ORANGE, "--", (0, 7)),
        "measured": ("measured_bytes", BLUE, "o-", (0, -15)),
        "the images": ("dataset_bytes", GREY, ":", (0, -13)),
    }
    for label, (key, colour, style, offset) in lines.items():
        values = [point[key] / 2**20 for point in points]
        axes.loglog(sizes, values, style, color=colour)
        # Where the lines are apart: at the smallest size.
        axes.annotate(
            label, (sizes[0], values[0]), xytext=offset, textcoords="offset points", color=colour
        )
    axes.margins(x=0.1, y=0.2)
    axes.set_xlabel("images")


def _draw_batches(axes: Axes, points: list[dict[str, Any]]) -> None:
    axes.set_title("Images per second", loc="left")
    batches = [point for point in points if point["kind"] == "batch_size"]
    sizes = [point["batch_size"] for point in batches]
    axes.semilogx(sizes, [point["images_per_s"] for point in batches], "o-", color=BLUE, base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    last = batches[-1]
    axes.annotate(
        f"{last['threads']} threads",
        (last["batch_size"], last["images_per_s"]),
        xytext=(0, -16),
        textcoords="offset points",
        color=BLUE,
        ha="right",
    )
    for point in points:
        if point["kind"] == "threads" and point["threads"] == 1:
            place = (point["batch_size"], point["images_per_s"])
            axes.plot(*place, "s", color=ORANGE)
            axes.annotate(
                "1 thread", place, xytext=(7, -3), textcoords="offset points", color=ORANGE
            )
    axes.set_ylim(bottom=0)
    axes.margins(y=0.15)
    axes.set_xlabel("batch size")
