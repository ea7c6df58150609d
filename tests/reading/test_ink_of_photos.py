"""From a photo to ink: polarity, paper, threshold, rulings."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from written import write_rows

from thumbnet.reading.ink import find_ink
from thumbnet.reading.paper import estimate_paper, ink_contrast
from thumbnet.reading.picture import open_picture, stroke_shares
from thumbnet.reading.rulings import find_rulings, remove_frame


def ink_of(pixels: np.ndarray) -> np.ndarray:
    picture = open_picture(pixels)
    return find_ink(ink_contrast(picture, estimate_paper(picture)), picture.window_px)[0]


def full(ink: np.ndarray) -> np.ndarray:
    """Return the contrast of ink that is all alike."""
    return ink.astype(np.float32)


@pytest.mark.parametrize("size_px", [24, 56, 140])
def test_ink_is_darker_than_the_paper_or_lighter(size_px: int) -> None:
    pixels = write_rows(["203", "785"], size_px=size_px)
    assert not open_picture(pixels).was_light
    assert open_picture(255 - pixels).was_light


def test_the_edge_of_a_sheet_does_not_decide_the_polarity() -> None:
    pixels = write_rows(["203", "785"])
    on_desk = np.pad(pixels, 80, constant_values=30)
    assert not open_picture(on_desk).was_light


def test_an_even_picture_has_no_strokes() -> None:
    dark, light = stroke_shares(np.full((50, 70), 128, np.uint8))
    assert max(dark + light) == 0


def test_the_ink_is_that_of_the_even_light_under_any_light() -> None:
    pixels = write_rows(["20384"])
    even = ink_of(pixels)
    height, width = pixels.shape
    light = np.linspace(0.35, 1.0, width)[None] * np.linspace(1.0, 0.7, height)[:, None]
    uneven = ink_of((pixels * light).astype(np.uint8))
    assert (even ^ uneven).sum() < 0.05 * even.sum()
    truth = pixels < 138
    assert (even & truth).sum() > 0.95 * truth.sum()


def test_pale_rules_beside_a_pen_are_no_ink() -> None:
    pixels = write_rows(["20384"])
    ruled = pixels.copy()
    ruled[::30] = np.minimum(ruled[::30], 190)
    assert (ink_of(ruled) & ~ink_of(pixels)).sum() < 0.1 * ink_of(pixels).sum()


def test_a_ruling_is_removed_and_the_stroke_across_it_is_not() -> None:
    ink = np.zeros((300, 800), bool)
    ink[150:153] = True
    ink[100:200, 400:410] = True
    lines = find_rulings(ink, full(ink))
    rest = ink & ~lines
    assert lines[150:153, :390].all()
    assert rest[100:200, 402:408].all()
    assert not rest[150:153, :390].any()


def test_a_tilted_ruling_is_removed() -> None:
    ink = np.zeros((300, 800), bool)
    columns = np.arange(800)
    rows = (120 + columns * np.tan(np.radians(4))).astype(int)
    for offset in range(3):
        ink[rows + offset, columns] = True
    rest = ink & ~find_rulings(ink, full(ink))
    assert rest.sum() < 0.05 * ink.sum()


def test_a_stroke_that_runs_along_a_pale_ruling_stays() -> None:
    ink = np.zeros((300, 800), bool)
    ink[150:153] = True
    contrast = 0.25 * full(ink)
    contrast[150:153, 400:440] = 0.6
    # Another line that crosses it is darker there, too, but not for long.
    contrast[150:153, 200:204] = 0.6
    lines = find_rulings(ink, contrast)
    assert not lines[150:153, 400:440].any()
    assert lines[150:153, :400].all()


def test_a_ruling_is_found_under_the_digits_that_stand_on_it() -> None:
    ink = np.zeros((300, 800), bool)
    columns = np.arange(800)
    rows = (150 + columns * np.tan(np.radians(2))).astype(int)
    for offset in range(2):
        ink[rows + offset, columns] = True
    # The thin lower ends of round digits, which the line links.
    for left in range(30, 750, 45):
        for column in range(left, left + 36):
            below = rows[column] - 4 - (column - left - 18) ** 2 // 20
            ink[below : rows[column] - 1, column] |= np.arange(rows[column] - 1 - below) < 3
    lines = find_rulings(ink, full(ink))
    on_line = np.zeros_like(ink)
    on_line[rows, columns] = True
    assert (lines & on_line).sum() > 0.9 * on_line.sum()


@pytest.mark.parametrize("thickness_px", [4, 8])
def test_bars_of_digits_in_a_row_are_no_ruling(thickness_px: int) -> None:
    ink = np.zeros((300, 600), bool)
    for left in range(40, 560, 32):
        # The bars of 7, and their stems.
        ink[100 : 100 + thickness_px, left : left + 25] = True
        ink[100:140, left + 25 - thickness_px // 2 : left + 25] = True
    assert not find_rulings(ink, full(ink)).any()


def test_a_bold_line_goes_and_the_digits_on_it_stay() -> None:
    ink = np.zeros((300, 600), bool)
    ink[150:159, 20:580] = True
    for left in range(40, 560, 64):
        ink[100:150, left : left + 8] = True
    lines = find_rulings(ink, full(ink))
    assert lines[150:159, 20:580].all()
    assert not lines[:149].any()


def test_a_bar_beside_the_side_of_a_box_stays() -> None:
    piece = np.zeros((100, 90), bool)
    piece[:3] = piece[-3:] = piece[:, :3] = piece[:, -3:] = True
    piece[3:9, 15:75] = True  # the bar of a 7 that touches the upper side
    piece[9:80, 60:67] = True
    inside = remove_frame(piece, full(piece))
    assert inside is not None
    assert inside[4:9, 20:55].all()
    assert not inside[-3:, 10:80].any()


def test_a_thin_one_is_no_ruling() -> None:
    ink = np.zeros((800, 800), bool)
    ink[300:440, 400:403] = True
    lines = find_rulings(ink, full(ink))
    rest = ink & ~lines
    assert (rest == ink).all()
    assert not lines.any()


def test_a_box_is_removed_and_what_is_in_it_is_not() -> None:
    piece = np.zeros((100, 240), bool)
    piece[:4] = piece[-4:] = piece[:, :4] = piece[:, -4:] = piece[:, 118:122] = True
    piece[30:100, 50:58] = True
    inside = remove_frame(piece, full(piece))
    assert inside is not None
    assert inside[30:90, 50:58].all()
    assert inside.sum() < 1.3 * 70 * 8


def test_a_round_zero_is_no_box() -> None:
    down, right = np.mgrid[:100, :80] + 0.5
    distance = np.hypot((down - 50) / 50, (right - 40) / 40)
    ring = (distance < 1) & (distance > 0.8)
    assert remove_frame(ring, full(ring)) is None


@pytest.mark.parametrize("width_px", [16, 25, 32])
def test_a_drawing_with_a_thick_pen_is_not_taken_for_light_on_dark(width_px: int) -> None:
    image = Image.new("L", (336, 336), 255)
    points = [(114, 67), (222, 67), (161, 155), (228, 215), (168, 269), (107, 249)]
    ImageDraw.Draw(image).line(points, fill=0, width=width_px, joint="curve")
    drawing = open_picture(np.asarray(image.filter(ImageFilter.GaussianBlur(0.7))))
    # Where that is not certain, both are read.
    assert not (drawing.was_light and drawing.is_certain)
    assert drawing.window_px > width_px
