"""The batched transforms against slow loops, numpy, scipy and torchvision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as vision

from thumbnet import transforms

SHAPES = [(6, 1, 9, 9), (6, 3, 7, 12)]


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _pictures(shape: tuple[int, ...], seed: int = 1) -> Tensor:
    return torch.randint(0, 256, shape, generator=_generator(seed), dtype=torch.uint8)


def _blob(size_px: int) -> Tensor:
    """Return a smooth spot, far from the edges, so that no change loses any of it."""
    axis = torch.arange(size_px) - (size_px - 1) / 2
    spot = torch.exp(-(axis[:, None] ** 2 + (axis[None] - 1) ** 2) / (size_px / 4))
    return spot[None, None].expand(4, 1, -1, -1).contiguous()


def test_normalise_equals_the_formula_exactly() -> None:
    images = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    expected = (images.float() / 255 - 0.1307) / 0.3081
    result = transforms.normalise(images, 255, (0.1307,), (0.3081,))
    assert result.dtype == torch.float32
    assert torch.equal(result, expected)


def test_normalise_uses_each_channels_own_values() -> None:
    images = _pictures((2, 3, 4, 5))
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    result = transforms.normalise(images, mean=mean, std=std)
    for channel in range(3):
        expected = (images[:, channel].float() / 255 - mean[channel]) / std[channel]
        assert torch.equal(result[:, channel], expected)


def test_normalise_without_values_only_scales() -> None:
    images = _pictures((2, 1, 4, 5))
    assert torch.equal(transforms.normalise(images, 256), images.float() / 256)


def test_normalise_leaves_its_input_alone() -> None:
    images = torch.ones(1, 1, 2, 2)
    transforms.normalise(images, 2.0, (1.0,), (3.0,))
    assert torch.equal(images, torch.ones(1, 1, 2, 2))


@pytest.mark.parametrize("shape", SHAPES)
def test_flip_mirrors_exactly_the_drawn_images(shape: tuple[int, ...]) -> None:
    images = _pictures(shape)
    result = transforms.random_flip(images, _generator(0))
    drawn = (torch.rand(len(images), generator=_generator(0)) < 0.5).tolist()
    assert len(set(drawn)) == 2
    for image, changed, flip in zip(images.numpy(), result.numpy(), drawn, strict=True):
        np.testing.assert_array_equal(changed, image[:, :, ::-1] if flip else image)


def test_flip_mirrors_about_half() -> None:
    images = torch.tensor([0, 1], dtype=torch.uint8).expand(4000, 1, 1, 2)
    flipped = int((transforms.random_flip(images, _generator())[:, 0, 0, 0] == 1).sum())
    assert abs(flipped - 2000) < 4 * math.sqrt(4000) / 2


@pytest.mark.parametrize("padding_px", [1, 2, 6])
@pytest.mark.parametrize("shape", SHAPES)
def test_crop_equals_a_slow_loop_over_reflected_padding(
    shape: tuple[int, ...], padding_px: int
) -> None:
    images = _pictures(shape)
    result = transforms.random_crop(images, padding_px, _generator(5))
    drawn = (-padding_px, padding_px + 1, (2, len(images)))
    offsets = torch.randint(*drawn, generator=_generator(5)).numpy() + padding_px
    pad = [(0, 0), (padding_px, padding_px), (padding_px, padding_px)]
    for index, image in enumerate(images.numpy()):
        padded = np.pad(image, pad, mode="reflect")
        top, left = offsets[:, index]
        expected = padded[:, top : top + shape[2], left : left + shape[3]]
        np.testing.assert_array_equal(result[index].numpy(), expected)
    assert result.dtype == torch.uint8


def test_crop_reaches_every_shift_of_both_axes() -> None:
    image = torch.arange(25, dtype=torch.uint8).reshape(1, 1, 5, 5)
    result = transforms.random_crop(image.expand(500, 1, 5, 5), 1, _generator())
    assert set(result[:, 0, 2, 2].tolist()) == {6, 7, 8, 11, 12, 13, 16, 17, 18}


def test_affine_of_zero_changes_nothing() -> None:
    images = torch.rand(3, 3, 9, 11, generator=_generator())
    result = transforms.random_warp(images, _generator())
    torch.testing.assert_close(result, images, rtol=0, atol=1e-5)


def test_affine_translation_by_whole_pixels_is_a_shift(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.rand(2, 1, 8, 10, generator=_generator())
    # Draws of 1 are the largest shift: the picture is read 2 px further right and down.
    monkeypatch.setattr(torch, "rand", lambda *size, **_: torch.ones(*size))
    result = transforms.random_warp(images, _generator(), translation_px=2.0)
    torch.testing.assert_close(result[:, :, :-2, :-2], images[:, :, 2:, 2:], rtol=0, atol=1e-5)
    assert float(result[:, :, -2:].abs().max()) < 1e-5
    assert float(result[:, :, :, -2:].abs().max()) < 1e-5


def test_affine_rotation_by_a_right_angle_turns_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = torch.rand(2, 1, 8, 8, generator=_generator())
    monkeypatch.setattr(torch, "rand", lambda *size, **_: torch.ones(*size))
    result = transforms.random_warp(images, _generator(), rotation_degrees=90)
    torch.testing.assert_close(result, images.rot90(1, (2, 3)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("options", [{"rotation_degrees": 180}, {"shear_degrees": 20}])
def test_affine_that_keeps_areas_keeps_the_mass(options: dict[str, float]) -> None:
    images = _blob(40)
    result = transforms.random_warp(images, _generator(2), translation_px=2.5, **options)
    torch.testing.assert_close(result.sum((1, 2, 3)), images.sum((1, 2, 3)), rtol=0.01, atol=0)


def test_affine_scale_multiplies_the_mass_by_its_square() -> None:
    images = _blob(40)
    result = transforms.random_warp(images, _generator(2), scale=0.3)
    draws = torch.rand(5, 4, generator=_generator(2)) * 2 - 1
    expected = images.sum((1, 2, 3)) * (1 + 0.3 * draws[2]) ** 2
    torch.testing.assert_close(result.sum((1, 2, 3)), expected, rtol=0.02, atol=0)


@pytest.mark.parametrize("shape", [(5, 1, 15, 15), (5, 1, 12, 19)])
def test_affine_equals_scipy_with_the_same_draws(shape: tuple[int, ...]) -> None:
    images = torch.rand(shape, generator=_generator())
    limits = {"rotation_degrees": 40.0, "translation_px": 3.0, "scale": 0.3, "shear_degrees": 25.0}
    result = transforms.random_warp(images, _generator(9), **limits)
    draws = (torch.rand(5, shape[0], generator=_generator(9)).double() * 2 - 1).numpy()
    centre = (np.array(shape[2:]) - 1) / 2
    for index, image in enumerate(images[:, 0].numpy()):
        angle = math.radians(limits["rotation_degrees"]) * draws[0, index]
        slant = math.tan(math.radians(limits["shear_degrees"]) * draws[1, index])
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        from_output = (
            turn @ np.array([[1, slant], [0, 1]]) / (1 + limits["scale"] * draws[2, index])
        )
        # scipy's axes are (row, column), ours (x, y).
        matrix = from_output[::-1, ::-1]
        shift = limits["translation_px"] * draws[[4, 3], index]
        expected = ndimage.affine_transform(
            image, matrix, centre - matrix @ centre + shift, order=1, mode="grid-constant"
        )
        np.testing.assert_allclose(result[index, 0].numpy(), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("option", ["rotation_degrees", "translation_px", "scale", "shear_degrees"])
def test_affine_equals_torchvision_with_the_same_draws(option: str) -> None:
    images = torch.rand(4, 3, 16, 16, generator=_generator())
    limit = {"rotation_degrees": 30.0, "translation_px": 3.0, "scale": 0.4, "shear_degrees": 20.0}
    result = transforms.random_warp(images, _generator(4), **{option: limit[option]})
    draws = ((torch.rand(5, 4, generator=_generator(4)) * 2 - 1) * limit[option]).tolist()
    for index, image in enumerate(images):
        values: dict[str, Any] = {"angle": 0.0, "translate": [0, 0], "scale": 1.0, "shear": [0, 0]}
        values |= {
            "rotation_degrees": {"angle": -draws[0][index]},
            "shear_degrees": {"shear": [draws[1][index], 0.0]},
            "scale": {"scale": 1 + draws[2][index]},
            "translation_px": {"translate": [-draws[3][index], -draws[4][index]]},
        }[option]
        expected = vision.affine(image, interpolation=InterpolationMode.BILINEAR, **values)
        torch.testing.assert_close(result[index], expected, rtol=0, atol=1e-4)


def test_elastic_bends_smoothly_by_about_its_deviation() -> None:
    # Each pixel holds its own place, so that the result says where it was read.
    size = 28
    places = torch.arange(float(size)).expand(size, size)
    images = torch.stack([places, places.T]).expand(300, 2, size, size)
    result = transforms.random_warp(images, _generator(), elastic_px=1.0)
    moved = (result - images)[:, :, 6:-6, 6:-6]
    # At the points of the grid it is 1 px; between them the mean of several is smaller.
    assert 0.6 < float(moved.std()) < 1.0
    assert float(moved.mean().abs()) < 0.05
    steps = moved.diff(dim=3).abs()
    assert float(steps.mean()) < 0.2


@pytest.mark.parametrize("mirror", [True, False])
@pytest.mark.parametrize("shift_px", [0, 1, 2])
def test_views_are_the_published_ones(mirror: bool, shift_px: int) -> None:
    images = torch.rand(3, 2, 8, 9, generator=_generator())
    shown = list(transforms.views(images, mirror, shift_px))
    assert len(shown) == (2 if mirror else 1) * (3 if shift_px else 1)
    assert sum(weight for _, weight in shown) == pytest.approx(1)
    assert all(view.shape == images.shape for view, _ in shown)
    unmirrored = [(view, weight) for view, weight in shown[1::2]] if mirror else shown
    assert torch.equal(unmirrored[0][0], images)
    if mirror:
        for (reversed_, first), (view, second) in zip(shown[::2], shown[1::2], strict=True):
            assert first == second
            assert torch.equal(reversed_.flip(3), view)
    if shift_px:
        (_, middle), (up_left, first), (down_right, second) = unmirrored
        assert middle == first + second
        s = shift_px
        assert torch.equal(up_left[:, :, :-s, :-s], images[:, :, s:, s:])
        assert torch.equal(down_right[:, :, s:, s:], images[:, :, :-s, :-s])
        # Beyond the edge the picture goes on as in a mirror that stands on the edge's pixels.
        assert torch.equal(down_right[:, :, 0, s:], images[:, :, s, :-s])


def test_resized_picture_keeps_means_of_areas() -> None:
    images = torch.rand(4, 3, 32, 32, generator=_generator())
    half = transforms.resize(images, 16)
    assert half.shape == (4, 3, 16, 16)
    torch.testing.assert_close(half.mean((2, 3)), images.mean((2, 3)), rtol=0, atol=0.01)
    flat = torch.full((1, 1, 28, 28), 7.0)
    torch.testing.assert_close(transforms.resize(flat, 20), torch.full((1, 1, 20, 20), 7.0))


@pytest.mark.parametrize("name", ["flip", "crop", "affine", "elastic"])
def test_the_generator_alone_decides(name: str) -> None:
    images = torch.rand(8, 1, 8, 8, generator=_generator())

    def change(seed: int) -> Tensor:
        if name == "flip":
            return transforms.random_flip(images, _generator(seed))
        if name == "crop":
            return transforms.random_crop(images, 2, _generator(seed))
        if name == "elastic":
            return transforms.random_warp(images, _generator(seed), elastic_px=1.0)
        return transforms.random_warp(images, _generator(seed), rotation_degrees=30)

    first = change(1)
    torch.rand(5)
    assert torch.equal(change(1), first)
    assert not torch.equal(change(2), first)
