"""An explanation as a page, or as a picture, that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from thumbnet.errors import OutputError
from thumbnet.evaluation.canvas import has_chinese_font, save_figure
from thumbnet.evaluation.pages import render_page
from thumbnet.evaluation.thumbnails import map_limit, overlay, thumbnail_uri
from thumbnet.files import write_atomically
from thumbnet.inspection.explanation import Explanation
from thumbnet.inspection.explanation_figure import draw_explanation
from thumbnet.inspection.explanation_words import (
    WORDS,
    describe_classes,
    describe_evidence,
    describe_refusal,
)
from thumbnet.languages import check_language

SUFFIXES = (".html", ".png")


class MethodMaps(NamedTuple):
    """The maps of one method, laid over the picture.

    Attributes:
        name: of the method.
        text: how it works, and how exact it was.
        captions: of the three maps: for the answer, for the other class, for the one rather than
            the other.
        overlays: the maps, uint8 ``(H, W, 3)``.
        limit: what has the full colour.
    """

    name: str
    text: str
    captions: list[str]
    overlays: list[NDArray[np.uint8]]
    limit: float


def check_explanation_path(path: Path) -> None:
    """Raise ``OutputError`` unless an explanation can be written as ``path`` says."""
    if path.suffix.lower() not in SUFFIXES or path.is_dir():
        raise OutputError(
            "the explanation cannot be written as this",
            got=path,
            expected=f"a {' or '.join(SUFFIXES)} file",
        )


def write_explanation(
    explanation: Explanation, path: Path, *, name: str = "", language: str = "en"
) -> None:
    """Write a page (``.html``) or a picture (``.png``); equal arguments give equal bytes.

    Args:
        explanation: what ``explain_picture`` found.
        path: the file; its suffix says the form.
        name: of the picture, shown above.
        language: ``"en"`` or ``"zh"``. A picture is in English where no Chinese font is installed.

    Raises:
        OutputError: the suffix is another one, or the file cannot be written.
        ThumbnetError: there are no words in this language.
    """
    check_explanation_path(path)
    check_language(language)
    if path.suffix.lower() != ".png":
        write_atomically(path, _page(explanation, name, language))
        return
    if not has_chinese_font():
        language = "en"
    methods = method_maps(explanation, language)
    save_figure(draw_explanation(explanation, methods, name, language), path)


def _page(explanation: Explanation, name: str, language: str) -> str:
    prediction, words = explanation.prediction, WORDS[language]
    answer, other = describe_classes(explanation, language)
    methods = method_maps(explanation, language)
    return render_page(
        "inspection/explanation.html.jinja",
        language="zh-CN" if language == "zh" else language,
        words=words,
        name=name,
        title=words["title"].format(label=prediction.label, other=explanation.other),
        answer=answer,
        other=other,
        refusal=describe_refusal(explanation, language),
        evidence=describe_evidence(explanation, language),
        seen=thumbnail_uri(explanation.seen),
        methods=[
            {
                "name": method.name,
                "text": method.text,
                "limit": f"{method.limit:.2g}",
                "maps": [
                    {"uri": thumbnail_uri(pixels), "caption": caption}
                    for pixels, caption in zip(method.overlays, method.captions, strict=True)
                ],
            }
            for method in methods
        ],
        care=_care(explanation, language),
    )


def method_maps(explanation: Explanation, language: str = "en") -> list[MethodMaps]:
    """Return the maps of both methods, each with its own scale of colours."""
    maps, words = explanation.maps, WORDS[language]
    names = {"label": explanation.prediction.label, "other": explanation.other}
    captions = [
        words["for"].format(name=names["label"]),
        words["for"].format(name=names["other"]),
        words["rather"].format(name=names["label"], other=names["other"]),
    ]
    total = float(maps.gradients[0, 0].sum() - maps.gradients[1, 0].sum())
    texts = {
        "occlusion": words["occlusion_text"].format(window=maps.window_px),
        "gradients": words["gradients_text"].format(
            **names,
            sum=f"{total:.2f}",
            due=f"{total - explanation.completeness_error:.2f}",
            steps=maps.num_steps,
        ),
    }
    pairs = {"occlusion": maps.occlusion[:, 0], "gradients": maps.gradients[:, 0]}
    return [
        MethodMaps(words[key], texts[key], captions, *_overlays(explanation, pairs[key]))
        for key in texts
    ]


def _overlays(explanation: Explanation, pair: Tensor) -> tuple[list[NDArray[np.uint8]], float]:
    values = [each.numpy() for each in (pair[0], pair[1], pair[0] - pair[1])]
    limit = map_limit(*values)
    background = float(explanation.maps.empty[0].mean())
    return [overlay(explanation.seen, each, limit, background) for each in values], limit


def _care(explanation: Explanation, language: str) -> list[str]:
    words = WORDS[language]
    colour = ", ".join(f"{value:.0f}" for value in explanation.maps.empty[0].tolist())
    black = explanation.is_white_ink
    empty = words["empty_black"] if black else words["empty_colour"].format(colour=colour)
    return [words["care_text"], words["logit_text"], words["empty_text"].format(empty=empty)]
