"""The whitening layer against the covariance that it is made from; the network's shapes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from thumbnet.errors import ModelError
from thumbnet.models import PatchWhitening, build_model


def _smooth_images(num_images: int = 200) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(num_images, 3, 10, 10, generator=generator)
    return nn.functional.avg_pool2d(noise, 3, stride=1)


def test_whitened_patches_are_uncorrelated_with_variance_near_1() -> None:
    images = _smooth_images()
    layer = PatchWhitening(3, 24, 2)

    layer.initialise_from(images)

    outputs = layer(images).permute(0, 2, 3, 1).reshape(-1, 24)
    covariance = (outputs[:, :12].T @ outputs[:, :12] / len(outputs)).detach()
    # λ / (λ + 5e-4) on the diagonal, falling with λ, and nothing beside it.
    assert torch.allclose(covariance, torch.diag(covariance.diagonal()), atol=1e-4)
    assert ((covariance.diagonal() > 0.5) & (covariance.diagonal() <= 1.001)).all()
    assert torch.allclose(outputs[:, 12:], -outputs[:, :12], atol=1e-5)


def test_filters_come_from_evenly_spread_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thumbnet.models.whitened_cnn.NUM_PATCHES", 100)
    images = _smooth_images()
    layer = PatchWhitening(3, 12, 2)
    places = [
        images[n, :, row : row + 2, column : column + 2].flatten()
        for n in range(len(images))
        for row in range(images.shape[2] - 1)
        for column in range(images.shape[3] - 1)
    ]
    patches = torch.stack(places[:: -(-len(places) // 100)]).double()
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    expected = (vectors / torch.sqrt(values + 5e-4)).T.flip(0)[:6].reshape(6, 3, 2, 2).float()

    layer.initialise_from(images)

    torch.testing.assert_close(layer.weight[:6], expected)


def test_filters_are_frozen_unless_they_are_to_be_trained() -> None:
    frozen, trained = PatchWhitening(1, 8, 3), PatchWhitening(1, 8, 3, train_filters=True)

    assert not frozen.weight.requires_grad
    assert trained.weight.requires_grad
    assert frozen.bias is not None
    assert frozen.bias.requires_grad


@pytest.mark.parametrize("width", [7, 26])
def test_stem_width_that_has_no_such_directions_is_refused(width: int) -> None:
    with pytest.raises(ModelError, match="'stem_width' must be even"):
        build_model("whitened-cnn", (3, 32, 32), 10, stem_width=width)


def test_cifar_network_has_the_published_layers() -> None:
    model = build_model("whitened-cnn", (3, 32, 32), 10)

    shapes = [tuple(m.weight.shape) for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert shapes == [
        *((24, 3, 2, 2), (64, 24, 3, 3), (64, 64, 3, 3), (256, 64, 3, 3)),
        *((256, 256, 3, 3), (256, 256, 3, 3), (256, 256, 3, 3)),
    ]
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


def test_smaller_picture_fits_the_largest_value_head() -> None:
    model = build_model("whitened-cnn", (3, 32, 32), 10)

    assert model(torch.randn(2, 3, 24, 24)).shape == (2, 10)


def test_picture_that_the_pooling_uses_up_is_refused() -> None:
    with pytest.raises(ModelError, match="too small"):
        build_model("whitened-cnn", (1, 8, 8), 10, stem_width=8)


def test_unknown_head_is_refused() -> None:
    with pytest.raises(ModelError, match="there is no head 'mean'"):
        build_model("whitened-cnn", (3, 32, 32), 10, head="mean")


def test_identity_start_passes_on_the_input_channels() -> None:
    model = build_model("whitened-cnn", (3, 32, 32), 10, identity_start=True)
    features = torch.randn(2, 24, 9, 9)

    first = next(m for m in model if isinstance(m, nn.Conv2d) and m.in_channels == 24)

    torch.testing.assert_close(first(features)[:, :24], features)


@pytest.mark.parametrize("norm_scale", [True, False])
def test_scale_of_batch_norm_is_trained_or_stays_1(norm_scale: bool) -> None:
    model = build_model("whitened-cnn", (3, 32, 32), 10, norm_scale=norm_scale)

    norms = [m for m in model if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 6
    for norm in norms:
        assert norm.weight.requires_grad is norm_scale
        assert norm.bias.requires_grad
        assert bool((norm.weight == 1).all())
