"""Fitting pictures to a model's input, and the order of their names."""

from __future__ import annotations

import functools
import itertools
import random
import re

import numpy as np
import pytest
import torch
import torchvision.transforms.v2.functional as reference
from PIL import Image

from encoded_pictures import GREY, LARGE_RGB, RGB
from thumbnet.errors import ImageError
from thumbnet.images import fit_image, natural_key


@pytest.mark.parametrize("size_px", [1, 3, 28, 64])
@pytest.mark.parametrize("found", [1, 3])
def test_fitting_is_what_torchvision_does(found: int, size_px: int) -> None:
    pixels = LARGE_RGB[:, :, :found]
    image = Image.fromarray(pixels[:, :, 0] if found == 1 else pixels)
    resized = reference.resize(image, [size_px, size_px])
    expected = reference.pil_to_tensor(resized)
    assert torch.equal(torch.from_numpy(fit_image(pixels, found, size_px)), expected)


def test_the_right_size_is_not_touched() -> None:
    square = LARGE_RGB[:40, :40]
    assert np.array_equal(fit_image(square, 3, 40), square.transpose(2, 0, 1))


def test_colour_becomes_grey_by_luma() -> None:
    luma = np.rint(LARGE_RGB[:40, :40] @ np.array([0.299, 0.587, 0.114]))
    assert np.abs(fit_image(LARGE_RGB[:40, :40], 1, 40)[0] - luma).max() <= 1


def test_grey_becomes_three_equal_channels() -> None:
    fitted = fit_image(LARGE_RGB[:, :, :1], 3, 9)
    assert fitted.shape == (3, 9, 9)
    assert np.array_equal(fitted, fit_image(LARGE_RGB[:, :, :1], 1, 9).repeat(3, axis=0))


@pytest.mark.parametrize(
    "pixels", [RGB.astype(np.float32), GREY, np.zeros((2, 2, 4), dtype=np.uint8)]
)
def test_fitting_refuses_other_pixels(pixels: np.ndarray) -> None:
    with pytest.raises(ImageError, match=r"expected: uint8 \(H, W, 1 or 3\)"):
        fit_image(pixels, 3, 8)


@pytest.mark.parametrize(("channels", "size_px"), [(2, 8), (3, 0)])
def test_fitting_refuses_other_forms(channels: int, size_px: int) -> None:
    with pytest.raises(ImageError, match=f"{channels} channels, {size_px} pixels"):
        fit_image(RGB, channels, size_px)


def compare_naturally(one: str, other: str) -> int:
    """Compare character by character: an independent statement of natural order."""
    left, right = one.casefold(), other.casefold()
    while left and right:
        numbers = re.match("[0-9]+", left), re.match("[0-9]+", right)
        if numbers[0] and numbers[1]:
            values = int(numbers[0][0]), int(numbers[1][0])
            if values[0] != values[1]:
                return -1 if values[0] < values[1] else 1
            left, right = left[numbers[0].end() :], right[numbers[1].end() :]
        elif left[0] != right[0]:
            # A word that ends here, before a number, comes before a word that goes on.
            if numbers[0] or numbers[1]:
                return -1 if numbers[0] else 1
            return -1 if left[0] < right[0] else 1
        else:
            left, right = left[1:], right[1:]
    if left or right:
        return -1 if right else 1
    return (one > other) - (one < other)


def test_natural_order_agrees_with_a_comparison_by_hand() -> None:
    dice = random.Random(0)
    names = {"".join(dice.choices("aAb019 _-.é", k=dice.randint(0, 6))) for _ in range(400)}
    names = {name for name in names if not re.search(r"(?<![0-9])0", name)}
    expected = sorted(names, key=functools.cmp_to_key(compare_naturally))
    assert sorted(names, key=natural_key) == expected


def test_natural_order_counts() -> None:
    names = ["x10", "X9", "x1", "x2", "10", "9", "x", "b", "A"]
    assert sorted(names, key=natural_key) == ["9", "10", "A", "b", "x", "x1", "x2", "X9", "x10"]


def test_natural_order_is_total_and_takes_numbers_of_any_length() -> None:
    names = ["a1", "a01", "A1", "a" + "9" * 5000, "a" + "1" * 5000, "a²"]
    for order in itertools.islice(itertools.permutations(names), 0, 720, 60):
        assert sorted(order, key=natural_key) == sorted(names, key=natural_key)
    assert len({str(natural_key(name)) for name in names}) == len(names)
