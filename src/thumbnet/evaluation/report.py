"""The report of a run: one HTML file that needs nothing else, to read, send or print."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thumbnet.evaluation.canvas import figure_as_png_data_uri, figure_as_svg_data_uri
from thumbnet.evaluation.metrics import Evaluation
from thumbnet.evaluation.pages import render_page
from thumbnet.evaluation.report_pictures import ReportPictures
from thumbnet.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The order of the figures that we know; others follow in the order given.
_CAPTIONS = {
    "curves": "Learning curves. Each thin line is one batch, the thick one their running mean.",
    "confusion": "Confusion. Rows are true classes, columns predictions; blue is right, orange is "
    "wrong, darker is more, on a logarithmic scale.",
    "reliability": "Reliability. A bar that ends on the dashed line is right as often as it says; "
    "whiskers are 95 % Wilson intervals, and the lower chart counts the images.",
    "coverage": "Coverage. How many of the answers are wrong when only the surest are given; the "
    "orange line is the model's own refusal threshold.",
    "mistakes": "The most confident mistakes: true class → prediction, confidence.",
    "samples": "Pictures of the data set with their labels.",
}


@dataclass(frozen=True)
class _ReportFigure:
    uri: str
    alt: str
    caption: str


def write_report(
    path: Path,
    *,
    title: str,
    summary: Mapping[str, Any],
    evaluation: Evaluation,
    recipe_toml: str,
    receipt: Mapping[str, Any],
    figures: Mapping[str, Figure],
    pictures: ReportPictures | None = None,
) -> None:
    """Write one self-contained HTML file; equal arguments give equal bytes.

    Args:
        path: the file to write; an old one is replaced atomically.
        title: the heading, usually the name of the run.
        summary: what stands beside the accuracy. Known keys are ``training_time_s``,
            ``num_parameters``, ``num_epochs``, ``seed`` and ``split`` (which images were evaluated,
            default ``"test"``); any other key is shown under its own name.
        evaluation: the metrics to report.
        recipe_toml: the resolved recipe, as text.
        receipt: nested dict of JSON values.
        figures: figures by name. ``curves``, ``confusion``, ``reliability``, ``coverage``,
            ``mistakes`` and ``samples`` have captions of their own, any other name is its own
            caption. The label of a figure is its alternative text.
        pictures: mistakes, examples and doubtful labels, each with its own section.

    Raises:
        OutputError: the folder does not exist or cannot be written.
    """
    html = render_page(
        "evaluation/report.html.jinja",
        title=title,
        split=summary.get("split", "test"),
        facts=_facts(summary),
        evaluation=evaluation,
        recipe_toml=recipe_toml.strip(),
        receipt_rows=_flatten(receipt),
        figures=[_embed(name, figures[name]) for name in _ordered(figures)],
        pictures=pictures or ReportPictures(),
    )
    write_atomically(Path(path), html.encode("utf-8"))


def _facts(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the label and the text of each headline fact."""
    facts = []
    for key, value in summary.items():
        if key == "training_time_s":
            facts.append(("training time", _duration(float(value))))
        elif key == "num_parameters":
            facts.append(("parameters", f"{value:,}"))
        elif key == "num_epochs":
            facts.append(("epochs", f"{value:g}"))
        elif key != "split":
            facts.append((key.replace("_", " "), str(value)))
    return facts


def _duration(time_s: float) -> str:
    if time_s < 100:
        return f"{time_s:.3g} s"
    minutes, seconds = divmod(round(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def _flatten(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return ``("hardware.cpu", "…")`` for each leaf of a nested dict, in order."""
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            rows.extend(_flatten(value, f"{prefix}{key}."))
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            rows.append((f"{prefix}{key}", text))
    return rows


def _ordered(figures: Mapping[str, Figure]) -> list[str]:
    known = [name for name in _CAPTIONS if name in figures]
    return known + [name for name in figures if name not in _CAPTIONS]


def _embed(name: str, figure: Figure) -> _ReportFigure:
    """Embed charts as SVG and figures that hold pictures as PNG, which is smaller for them."""
    has_pictures = any(axes.images for axes in figure.axes)
    return _ReportFigure(
        uri=figure_as_png_data_uri(figure) if has_pictures else figure_as_svg_data_uri(figure),
        alt=str(figure.get_label()) or name,
        caption=_CAPTIONS.get(name, name),
    )
