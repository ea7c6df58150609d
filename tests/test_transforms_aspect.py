"""The part of the random warp that changes width over height."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from thumbnet import transforms

OTHERS = {"rotation_degrees": 20.0, "translation_px": 2.0, "scale": 0.2, "elastic_px": 0.5}


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _spots(num_images: int) -> Tensor:
    axis = torch.arange(41) - 20.0
    spot = torch.exp(-(axis[:, None] ** 2 + axis**2) / 40)
    return spot.expand(num_images, 1, 41, 41).contiguous()


def _spread(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the standard deviations of the mass along x and y."""
    axis = torch.arange(images.shape[2]) - (images.shape[2] - 1) / 2
    mass = images[:, 0] / images.sum((1, 2, 3))[:, None, None]
    return (mass.sum(1) * axis**2).sum(1).sqrt(), (mass.sum(2) * axis**2).sum(1).sqrt()


def test_aspect_changes_width_over_height_by_the_drawn_factor_and_keeps_the_area() -> None:
    images = _spots(50)
    result = transforms.random_warp(images, _generator(), aspect=0.5)
    generator = _generator()
    torch.rand(5, 50, generator=generator)  # What the other changes draw.
    drawn = torch.exp((torch.rand(50, generator=generator) * 2 - 1) * 0.5)
    width, height = _spread(result)
    torch.testing.assert_close(width / height, drawn, rtol=0.02, atol=0)
    torch.testing.assert_close(result.sum((1, 2, 3)), images.sum((1, 2, 3)), rtol=0.01, atol=0)
    assert float(drawn.min()) < 0.8
    assert float(drawn.max()) > 1.25


def test_ratio_is_as_often_wider_as_narrower() -> None:
    width, height = _spread(transforms.random_warp(_spots(400), _generator(1), aspect=0.3))
    num_wider = int((width > height).sum())
    assert abs(num_wider - 200) < 4 * math.sqrt(400) / 2
    assert float((width / height).log().abs().max()) < 0.31


@pytest.mark.parametrize("options", [{}, OTHERS])
def test_aspect_of_nothing_gives_the_same_bits(options: dict[str, float]) -> None:
    images = torch.rand(6, 1, 28, 28, generator=_generator())
    plain = transforms.random_warp(images, _generator(3), **options)
    assert torch.equal(transforms.random_warp(images, _generator(3), aspect=0.0, **options), plain)
    changed = transforms.random_warp(images, _generator(3), aspect=0.2, **options)
    assert not torch.equal(changed, plain)
