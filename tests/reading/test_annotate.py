"""What is drawn, where, in which colour; and that the picture itself is not touched."""

from __future__ import annotations

import numpy as np
import pytest

from stand_in_readings import make_digit, make_reading
from thumbnet.errors import ImageError
from thumbnet.reading.annotate import annotate

BLUE, ORANGE, RED = (0, 114, 178), (230, 159, 0), (213, 94, 0)
WHITE = np.full((240, 320, 1), 255, np.uint8)


def count(drawn: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((drawn == colour).all(2).sum())


@pytest.mark.parametrize(
    ("digit", "colour"),
    [
        (make_digit(), BLUE),
        (make_digit(probability=0.6), ORANGE),
        (make_digit(diagnosis=("touching",)), ORANGE),
        (make_digit("?", label="7", probability=0.4), RED),
        (make_digit("?", label="7", probability=0.99), RED),
    ],
    ids=["certain", "improbable", "diagnosed", "refused", "refused-though-probable"],
)
def test_colour_says_how_certain_a_digit_is(digit: object, colour: tuple[int, int, int]) -> None:
    drawn = annotate(WHITE, make_reading([digit]))
    assert count(drawn, colour) > 100
    assert [c for c in (BLUE, ORANGE, RED) if count(drawn, c)] == [colour]


def edge(digit: object) -> list[bool]:
    """Return which pixels of the line left of the box, which nothing else covers, are drawn."""
    drawn = annotate(WHITE, make_reading([digit]))
    return list((drawn[60:110, 19] != 255).any(1))


def test_line_says_it_without_colour() -> None:
    certain, doubtful, refused = (
        edge(digit)
        for digit in (make_digit(), make_digit(probability=0.5), make_digit("?", label="7"))
    )
    assert all(certain)
    assert 0.5 < np.mean(doubtful) < 0.8
    assert 0.2 < np.mean(refused) < 0.5


def test_nothing_is_drawn_inside_of_a_box() -> None:
    drawn = annotate(
        WHITE, make_reading([make_digit(), make_digit("?", (60, 60, 90, 110), label="1")])
    )
    assert (drawn[60:110, 20:50] == 255).all()
    assert (drawn[60:110, 60:90] == 255).all()


@pytest.mark.parametrize(
    ("top", "rows"), [(60, slice(0, 59)), (0, slice(51, 240))], ids=["above", "below"]
)
def test_label_is_above_its_box_or_below_where_none_fits(top: int, rows: slice) -> None:
    drawn = annotate(WHITE, make_reading([make_digit(box=(20, top, 50, top + 50))]))
    assert count(drawn[rows], BLUE) > 100


@pytest.mark.parametrize("box", [(0, 0, 30, 240), (300, 100, 320, 140), (0, 200, 5, 240)])
def test_label_at_the_edge_stays_in_the_picture(box: tuple[int, int, int, int]) -> None:
    drawn = annotate(WHITE, make_reading([make_digit(box=box)]))
    assert count(drawn, BLUE) > 100


def test_label_grows_with_the_digits() -> None:
    def label_pixels(height: int) -> int:
        picture = np.full((2000, 2000, 1), 255, np.uint8)
        digit = make_digit(box=(900, 900, 900 + height // 2, 900 + height))
        drawn = annotate(picture, make_reading([digit], size=(2000, 2000)))
        return count(drawn[: 900 - height // 10], BLUE)

    assert label_pixels(200) > 3 * label_pixels(100) > 9 * label_pixels(50) > 0


def test_probability_is_never_said_to_be_all() -> None:
    sure, almost = (
        annotate(WHITE, make_reading([make_digit(probability=p)])) for p in (1.0, 0.991)
    )
    assert np.array_equal(sure, almost)


@pytest.mark.parametrize("channels", [1, 3])
def test_picture_is_copied_and_its_pixels_stay(channels: int) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (240, 320, channels), np.uint8)
    before = picture.copy()
    drawn = annotate(picture, make_reading())
    assert (drawn.dtype, drawn.shape) == (np.uint8, (240, 320, 3))
    assert (drawn == picture).all()
    drawn[:] = 0
    assert np.array_equal(picture, before)


@pytest.mark.parametrize(
    "picture",
    [WHITE[:-1], WHITE[:, :, 0], WHITE.astype(np.float32), np.zeros((240, 320, 4), np.uint8)],
    ids=["other-size", "no-channel", "floats", "rgba"],
)
def test_another_picture_is_refused(picture: np.ndarray) -> None:
    with pytest.raises(ImageError, match=r"not the picture.*\n.*\n.*uint8 \(240, 320, 1 or 3\)"):
        annotate(picture, make_reading())
