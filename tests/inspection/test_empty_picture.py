from __future__ import annotations

import pytest
import torch

from thumbnet.inspection.empty_picture import empty_colours
from thumbnet.models.folder import ModelInput


def make_input(**changes: object) -> ModelInput:
    values = {"channels": 3, "size_px": 12, "scale": 255.0, "mean": (0.5, 0.4, 0.2), "std": ()}
    return ModelInput.model_validate(values | changes)


@pytest.fixture
def noise() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (2, 3, 12, 12), dtype=torch.uint8, generator=generator)


def test_of_mnists_frame_is_black_whatever_the_picture(noise: torch.Tensor) -> None:
    spec = make_input(channels=1, frame="mnist", mean=(0.13,))
    assert empty_colours(noise[:, :1], spec).tolist() == [[0.0], [0.0]]


def test_of_a_photo_is_the_mean_that_the_model_subtracts(noise: torch.Tensor) -> None:
    expected = torch.tensor([[127.5, 102.0, 51.0]]).expand(2, 3)
    torch.testing.assert_close(empty_colours(noise, make_input()), expected)
    one_for_all = empty_colours(noise, make_input(mean=(100.0,), scale=1.0))
    assert one_for_all.tolist() == [[100.0] * 3] * 2


def test_of_a_photo_is_the_middle_where_nothing_is_subtracted(noise: torch.Tensor) -> None:
    assert empty_colours(noise, make_input(mean=())).tolist() == [[127.5] * 3] * 2


def test_even_edge_is_the_background(noise: torch.Tensor) -> None:
    drawn = noise.clone()
    colour = torch.tensor([250, 240, 10], dtype=torch.uint8)[:, None]
    for edge in (drawn[1, :, 0], drawn[1, :, -1], drawn[1, :, :, 0], drawn[1, :, :, -1]):
        edge[:] = colour
    # A stroke that runs out of the picture, and the noise of a JPEG.
    drawn[1, :, 5:7, 0] = 128
    drawn[1, :, 0, 3] += 5
    found = empty_colours(drawn, make_input())
    assert found[1].tolist() == [250.0, 240.0, 10.0]
    torch.testing.assert_close(found[0], torch.tensor([127.5, 102.0, 51.0]))
