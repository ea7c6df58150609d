"""The figure of ``docs/scale.md``: speed-up by the number of machines, from the model's result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURE = Path(__file__).parents[1] / "docs" / "images" / "communication.svg"
COLOURS = {"1 Gb/s": "#c44e52", "10 Gb/s": "#dd8452", "100 Gb/s": "#4c72b0"}
TITLES = {"strong": "same global batch", "weak": "same batch on each machine"}


def draw_communication(result: dict[str, Any]) -> Figure:
    """Return the modelled speed-ups: a column for each recipe, a band between both bounds."""
    from matplotlib.figure import Figure

    rows = result["modelled"]
    recipes = list(dict.fromkeys(row["recipe"] for row in rows))
    figure = Figure(figsize=(3.1 * len(recipes), 6.2), layout="constrained")
    axes = figure.subplots(2, len(recipes), sharex=True, sharey=True, squeeze=False)
    for column, recipe in enumerate(recipes):
        for axis, (scaling, title) in zip(axes[:, column], TITLES.items(), strict=True):
            own = [row for row in rows if row["recipe"] == recipe]
            _draw_bands(axis, own, scaling)
            axis.set_title(f"{recipe}\n{title}", fontsize=9)
    for axis in axes[:, 0]:
        axis.set_ylabel("times one machine's images/s")
    for axis in axes[1]:
        axis.set_xlabel("machines")
    axes[0, 0].legend(fontsize=8, loc="upper left")
    return figure


def _draw_bands(axis: Any, rows: list[dict[str, Any]], scaling: str) -> None:
    counts = sorted({row["machines"] for row in rows})
    axis.plot(counts, counts, color="#888888", linestyle=":", linewidth=1, label="perfect")
    for network, colour in COLOURS.items():
        bounds = [row[scaling] for row in rows if row["network"] == network]
        lowest, highest = zip(*bounds, strict=True)
        axis.fill_between(counts, lowest, highest, color=colour, alpha=0.35, linewidth=0)
        axis.plot(counts, lowest, color=colour, linewidth=1.4, label=network)
    axis.set_xscale("log", base=2)
    axis.set_yscale("log", base=2)
    axis.set_xticks(counts, [str(count) for count in counts])
    ticks = {"1/16": 1 / 16, "1/4": 1 / 4, "1": 1, "4": 4, "16": 16, "64": 64}
    axis.set_yticks(list(ticks.values()), list(ticks))
    axis.set_ylim(0.04, 80)
    axis.grid(alpha=0.3)


def write_svg(figure: Figure, path: Path = FIGURE) -> None:
    """Write the figure so that the same result gives the same file."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "thumbnet"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
