"""How a photo was read, as one page that needs nothing else: every stage, then every digit."""

from __future__ import annotations

import base64
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

from thumbnet.languages import check_language
from thumbnet.reading.annotate import annotate
from thumbnet.reading.diagnosis import describe
from thumbnet.reading.explain_words import STAGES, STYLE, WORDS
from thumbnet.reading.result import Digit, Reading

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from thumbnet.reading.reader import Stages

MAX_DIGITS = 300
"""More are not shown, so that the page stays below 3 MB: one takes about 2 kB."""

_MAX_SIDE_PX = 1000
_PICTURES_BYTES = 1_500_000
_JPEG_QUALITIES = (85, 60)


def explain_page(
    picture: np.ndarray, reading: Reading, stages: Stages, language: str = "en"
) -> str:
    """Return a page of HTML, below 3 MB, with its pictures in it and without scripts.

    Args:
        picture: uint8 ``(H, W, 1 or 3)``, upright, as ``decode_image`` returns it.
        reading: of this picture.
        stages: what ``Reader.read_stages`` returned with it. A stage that has no words here is
            shown by its code.
        language: ``"en"`` or ``"zh"``.

    Raises:
        ThumbnetError: there is no page in this language.
        ImageError: the picture is not the one that was read.
    """
    check_language(language)
    words = WORDS[language]
    num_bytes = _PICTURES_BYTES // (len(stages.pictures) + 1)
    drawn = _picture(annotate(picture, reading), reading.text, num_bytes)
    steps = [_stage(code, pixels, language, num_bytes) for code, pixels in stages.pictures]
    return f"""<!doctype html>
<html lang="{"zh-CN" if language == "zh" else language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{words["title"]}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{words["title"]}</h1>
<p class="text">{escape(reading.text).replace(chr(10), "<br>") or words["nothing"]}</p>
{_doubts(reading.diagnosis, language)}
<figure>{drawn}<figcaption>{words["legend"]}</figcaption></figure>
<h2>{words["stages"]}</h2>
<div class="grid">
{chr(10).join(steps)}
</div>
{_digits(reading, language)}
</body>
</html>
"""


def _stage(code: str, pixels: np.ndarray, language: str, num_bytes: int) -> str:
    name, sentence = STAGES.get(code, {}).get(language, (code, ""))
    return (
        f"<figure>{_picture(pixels, name, num_bytes)}"
        f"<figcaption><strong>{escape(name)}</strong> {sentence}</figcaption></figure>"
    )


def _digits(reading: Reading, language: str) -> str:
    words = WORDS[language]
    placed = [
        (words["line"].format(line=row, digit=column), digit)
        for row, line in enumerate(reading.lines, start=1)
        for column, digit in enumerate(line.digits, start=1)
    ]
    if not placed:
        return ""
    articles = [_digit(place, digit, language) for place, digit in placed[:MAX_DIGITS]]
    more = ""
    if len(placed) > MAX_DIGITS:
        more = f"<p>{words['more'].format(shown=MAX_DIGITS, total=len(placed))}</p>"
    grid = "\n".join(articles)
    return f'<h2>{words["digits"]}</h2>\n{more}\n<div class="grid">\n{grid}\n</div>'


def _digit(place: str, digit: Digit, language: str) -> str:
    words = WORDS[language]
    seen = _data_address(_png(digit.seen), "png")
    rows = "".join(
        f'<tr><th>{escape(name)}</th><td class="bar"><i style="width:{share:.1%}"></i></td>'
        f"<td>{share:.1%}</td></tr>"
        for name, share in digit.probabilities.items()
    )
    others = ", ".join(f"{escape(name)} ({share:.0%})" for name, share in digit.alternatives)
    notes = [f"<p>{words['score']}: {digit.score:.1%}</p>"]
    if digit.text != digit.label:
        notes.insert(0, f"<p>{words['refused'].format(label=escape(digit.label))}</p>")
    if others:
        notes.append(f"<p>{words['instead']}: {others}</p>")
    return (
        f"<article><h3>{escape(digit.text)} · {place}</h3>"
        f'<div class="pair"><img src="{seen}" alt="{words["seen"]}" width="140" height="140">'
        f"<table>{rows}</table></div>{''.join(notes)}{_doubts(digit.diagnosis, language)}</article>"
    )


def _doubts(codes: tuple[str, ...], language: str) -> str:
    return "".join(f'<p class="doubt">{escape(describe(code, language))}</p>' for code in codes)


def _picture(pixels: np.ndarray, name: str, num_bytes: int) -> str:
    """Return an ``img`` of uint8 ``(H, W)`` or ``(H, W, 1 or 3)``, in at most ``num_bytes``."""
    from PIL.Image import fromarray

    is_grey = pixels.ndim == 2 or pixels.shape[2] == 1
    image = fromarray(pixels.reshape(pixels.shape[:2]) if is_grey else pixels)
    image.thumbnail((_MAX_SIDE_PX, _MAX_SIDE_PX))
    address = _encode(image, num_bytes * 3 // 4)
    return (
        f'<img src="{address}" alt="{escape(name)}" width="{image.width}" height="{image.height}">'
    )


def _encode(image: Image, num_bytes: int) -> str:
    """Return a picture as exactly as ``num_bytes`` allow: PNG, JPEG, or a smaller JPEG."""
    content = _encoded(image, "PNG")
    if len(content) <= num_bytes:
        return _data_address(content, "png")
    while True:
        for quality in _JPEG_QUALITIES:
            content = _encoded(image, "JPEG", quality=quality)
            if len(content) <= num_bytes:
                return _data_address(content, "jpeg")
        image = image.reduce(2)


def _png(pixels: np.ndarray) -> bytes:
    from PIL.Image import fromarray

    return _encoded(fromarray(pixels), "PNG")


def _encoded(image: Image, form: str, **options: int) -> bytes:
    content = BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def _data_address(content: bytes, form: str) -> str:
    return f"data:image/{form};base64,{base64.b64encode(content).decode('ascii')}"
