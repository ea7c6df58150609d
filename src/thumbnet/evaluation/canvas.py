"""The look that all figures share, and turning a figure into a file or a data URI.

Only matplotlib's object interface with the Agg canvas: no pyplot, no display, no global state that
outlives a call.
"""

from __future__ import annotations

import base64
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from thumbnet.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Blue and vermilion of Okabe and Ito (2008) stay apart for every kind of colour blindness.
BLUE = "#0072b2"
ORANGE = "#d55e00"
INK = "#1f2933"
MUTED = "#667085"
RULE = "#e4e7ec"
PAPER = "#ffffff"

WIDTH_INCHES = 8.0
DOTS_PER_INCH = 160

# Tried after DejaVu Sans for the characters that it lacks, those of them that are installed.
_FALLBACK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "Arial Unicode MS",
)


@contextmanager
def house_style() -> Iterator[None]:
    """Apply the shared look inside the ``with`` block only, both to draw and to save."""
    import matplotlib
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    settings: Any = {
        "font.family": ["DejaVu Sans", *(name for name in _FALLBACK_FONTS if name in installed)],
        "font.size": 9,
        # A class may be called "$5" or "a_b": names are text, never formulas.
        "text.parse_math": False,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": MUTED,
        "axes.labelsize": 9,
        "axes.linewidth": 0.8,
        "axes.titlecolor": INK,
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": RULE,
        "grid.linewidth": 0.8,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "figure.constrained_layout.h_pad": 0.08,
        "figure.constrained_layout.w_pad": 0.08,
        "figure.facecolor": PAPER,
        "axes.facecolor": PAPER,
        "savefig.facecolor": "auto",
        "svg.fonttype": "path",
        "svg.hashsalt": "thumbnet",
    }
    fonts = logging.getLogger("matplotlib.font_manager")
    level = fonts.level
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # Without a font for a script its characters are drawn as boxes, which is no reason to fail.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from", module=".*")
        # Nor is a font that has one weight only, which some Chinese ones have.
        fonts.setLevel(logging.ERROR)
        try:
            yield
        finally:
            fonts.setLevel(level)


def has_chinese_font() -> bool:
    """Return whether a font is installed that figures can write Chinese in."""
    from matplotlib.font_manager import fontManager

    return not set(_FALLBACK_FONTS).isdisjoint(fontManager.get_font_names())


def new_figure(height_inches: float, *, layout: str | None = "constrained") -> Figure:
    """Return an empty figure of the shared width with an Agg canvas."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_INCHES, height_inches), dpi=DOTS_PER_INCH, layout=layout)  # type: ignore[arg-type]
    FigureCanvasAgg(figure)
    return figure


def clear_frame(axes: Axes, *, grid: str | None = None) -> None:
    """Remove the top and right lines, and rule the ``"x"``, ``"y"`` or ``"both"`` axis lightly."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="both", length=0, pad=5)
    if grid is not None:
        axes.grid(axis=grid)  # type: ignore[arg-type]


def shorten(name: str, num_columns: int) -> str:
    """Return ``name`` on one line, cut off with an ellipsis if it is wider than ``num_columns``.

    A Chinese, Japanese or Korean character is two columns wide.
    """
    line = " ".join(name.split())
    widths = [2 if east_asian_width(character) in "WF" else 1 for character in line]
    if sum(widths) <= num_columns:
        return line
    kept = [end for end in range(len(line)) if sum(widths[:end]) < num_columns]
    return line[: kept[-1]] + "…"


def save_figure(figure: Figure, path: Path) -> None:
    """Write the figure to ``path``, atomically; equal figures give equal bytes.

    As SVG where the name ends so, else as PNG.

    Raises:
        OutputError: the folder does not exist or cannot be written.
    """
    write_atomically(path, _render(figure, "svg" if path.suffix == ".svg" else "png"))


def figure_as_png_data_uri(figure: Figure) -> str:
    """Return the figure as a ``data:image/png`` URI; right for figures made of pictures."""
    return _data_uri("image/png", _render(figure, "png"))


def figure_as_svg_data_uri(figure: Figure) -> str:
    """Return the figure as a ``data:image/svg+xml`` URI; right for lines and text."""
    return _data_uri("image/svg+xml", _render(figure, "svg"))


def _render(figure: Figure, file_format: str) -> bytes:
    # No date, no version of matplotlib: the bytes depend on the figure alone.
    metadata = {"Software": None} if file_format == "png" else {"Date": None, "Creator": None}
    buffer = io.BytesIO()
    with house_style():
        figure.savefig(buffer, format=file_format, dpi=DOTS_PER_INCH, metadata=metadata)
    return buffer.getvalue()


def _data_uri(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
