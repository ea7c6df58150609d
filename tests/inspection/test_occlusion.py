from __future__ import annotations

import math

import pytest
import torch
from attribution_networks import Linear, make_images, make_network, state_of
from torch import Tensor, nn

from thumbnet.errors import ModelError
from thumbnet.inspection.occlusion import occlusion


def slow_occlusion(
    network: nn.Module, image: Tensor, target: int, window: int, stride: int, empty: Tensor
) -> Tensor:
    """Hide one window after the other; every pixel takes the mean of those that cover it."""
    _, height, width = image.shape
    sums, counts = torch.zeros(height, width), torch.zeros(height, width)
    with torch.no_grad():
        score = network(image[None])[0, target]
        for row in range(math.ceil((height - window) / stride) + 1):
            for column in range(math.ceil((width - window) / stride) + 1):
                rows = slice(row * stride, row * stride + window)
                columns = slice(column * stride, column * stride + window)
                hidden = image.clone()
                hidden[:, rows, columns] = empty[:, None, None]
                sums[rows, columns] += score - network(hidden[None])[0, target]
                counts[rows, columns] += 1
    return sums / counts


@pytest.mark.parametrize(("window", "stride"), [(1, 1), (2, 1), (3, 2), (4, 3), (6, 6), (5, 4)])
def test_is_the_mean_drop_over_the_windows_that_cover_a_pixel(window: int, stride: int) -> None:
    network, images = make_network(), make_images()
    targets = torch.tensor([2, 0, 1])
    empty = torch.tensor([[0.2, -0.4], [0.0, 0.0], [1.0, 0.3]])
    maps = occlusion(network, images, targets, window_px=window, stride_px=stride, empty=empty)
    assert maps.shape == (3, 6, 7)
    assert maps.dtype == torch.float32
    network.eval()
    for found, image, target, colour in zip(maps, images, targets.tolist(), empty, strict=True):
        expected = slow_occlusion(network, image, target, window, stride, colour)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_of_a_weighted_sum_is_weight_times_difference_exactly() -> None:
    images = make_images().double()
    network = Linear((2, 6, 7)).double()
    empty = torch.tensor([0.3, -0.1], dtype=torch.float64)
    maps = occlusion(network, images, 1, window_px=1, empty=empty)
    expected = (network.weights[1] * (images - empty[:, None, None])).sum(1)
    torch.testing.assert_close(maps, expected.detach())


def test_place_that_the_network_ignores_has_no_value() -> None:
    network = Linear((2, 6, 7))
    with torch.no_grad():
        network.weights[:, :, 2:, :] = 0
    maps = occlusion(network, make_images(), 0, window_px=2)
    assert bool((maps[:, 3:] == 0).all())
    assert bool((maps[:, :2] != 0).any())


def test_empty_picture_has_nothing_to_hide() -> None:
    images = torch.full((1, 2, 6, 7), 0.25)
    maps = occlusion(make_network(), images, 0, window_px=3, empty=0.25)
    torch.testing.assert_close(maps, torch.zeros(1, 6, 7), rtol=0, atol=1e-6)


def test_many_pictures_at_once_are_as_one_by_one() -> None:
    network, images = make_network(), make_images(600)[:, :, :4, :4]
    network = nn.Sequential(nn.ZeroPad2d((0, 3, 0, 2)), network)
    targets = torch.arange(600) % 3
    together = occlusion(network, images, targets, window_px=2, stride_px=2)
    for index in (0, 299, 599):
        one = occlusion(
            network, images[index : index + 1], int(targets[index]), window_px=2, stride_px=2
        )
        torch.testing.assert_close(together[index], one[0], rtol=1e-4, atol=1e-5)


def test_leaves_the_network_and_the_random_numbers_as_they_were() -> None:
    network, images = make_network(), make_images().requires_grad_()
    before = state_of(network)
    maps = occlusion(network, images, 0, window_px=3)
    assert state_of(network) == before
    assert True in before["modes"]
    assert False in before["modes"]
    assert not maps.requires_grad
    assert images.grad is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window_px": 7}, "got: 7 px\n  expected: 1 to 6 px"),
        ({"window_px": 0}, "the window does not fit"),
        ({"stride_px": 3}, "the stride would leave out pixels\n  got: 3 px with a window of 2 px"),
        ({"targets": 3}, "the network has no such class\n  got: classes from 3 to 3\n.*0 to 2"),
        ({"targets": -1}, "the network has no such class"),
        ({"targets": torch.tensor([0, 1])}, r"got: \(2,\) for 3 pictures"),
        ({"images": torch.zeros(3, 2, 6, 7, dtype=torch.uint8)}, "got: torch.uint8"),
        ({"images": torch.zeros(0, 2, 6, 7)}, "at least one picture"),
        ({"images": torch.full((3, 2, 6, 7), float("nan"))}, "a value that is not finite"),
        ({"empty": torch.zeros(3)}, r"got: shape \(3,\)\n  expected: one value, \(2,\) or \(3, 2"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"images": make_images(), "targets": 0, "window_px": 2}
    arguments |= change
    images, targets = arguments.pop("images"), arguments.pop("targets")
    with pytest.raises(ModelError, match=message):
        occlusion(make_network(), images, targets, **arguments)  # type: ignore[arg-type]
