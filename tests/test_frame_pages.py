"""Digits of MNIST on large pages, as photographed, come out as MNIST shows them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from scipy import ndimage
from torch import Tensor

from thumbnet.datasets.mnist import load_mnist
from thumbnet.frame import MnistFrame

NUM_PAGES = 40
LIGHT, DARK = 225, 30


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    """uint8 ``(40, 28, 28)``, MNIST's own that are of one piece: a stray dot is left out, rightly.

    The rest shows how exact the frame is.
    """
    whole = [
        picture
        for picture in load_mnist("train").images[:60, 0].numpy()
        if ndimage.label(picture > 60, np.ones((3, 3)))[1] == 1
    ]
    return np.stack(whole[:NUM_PAGES])


def centred(digit: np.ndarray) -> np.ndarray:
    """Return a digit with its centre of mass exactly in the middle, where MNIST rounds it."""
    centre = np.array(ndimage.center_of_mass(digit)) + 0.5
    return ndimage.shift(digit.astype(float), 14 - centre, order=1)


def page(
    digit: np.ndarray,
    rng: np.random.Generator,
    *,
    shading: float = 0.0,
    noise: float = 0.0,
    num_specks: int = 0,
) -> np.ndarray:
    """Return uint8 ``(H, W)``: the digit, enlarged, somewhere on a light page, dark."""
    height, width = rng.integers(200, 400, 2)
    size = int(rng.integers(60, 160))
    top, left = rng.integers(0, height - size), rng.integers(0, width - size)
    ink = np.zeros((height, width))
    enlarged = Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC)
    ink[top : top + size, left : left + size] = np.asarray(enlarged) / 255
    for row, column in rng.integers(0, [height - 2, width - 2], (num_specks, 2)):
        ink[row : row + 2, column : column + 2] = 1
    slope = np.add.outer(np.linspace(0, 1, height), np.linspace(0, 1, width)) / 2
    shown = (LIGHT - shading * slope) * (1 - ink) + DARK * ink + rng.normal(0, noise, ink.shape)
    return shown.round().clip(0, 255).astype(np.uint8)


def framed(grey: np.ndarray) -> np.ndarray:
    """Return one grey picture in the frame, float ``(28, 28)``."""
    result: Tensor = MnistFrame()(torch.from_numpy(grey.copy())[None])[0, 0]
    return result.numpy()


CONDITIONS = {
    "clean": {},
    "shaded": {"shading": 60.0},
    "grainy": {"shading": 40.0, "noise": 3.0},
    "specks": {"shading": 40.0, "noise": 2.0, "num_specks": 5},
}


@pytest.mark.parametrize("is_light", [False, True], ids=["dark", "light"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_digit_on_a_page_comes_out_as_mnists(
    digits: np.ndarray, condition: str, is_light: bool
) -> None:
    rng = np.random.default_rng(0)
    differences, sides, centres = [], [], []
    for digit in digits:
        picture = page(digit, rng, **CONDITIONS[condition])
        found = framed(255 - picture if is_light else picture)
        differences.append(np.abs(found - centred(digit)).mean())
        rows, columns = np.nonzero(found > 60)
        sides.append(max(np.ptp(rows), np.ptp(columns)) + 1)
        centres.append(np.abs(np.array(ndimage.center_of_mass(found)) + 0.5 - 14).max())
    # Of 255; a digit has a mean of 33, so that another digit differs by about 50.
    assert np.mean(differences) < 7
    assert max(differences) < 25
    assert min(sides) >= 18
    assert max(sides) <= 22
    assert max(centres) < 1.5


def test_inverted_mnist_gives_nearly_the_same(digits: np.ndarray) -> None:
    found = np.stack([framed(255 - digit) for digit in digits])
    expected = np.stack([centred(digit) for digit in digits])
    assert np.abs(found - expected).mean() < 6
    both = zip(found, expected, strict=True)
    assert min(np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in both) > 0.9


def test_pencil_is_as_good_as_ink(digits: np.ndarray) -> None:
    # A fifth of the contrast, at sizes where a pixel of the frame is no whole number of pixels.
    for index, digit in enumerate(digits[:12]):
        size = 40 + 4 * index
        enlarged = np.asarray(Image.fromarray(digit).resize((size, size))) / 255
        ink = np.pad(enlarged, ((10, 130 - size), (12, 128 - size)))
        dark, faint = (
            framed((220 - contrast * ink).round().astype(np.uint8)) for contrast in (180, 40)
        )
        assert np.abs(dark - faint).mean() < 8


def test_mirrored_polarity_is_found_alike(digits: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    for digit in digits[:10]:
        picture = page(digit, rng)
        assert np.abs(framed(picture) - framed(255 - picture)).max() < 12


def test_place_and_size_on_the_page_do_not_matter(digits: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    first, second = (
        np.stack([framed(page(digit, rng)) for digit in digits[:15]]) for _ in range(2)
    )
    assert np.abs(first - second).mean() < 5


def line(width: int) -> np.ndarray:
    """Return a zigzag of strokes ``width`` px wide, 160 px high, black on white."""
    image = Image.new("L", (240, 240), 255)
    points = [(60, 40), (180, 40), (70, 200), (180, 200)]
    ImageDraw.Draw(image).line(points, fill=0, width=width, joint="curve")
    return np.asarray(image)


def test_thin_pen_and_thick_brush_are_evened() -> None:
    thin, usual, thick = (framed(line(width)).sum() for width in (4, 14, 44))
    drawn = [(line(width) < 128).sum() for width in (4, 14, 44)]
    assert usual / thin < 0.7 * drawn[1] / drawn[0]
    assert thick / usual < 0.7 * drawn[2] / drawn[1]


def test_thin_pen_is_not_lost() -> None:
    found = framed(line(1))
    assert (found > 60).sum() > 40
    assert ndimage.label(found > 60, np.ones((3, 3)))[1] == 1


def test_far_dot_is_left_and_near_one_belongs_to_the_glyph(digits: np.ndarray) -> None:
    plain = page(digits[0], np.random.default_rng(3))
    rows, columns = np.nonzero(plain < 100)
    dotted = plain.copy()
    corner = (
        slice(0, 6) if rows.min() > 100 else slice(-6, None),
        slice(0, 6) if columns.min() > 100 else slice(-6, None),
    )
    dotted[corner] = DARK
    np.testing.assert_allclose(framed(dotted), framed(plain), rtol=0, atol=25)
    near = np.full((200, 200), LIGHT, np.uint8)
    near[100:160, 90:110] = DARK
    alone = framed(near)
    near[75:90, 92:108] = DARK
    assert np.abs(framed(near) - alone).mean() > 5
