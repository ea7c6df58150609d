from __future__ import annotations

import pytest
import torch
from attribution_networks import Linear, make_images, make_network, state_of
from torch import Tensor, nn

from thumbnet import transforms
from thumbnet.datasets.mnist import load_mnist
from thumbnet.errors import ModelError
from thumbnet.evaluation.classifier import Classifier
from thumbnet.inference.locate import bundled_model
from thumbnet.inspection.integrated_gradients import integrated_gradients


def slow_integrated_gradients(
    network: nn.Module, image: Tensor, target: int, empty: Tensor, num_steps: int
) -> Tensor:
    """Sum gradients at the middle of each of ``num_steps`` equal parts of the line, one by one."""
    start = empty[:, None, None].expand_as(image)
    total = torch.zeros_like(image)
    for step in range(num_steps):
        point = start + (step + 0.5) / num_steps * (image - start)
        point = point.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(network(point[None])[0, target], point)
        total += gradient / num_steps
    return ((image - start) * total).sum(0)


def test_is_the_mean_gradient_on_the_line_times_the_difference() -> None:
    network, images = make_network(), make_images()
    targets = torch.tensor([2, 0, 1])
    empty = torch.tensor([[0.2, -0.4], [0.0, 0.0], [1.0, 0.3]])
    maps, errors = integrated_gradients(network, images, targets, empty=empty, num_steps=10)
    assert maps.shape == (3, 6, 7)
    assert errors.shape == (3,)
    network.eval()
    for found, image, target, colour in zip(maps, images, targets.tolist(), empty, strict=True):
        expected = slow_integrated_gradients(network, image, target, colour, 10)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_of_a_weighted_sum_is_weight_times_difference_exactly() -> None:
    images = make_images().double()
    network = Linear((2, 6, 7)).double()
    empty = torch.tensor([0.3, -0.1], dtype=torch.float64)
    maps, errors = integrated_gradients(network, images, 1, empty=empty, num_steps=2)
    expected = (network.weights[1] * (images - empty[:, None, None])).sum(1)
    # The steps are kept in float32.
    torch.testing.assert_close(maps, expected.detach(), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(errors, torch.zeros(3).double(), rtol=0, atol=1e-5)


def test_pixels_add_up_to_what_the_score_gained() -> None:
    network, images = make_network().eval(), make_images()
    maps, errors = integrated_gradients(network, images, 2, num_steps=200)
    with torch.no_grad():
        gained = network(images)[:, 2] - network(torch.zeros_like(images))[:, 2]
    torch.testing.assert_close(maps.sum((1, 2)), gained, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(errors, maps.sum((1, 2)) - gained, rtol=0, atol=1e-5)


def test_of_the_bundled_digits_add_up_too() -> None:
    classifier = Classifier.load(bundled_model().with_suffix(""))
    network, spec = classifier.network, classifier.config.input
    pixels = load_mnist("test").images[:4]
    images, black = (
        transforms.normalise(each, spec.scale, spec.mean, spec.std)
        for each in (pixels, torch.zeros_like(pixels))
    )
    with torch.no_grad():
        scores, start = network(images), network(black)
    targets = scores.argmax(1)
    maps, errors = integrated_gradients(network, images, targets, empty=float(black[0, 0, 0, 0]))
    gained = (scores - start).gather(1, targets[:, None])[:, 0]
    torch.testing.assert_close(maps.sum((1, 2)) - gained, errors, rtol=0, atol=1e-4)
    assert bool((errors.abs() < 0.03 * gained.abs()).all())


def test_pixel_that_the_network_ignores_has_no_value() -> None:
    network = Linear((2, 6, 7))
    with torch.no_grad():
        network.weights[:, :, 2, 3] = 0
    maps, _ = integrated_gradients(network, make_images(), 0, num_steps=2)
    assert bool((maps[:, 2, 3] == 0).all())
    assert int((maps == 0).sum()) == 3


def test_pixels_that_do_the_same_have_the_same_value() -> None:
    class Symmetric(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            first, second, third = images[:, 0, 0, 0], images[:, 0, 0, 1], images[:, 0, 1, 0]
            return (first * second * third + (first + second) ** 2)[:, None]

    image = torch.tensor([[[[0.7, 0.7], [0.2, 0.9]]]])
    maps, errors = integrated_gradients(Symmetric(), image, 0, num_steps=100)
    assert maps[0, 0, 0] == maps[0, 0, 1]
    assert maps[0, 0, 0] > maps[0, 1, 0] > 0
    assert maps[0, 1, 1] == 0
    assert abs(float(errors[0])) < 1e-3


def test_leaves_the_network_and_the_random_numbers_as_they_were() -> None:
    network, images = make_network(), make_images()
    before = state_of(network)
    assert before["gradients"] == [None] * 6
    with torch.no_grad():
        maps, errors = integrated_gradients(network, images, 0, num_steps=3)
    assert state_of(network) == before
    assert not maps.requires_grad
    assert not errors.requires_grad
    assert not images.requires_grad


def test_frozen_network_can_be_explained() -> None:
    network = make_network()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    maps, _ = integrated_gradients(network, make_images(), 0, num_steps=3)
    assert bool((maps != 0).any())


def test_many_pictures_at_once_are_as_one_by_one() -> None:
    network, images = make_network(), make_images(90)
    together, errors = integrated_gradients(network, images, 1, num_steps=8)
    one, error = integrated_gradients(network, images[77:78], 1, num_steps=8)
    torch.testing.assert_close(together[77], one[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(errors[77], error[0], rtol=1e-3, atol=1e-5)


def test_line_of_one_point_is_refused() -> None:
    with pytest.raises(ModelError, match="too few points on the line\n  got: 1\n"):
        integrated_gradients(make_network(), make_images(), 0, num_steps=1)
