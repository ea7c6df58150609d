"""Framing pieces, against the frame that training uses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from written import mnist_digits

from thumbnet.frame import frame_ink, is_framed
from thumbnet.reading.glyphs import even_strokes, frame_glyph, glyph_ink, stroke_share, to_pixels
from thumbnet.reading.pieces import Piece


def piece_of(ink: np.ndarray) -> Piece:
    """Return the ink of a picture in [0, 1] as one piece."""
    mask = ink > 0.3
    down, right = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    cropped = mask[down[0] : down[-1] + 1, right[0] : right[-1] + 1]
    return Piece(int(down[0]), int(right[0]), cropped, 0.8)


def enlarged(digit: np.ndarray, factor: int = 5) -> np.ndarray:
    from PIL import Image

    side = 28 * factor
    return np.asarray(Image.fromarray(digit).resize((side, side), 3), np.float32) / 255


@pytest.mark.parametrize("digit", mnist_digits("0123456789"))
def test_it_is_nearly_what_training_sees(digit: np.ndarray) -> None:
    ink = enlarged(digit)
    found = to_pixels([frame_glyph([piece_of(ink)], ink)])[0, :, :, 0].astype(float)
    frame = frame_ink(torch.from_numpy(255 * ink)[None])[0].numpy()
    shifts = [
        np.abs(np.roll(found, (down, right), (0, 1)) - frame).mean()
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
    ]
    # The frame centres between pixels, this to the nearest.
    assert min(shifts) < 12


@pytest.mark.parametrize("digit", mnist_digits("0123456789", seed=3))
@pytest.mark.parametrize("slope", [0.0, 0.1])
def test_the_recogniser_takes_it_as_framed(digit: np.ndarray, slope: float) -> None:
    ink = enlarged(digit, 3)
    pixels = to_pixels([frame_glyph([piece_of(ink)], ink, slope)])
    grey = torch.from_numpy(pixels[..., 0])
    assert bool(is_framed(grey, grey.float()).all())


def test_what_is_beside_a_piece_is_not_in_its_glyph() -> None:
    contrast = np.full((40, 40), 0.9, np.float32)
    first = Piece(10, 10, np.ones((10, 4), bool), 0.9)
    second = Piece(10, 20, np.ones((10, 4), bool), 0.9)
    ink = glyph_ink([first, second], contrast)
    assert ink.shape == (10, 14)
    assert (ink[:, 6:9] == 0).all()
    assert (ink[:, [0, 3, 10, 13]] > 0).all()


def test_a_thin_stroke_is_thickened_and_a_thick_one_thinned() -> None:
    thin = np.zeros((28, 28), np.float32)
    thin[4:24, 14] = 1
    thick = np.zeros((28, 28), np.float32)
    thick[4:24, 4:24] = 1
    evened = even_strokes(np.stack([thin, thick]))
    assert evened[0].sum() > thin.sum()
    assert evened[1].sum() < thick.sum()
    assert stroke_share(thin) == 0
    assert stroke_share(thick) == pytest.approx(324 / 400)


def test_a_piece_without_contrast_in_a_tilted_row_is_framed_all_the_same() -> None:
    piece = Piece(5, 5, np.ones((4, 2), bool), 0.1)
    assert frame_glyph([piece], np.zeros((20, 20), np.float32), 0.2).shape == (28, 28)
