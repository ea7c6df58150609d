"""A reading drawn into its picture: a box around each digit, its value and how certain it is."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from thumbnet.errors import ImageError
from thumbnet.reading.result import UNSURE, Box, Digit, Reading

if TYPE_CHECKING:
    import numpy as np
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

CERTAIN = 0.9
"""A digit of at least this probability, without a diagnosis, is drawn as certain."""

_SMALLEST_FONT_PX = 8
_FONT_OF_BOX, _FONT_OF_PICTURE = 0.3, 0.04

_Colour = tuple[int, int, int]


@dataclass(frozen=True)
class _Style:
    """How a digit is drawn: ``dash`` and ``gap`` in line widths, no dash for a solid line."""

    colour: _Colour
    text_colour: _Colour
    dash: int = 0
    gap: int = 0


# Colours that colour-blind people tell apart (Okabe and Ito, "Color Universal Design", 2008); the
# line says the same once more.
_SURE = _Style((0, 114, 178), (255, 255, 255))
_DOUBTFUL = _Style((230, 159, 0), (0, 0, 0), dash=5, gap=3)
_REFUSED = _Style((213, 94, 0), (255, 255, 255), dash=1, gap=2)


def annotate(picture: np.ndarray, reading: Reading) -> np.ndarray:
    """Draw a reading into its picture.

    A certain digit has a solid blue box, a doubtful one a dashed orange box, and one that is shown
    as ``?`` a dotted red box. The probability is rounded down, so that nothing claims 100 %.

    Args:
        picture: uint8 ``(H, W, 1 or 3)``, upright, as ``decode_image`` returns it.
        reading: of this picture.

    Returns:
        uint8 ``(H, W, 3)``, a copy.

    Raises:
        ImageError: the picture is of another form or size than the one that was read.
    """
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    _check(picture, reading)
    grey = picture.shape[2] == 1
    image = Image.fromarray(picture[:, :, 0] if grey else picture).convert("RGB")
    draw = ImageDraw.Draw(image)
    digits = [digit for line in reading.lines for digit in line.digits]
    font_px = _font_px(digits, max(image.size))
    font = ImageFont.load_default(font_px)
    width_px = max(1, round(font_px / 8))
    for digit in digits:
        _draw_box(draw, digit.box, _style(digit), width_px)
    for digit in digits:
        _draw_label(draw, digit, font, width_px)
    return np.array(image)


def _check(picture: np.ndarray, reading: Reading) -> None:
    right_form = picture.dtype == "uint8" and picture.ndim == 3 and picture.shape[2] in (1, 3)
    if not right_form or picture.shape[:2] != (reading.height, reading.width):
        raise ImageError(
            "this is not the picture that was read",
            got=f"{picture.dtype} {picture.shape}",
            expected=f"uint8 ({reading.height}, {reading.width}, 1 or 3)",
        )


def _style(digit: Digit) -> _Style:
    if digit.text == UNSURE:
        return _REFUSED
    is_certain = digit.probability >= CERTAIN and not digit.diagnosis
    return _SURE if is_certain else _DOUBTFUL


def _font_px(digits: list[Digit], longest_px: int) -> int:
    """Return a height of letters of which a label is about as wide as a digit."""
    heights = [digit.box.bottom - digit.box.top for digit in digits]
    wanted = _FONT_OF_BOX * statistics.median(heights) if heights else 0
    return max(_SMALLEST_FONT_PX, round(min(wanted, _FONT_OF_PICTURE * longest_px)))


def _draw_box(draw: ImageDraw, box: Box, style: _Style, width_px: int) -> None:
    """Draw a frame just outside ``box``, clockwise, so that no ink is covered."""
    left, top = box.left - width_px, box.top - width_px
    right, bottom = box.right + width_px - 1, box.bottom + width_px - 1
    if not style.dash:
        draw.rectangle((left, top, right, bottom), outline=style.colour, width=width_px)
        return
    length, step = style.dash * width_px, (style.dash + style.gap) * width_px
    for x in range(left, right + 1, step):
        end = min(x + length - 1, right)
        draw.rectangle((x, top, end, top + width_px - 1), fill=style.colour)
        draw.rectangle((x, bottom - width_px + 1, end, bottom), fill=style.colour)
    for y in range(top, bottom + 1, step):
        end = min(y + length - 1, bottom)
        draw.rectangle((left, y, left + width_px - 1, end), fill=style.colour)
        draw.rectangle((right - width_px + 1, y, right, end), fill=style.colour)


def _draw_label(
    draw: ImageDraw, digit: Digit, font: FreeTypeFont | ImageFont, width_px: int
) -> None:
    """Write the digit and its percentage on a plate above its box, or below where none fits."""
    style = _style(digit)
    text = f"{digit.text}\n{min(99, int(100 * digit.probability))}%"
    left, top, right, bottom = draw.multiline_textbbox((0, 0), text, font, align="center")
    width, height = right - left + 2 * width_px, bottom - top + 2 * width_px
    picture_width, picture_height = draw.im.size
    middle = (digit.box.left + digit.box.right) / 2
    x = min(max(0, middle - width / 2), max(0, picture_width - width))
    y: float = digit.box.top - width_px - height
    if y < 0:
        y = max(0, min(digit.box.bottom + width_px, picture_height - height))
    draw.rectangle((x, y, x + width - 1, y + height - 1), fill=style.colour)
    place = (x + width_px - left, y + width_px - top)
    draw.multiline_text(place, text, style.text_colour, font, align="center")
