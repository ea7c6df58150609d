"""Printed letters in the fonts that Matplotlib and Pillow ship: some to fit with, others to test.

Two fonts of one family may stand on different sides (DejaVu Serif upright and italic), but no file
does, and a family's italic is another drawing.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from thumbnet.datasets.negative_letters import DIGIT_LOOKALIKES
from thumbnet.datasets.negative_pen import CANVAS_PX, MARGIN_PX, SIZE_PX, finish
from thumbnet.errors import DataError

FIT_FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    *("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique"),
    *("DejaVuSansMono-BoldOblique", "DejaVuSerif", "DejaVuSerif-Bold"),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic"),
    *("cmr10", "cmti10", "cmtt10", "cmmi10"),
)
PILLOW_FONT = "Pillow's default"
TEST_FONTS = (
    *("DejaVuSerif-Italic", "DejaVuSerif-BoldItalic", "STIXGeneralBolIta"),
    *("cmss10", "cmb10", PILLOW_FONT),
)
LETTERS = "".join(
    letter
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    if letter not in DIGIT_LOOKALIKES
)
# Signs that some font draws like a digit are left out too: Greek ο ι σ δ θ φ ζ ξ ς β ε γ τ ρ and
# their capitals where alike, Cyrillic О З Э Ч Б І Ф б з д, and §.
SYMBOLS = "&@#?!+=%$€£ΓΔΛΠΣΨΩαηλμπψωГДЖИЛПЦШЩЮЯжклмпцшщюя"

_GLYPH_PX = 96
# The Computer Modern files keep other signs where the symbols should be.
_LETTERS_ONLY = frozenset({"cmr10", "cmti10", "cmtt10", "cmmi10", "cmss10", "cmb10", PILLOW_FONT})
_SYMBOL_SHARE = 0.3


def fit_letter(rng: np.random.Generator) -> np.ndarray:
    """Print a letter or symbol in one of ``FIT_FONTS``: uint8 ``(64, 64)``, white on black."""
    return _print_one_of(FIT_FONTS, rng)


def held_back_letter(rng: np.random.Generator) -> np.ndarray:
    """Print a letter or symbol in one of ``TEST_FONTS``: uint8 ``(64, 64)``, white on black."""
    return _print_one_of(TEST_FONTS, rng)


def font_path(name: str) -> Path:
    """Return the file of one of Matplotlib's fonts.

    Raises:
        DataError: this installation of Matplotlib has no such font.
    """
    from matplotlib import get_data_path

    path = Path(get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    if not path.is_file():
        raise DataError(
            "Matplotlib was installed without one of its fonts",
            got=path,
            fix="pip install --force-reinstall matplotlib",
        )
    return path


def _print_one_of(fonts: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    font = fonts[rng.integers(len(fonts))]
    symbolic = font not in _LETTERS_ONLY and rng.random() < _SYMBOL_SHARE
    characters = SYMBOLS if symbolic else LETTERS
    return print_character((font,), characters[rng.integers(len(characters))], rng)


def print_character(fonts: tuple[str, ...], character: str, rng: np.random.Generator) -> np.ndarray:
    """Print one character in one of ``fonts``: uint8 ``(64, 64)``, white on black."""
    font = fonts[rng.integers(len(fonts))] if len(fonts) > 1 else fonts[0]
    glyph = _glyph(font, character)
    return finish(_change_weight(_place(glyph, rng), rng), rng)


@lru_cache(maxsize=64)
def _font(name: str) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if name == PILLOW_FONT:
        return ImageFont.load_default(_GLYPH_PX)
    return ImageFont.truetype(str(font_path(name)), _GLYPH_PX)


@lru_cache(maxsize=2048)
def _glyph(name: str, character: str) -> Image.Image:
    """Return one character, cut to its ink."""
    font = _font(name)
    left, top, right, bottom = (round(value) for value in font.getbbox(character))
    image = Image.new("L", (right - left + 8, bottom - top + 8))
    ImageDraw.Draw(image).text((4 - left, 4 - top), character, fill=255, font=font)
    return image.crop(image.getbbox())


def _place(glyph: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Turn, slant, stretch and scale a glyph onto a canvas, wholly within the margin."""
    angle = math.radians(rng.uniform(-15, 15))
    slant = rng.normal(0, 0.12)
    stretch = math.exp(rng.normal(0, 0.12))
    cos, sin = math.cos(angle), math.sin(angle)
    forward = np.array([[cos, -sin], [sin, cos]]) @ [[stretch, -slant], [0.0, 1 / stretch]]
    half = np.array([glyph.width, glyph.height]) / 2
    extent = 2 * np.abs(forward) @ half
    room = CANVAS_PX * (1 - 2 * MARGIN_PX / SIZE_PX)
    # One pixel of 64 is kept for the weight, which may grow by that much.
    size = room * rng.uniform(0.55, 1.0) - 2 * CANVAS_PX / SIZE_PX
    forward = forward * (size / extent.max())
    extent = extent * (size / extent.max())
    free = (CANVAS_PX - room) / 2 + (room - extent) * rng.random(2)
    centre = free + extent / 2
    inverse = np.linalg.inv(forward)
    offset = half - inverse @ centre
    (a, b), (d, e) = inverse.tolist()
    return glyph.transform(
        (CANVAS_PX, CANVAS_PX),
        Image.Transform.AFFINE,
        (a, b, float(offset[0]), d, e, float(offset[1])),
        Image.Resampling.BILINEAR,
    )


def _change_weight(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Thicken or thin the strokes by up to about 1 pixel of 128, in two of three pictures."""
    if rng.random() < 1 / 3:
        return image
    # A rank filter costs five times as much as blurring and moving the edge's threshold.
    threshold = rng.uniform(60, 190)
    ramp = [min(max(round((value - threshold) * 4 + 128), 0), 255) for value in range(256)]
    return image.filter(ImageFilter.BoxBlur(1)).point(ramp)
