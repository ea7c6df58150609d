from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from thumbnet.evaluation.thumbnails import map_limit, overlay, thumbnail_uri, to_pixels

BLUE, ORANGE = [0x00, 0x72, 0xB2], [0xD5, 0x5E, 0x00]


def decoded(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


@pytest.mark.parametrize("shape", [(28, 28), (9, 14), (32, 32, 3)])
def test_small_pictures_are_exact(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    uri = thumbnail_uri(pixels)
    assert uri.startswith("data:image/png;base64,")
    assert np.array_equal(np.asarray(decoded(uri)), pixels)
    assert uri == thumbnail_uri(pixels.copy())


def test_large_pictures_become_small_jpegs() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    uri = thumbnail_uri(pixels)
    assert uri.startswith("data:image/jpeg;base64,")
    assert len(uri) < 9000
    assert decoded(uri).size == (43, 64)


def test_tensor_becomes_rows_of_pixels() -> None:
    grey = torch.arange(6, dtype=torch.uint8).reshape(1, 2, 3)
    assert np.array_equal(to_pixels(grey), grey[0].numpy())
    colour = torch.arange(12, dtype=torch.uint8).reshape(3, 2, 2)
    assert to_pixels(colour)[1, 0].tolist() == [2, 6, 10]


def test_map_is_blue_above_zero_orange_below_and_nothing_at_zero() -> None:
    white = np.full((1, 5), 255, np.uint8)
    values = np.array([[2.0, 8.0, -2.0, 0.0, 1.0]])
    laid = overlay(white, values, 2.0, background=200)
    assert laid.dtype == np.uint8
    assert laid[0, :4].tolist() == [BLUE, BLUE, ORANGE, [255, 255, 255]]
    half = [round((255 + part) / 2) for part in BLUE]
    assert np.abs(laid[0, 4].astype(int) - half).max() <= 1


@pytest.mark.parametrize(("background", "ink"), [(0, 255), (255, 0)])
def test_ink_is_dark_on_light_whichever_it_was(background: int, ink: int) -> None:
    pixels = np.array([[background, ink]], np.uint8)
    laid = overlay(pixels, np.zeros((1, 2)), 1.0, background)
    assert laid[0, 0].tolist() == [255, 255, 255]
    assert 120 < laid[0, 1, 0] < 200


def test_colours_below_a_map_are_grey() -> None:
    pixels = np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8)
    laid = overlay(pixels, np.zeros((1, 2)), 1.0, background=128)
    assert [len(set(pixel)) for pixel in laid[0].tolist()] == [1, 1]
    assert laid[0, 0, 0] < laid[0, 1, 0]


def test_map_of_zeros_has_no_colour() -> None:
    zeros = np.zeros((2, 2))
    assert map_limit(zeros) == 0
    assert (overlay(np.zeros((2, 2), np.uint8), zeros, map_limit(zeros), 0) == 255).all()


def test_full_colour_is_reached_by_the_largest_few_of_all_maps() -> None:
    first, second = np.linspace(0, 1, 1000), np.linspace(0, -2, 1000)
    limit = map_limit(first.reshape(20, 50), second.reshape(50, 20))
    assert limit == pytest.approx(np.quantile(np.abs([*first, *second]), 0.995))
    one = np.zeros((28, 28))
    one[3, 3] = -4.0
    assert map_limit(one) == 4.0
