"""An explanation as one picture: what the network saw, and below each other both methods."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from thumbnet.evaluation.canvas import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    RULE,
    WIDTH_INCHES,
    house_style,
    new_figure,
    shorten,
)
from thumbnet.inspection.explanation_words import (
    WORDS,
    describe_classes,
    describe_evidence,
    describe_refusal,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from thumbnet.inspection.explanation import Explanation
    from thumbnet.inspection.explanation_page import MethodMaps

_HEIGHT = 6.0
_SIDE, _GAP, _MARGIN = 1.78, 0.18, 0.17  # inches, of the pictures
_TOPS = (0.78, 3.35)  # of the two rows of pictures, below the figure's top


def draw_explanation(
    explanation: Explanation,
    methods: Sequence[MethodMaps],
    name: str = "",
    language: str = "en",
) -> Figure:
    """Draw an explanation.

    Args:
        explanation: what ``explain_picture`` found.
        methods: its maps, one of each of the two methods.
        name: of the picture, for those who cannot see it.
        language: ``"en"`` or ``"zh"``.
    """
    words = WORDS[language]
    answer, other = describe_classes(explanation, language)
    evidence = describe_evidence(explanation, language)
    title = words["title"].format(label=explanation.prediction.label, other=explanation.other)
    with house_style():
        figure = new_figure(_HEIGHT, layout=None)
        _write(figure, 0.2, shorten(title, 70), fontsize=12, weight="bold")
        seen = _picture(figure, 0, _TOPS[0], words["seen"])
        seen.imshow(explanation.seen, cmap="gray", vmin=0, vmax=255)
        _write(figure, _TOPS[1], shorten(answer, 18), fontsize=13, weight="bold")
        _write(figure, _TOPS[1] + 0.3, shorten(other, 26))
        _write(figure, _TOPS[1] + 0.6, _wrapped(describe_refusal(explanation, language), 28))
        _write(figure, _TOPS[1] + 1.3, _wrapped(words["legend"], 28))
        _write(figure, _HEIGHT - 0.5, _wrapped(evidence, 116))
        for top, method in zip(_TOPS, methods, strict=True):
            for column, (pixels, caption) in enumerate(
                zip(method.overlays, method.captions, strict=True), start=1
            ):
                heading = f"{method.name}\n{shorten(caption, 28)}"
                _picture(figure, column, top, heading).imshow(pixels)
            _draw_ramp(figure, top + _SIDE + 0.18, method.limit)
    figure.set_label(f"{name}: {evidence}" if name else evidence)
    return figure


def _picture(figure: Figure, column: int, top: float, heading: str) -> Axes:
    left = _MARGIN + column * (_SIDE + _GAP)
    axes = figure.add_axes(_placed(left, top, _SIDE, _SIDE))
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(RULE)
    axes.set_title(heading, fontsize=8.5, weight="normal", pad=5)
    return axes


def _placed(
    left: float, top: float, width: float, height: float
) -> tuple[float, float, float, float]:
    """Return a rectangle in inches from the upper left as the figure's fractions."""
    bottom = (_HEIGHT - top - height) / _HEIGHT
    return left / WIDTH_INCHES, bottom, width / WIDTH_INCHES, height / _HEIGHT


def _write(figure: Figure, down: float, text: str, **style: Any) -> None:
    style = {"fontsize": 8.5, "color": INK, "va": "top", "linespacing": 1.4, **style}
    figure.text(_MARGIN / WIDTH_INCHES, 1 - down / _HEIGHT, text, **style)


def _draw_ramp(figure: Figure, down: float, limit: float) -> None:
    """Draw the scale of colours below the three maps of a row."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("evidence", [ORANGE, PAPER, BLUE])
    left = _MARGIN + 2 * (_SIDE + _GAP)
    axes = figure.add_axes(_placed(left, down, _SIDE, 0.09))
    axes.imshow([[step / 100 for step in range(101)]], cmap=colours, aspect="auto")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(RULE)
    for place, text in ((-0.03, f"−{limit:.2g}"), (1.03, f"+{limit:.2g}")):
        side = "right" if place < 0 else "left"
        axes.text(place, 0.5, text, transform=axes.transAxes, ha=side, va="center", color=MUTED)


def _wrapped(text: str, width: int) -> str:
    """Break a text into lines; a Chinese character is as wide as two others."""
    return textwrap.fill(text, width if text.isascii() else width // 2)
