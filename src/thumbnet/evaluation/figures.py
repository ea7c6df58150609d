"""The figures of a run, in one place: curves, confusion, reliability, coverage, samples, mistakes.

Each ``draw_`` function returns a new ``Figure`` whose label (``figure.get_label()``) says in words
what it shows, for people who cannot see it.
"""

from thumbnet.evaluation.canvas import (
    figure_as_png_data_uri,
    figure_as_svg_data_uri,
    save_figure,
)
from thumbnet.evaluation.charts import draw_coverage, draw_curves, draw_reliability
from thumbnet.evaluation.confusion_table import draw_confusion
from thumbnet.evaluation.picture_grid import draw_mistakes, draw_samples

__all__ = [
    "draw_confusion",
    "draw_coverage",
    "draw_curves",
    "draw_mistakes",
    "draw_reliability",
    "draw_samples",
    "figure_as_png_data_uri",
    "figure_as_svg_data_uri",
    "save_figure",
]
