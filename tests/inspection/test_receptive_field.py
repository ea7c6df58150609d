"""Fields by the arithmetic against which pixels change an output, by gradients."""

from __future__ import annotations

import copy
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
import torch
from odd_networks import ODD, Fourier
from torch import Tensor, nn

from thumbnet.inspection.inspect_model import inspect_model
from thumbnet.inspection.layer_table import Inspection, Layer
from thumbnet.inspection.receptive_field import Placement, Window
from thumbnet.models import build_model, model_names
from thumbnet.models.layers import ACTIVATIONS
from thumbnet.models.whitened_cnn import GlobalMaxPool

Extent = tuple[int, int]


class Average(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features.mean((2, 3))


def open_twin(network: nn.Module) -> nn.Module:
    """Return a copy in which every connection passes a positive gradient.

    Weights become positive, activations vanish, and the largest of a window becomes the mean.
    """
    twin = copy.deepcopy(network).double().eval()
    for name, module in list(twin.named_modules()):
        parent = twin.get_submodule(name.rpartition(".")[0])
        replaced: nn.Module | None = None
        if isinstance(module, (nn.ReLU, nn.Tanh, nn.GELU)):
            replaced = nn.Identity()
        elif isinstance(module, nn.MaxPool2d):
            replaced = nn.AvgPool2d(
                module.kernel_size, module.stride, module.padding, module.ceil_mode
            )
        elif isinstance(module, GlobalMaxPool):
            replaced = Average()
        if replaced is not None:
            parent.register_module(name.rpartition(".")[2], replaced)
    generator = torch.Generator().manual_seed(0)
    for parameter in twin.parameters():
        values = torch.rand(parameter.shape, generator=generator, dtype=torch.float64) + 0.5
        parameter.data = values / (values[0].numel() if values.dim() > 1 else 1)
    return twin


def extents(gradient: Tensor) -> list[Extent]:
    """Return the first and last pixel with a gradient along each axis."""
    return [
        (int(places.min()), int(places.max())) for places in gradient[0].nonzero().T[1:].unbind()
    ]


def check_against_gradients(network: nn.Module, shape: tuple[int, ...]) -> Inspection:
    inspection = inspect_model(network, shape)
    by_name = {layer.name: layer for layer in inspection.layers}
    outputs: list[tuple[Layer, Tensor]] = []
    calls: Counter[str] = Counter()

    def hook(name: str) -> Any:
        def remember(_module: nn.Module, _inputs: Any, output: Any) -> None:
            calls[name] += 1
            layer = by_name.get(name if calls[name] == 1 else f"{name}:{calls[name]}")
            if layer is not None:
                outputs.append((layer, output[0] if isinstance(output, tuple) else output))

        return remember

    twin = open_twin(network)
    for name, module in twin.named_modules():
        module.register_forward_hook(hook(name))
    generator = torch.Generator().manual_seed(1)
    picture = torch.rand(1, *shape, generator=generator, dtype=torch.float64) + 0.5
    twin(picture.requires_grad_())
    for layer, output in outputs:
        assert tuple(output.shape[1:]) == layer.output_shape
        check_layer(layer, output, picture)
    assert len(outputs) >= 2
    return inspection


def check_layer(layer: Layer, output: Tensor, picture: Tensor) -> None:
    (gradient,) = torch.autograd.grad(output.sum(), picture, retain_graph=True)
    assert [field.covered for field in layer.fields] == extents(gradient), layer.name
    if any(field.jump is None for field in layer.fields):
        return
    lengths = output.shape[2:]
    middle = output[(0, slice(None), *(length // 2 for length in lengths))]
    (gradient,) = torch.autograd.grad(middle.sum(), picture, retain_graph=True)
    assert [field.seen for field in layer.fields] == extents(gradient), layer.name


def clipped(layer: Layer, axis: int, length: int) -> tuple[Fraction, Fraction]:
    """Return the pixels of the middle value's field, by size, jump and centre alone."""
    field = layer.fields[axis]
    assert field.size is not None
    assert field.jump is not None
    assert field.centre is not None
    middle = field.centre + field.jump * (layer.output_shape[axis + 1] // 2)
    half = Fraction(field.size - 1, 2)
    return max(middle - half, Fraction(0)), min(middle + half, Fraction(length - 1))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 20, 26)])
@pytest.mark.parametrize("name", model_names())
def test_every_family_sees_what_its_gradients_say(name: str, shape: tuple[int, int, int]) -> None:
    small = {"resnet": {"depth": 8, "width": 4}, "whitened-cnn": {"widths": (8, 12, 16)}}
    torch.manual_seed(0)
    inspection = check_against_gradients(build_model(name, shape, 10, **small.get(name, {})), shape)
    for layer in inspection.layers:
        for axis, (field, length) in enumerate(zip(layer.fields, shape[1:], strict=True)):
            # Where pixels between or behind the windows are never read, the clipped field has them.
            if field.jump is not None and field.covered == (0, length - 1):
                assert clipped(layer, axis, length) == field.seen, layer.name


@pytest.mark.parametrize("name", ODD)
def test_odd_networks_see_what_their_gradients_say(name: str) -> None:
    build, shape = ODD[name]
    torch.manual_seed(0)
    check_against_gradients(build(), shape)


def slow_field(windows: list[Window], place: int) -> Extent:
    """Return the first and last pixel that a place sees, padding included, one value at a time."""
    seen = {place}
    for window in reversed(windows):
        seen = {
            each * window.stride - window.before + tap * window.dilation
            for each in seen
            for tap in range(window.kernel)
        }
    return min(seen), max(seen)


@pytest.mark.parametrize(
    "windows",
    [
        [Window(5, 1, 2, 2), Window(2, 2)],
        [Window(3, 2, 1, 1), Window(3, 1, 1, 1, dilation=3), Window(1, 2), Window(4, 3)],
        [Window(1, 1, -2, 3), Window(2, 5, 1, 0, dilation=2)],
    ],
)
def test_size_jump_and_centre_are_those_of_a_slow_count(windows: list[Window]) -> None:
    place = Placement(dim=2)
    for window in windows:
        place = place.through(window)
    for index in range(4):
        first, last = slow_field(windows, index)
        assert place.size == last - first + 1
        assert place.centre + index * place.jump == Fraction(first + last, 2)


def test_union_holds_both_fields() -> None:
    small, large = Placement(2, 3), Placement(2, 7, centre=Fraction(1))
    assert small.union(large) == Placement(2, 7, centre=Fraction(1))
    assert Placement(2, 3).union(Placement(2, 3, centre=Fraction(4))) == Placement(
        2, 7, centre=Fraction(2)
    )


@pytest.mark.parametrize(
    "other",
    [
        Placement(3, 3),
        Placement(2, 3, jump=Fraction(2)),
        Placement(2, None, centre=Fraction(1)),
    ],
)
def test_fields_that_do_not_run_alike_have_no_union(other: Placement) -> None:
    assert Placement(2, 3).union(other) is None


def test_residual_branch_with_the_larger_field_counts() -> None:
    inspection = inspect_model(
        build_model("tutorial-resnet18-cifar10", (3, 32, 32), 10), (3, 32, 32)
    )
    sizes = [
        inspection.layer(name).fields[0].size
        for name in ("3.shortcut.1", "3.residual.4", "3.add", "3.activation")
    ]
    assert sizes == [3, 21, 21, 21]
    assert inspection.unseen == ((0, 2), (0, 2))
    assert not inspection.layer("8").sees_all((3, 32, 32))


def test_what_is_not_known_is_said_and_passed_on() -> None:
    inspection = inspect_model(
        nn.Sequential(nn.Conv2d(1, 2, 3), Fourier(), nn.Flatten(), nn.Linear(2 * 26 * 26, 3)),
        (1, 28, 28),
    )
    assert [layer.fields[0].size for layer in inspection.layers] == [3, None, None, None]
    assert inspection.covered == (None, None)
    assert inspection.unseen == (None, None)
    assert [layer.multiply_adds for layer in inspection.layers][1] is None
    assert inspection.unknown_layers == ["1"]


@pytest.mark.parametrize(
    "layer",
    [
        *(build() for build in ACTIVATIONS.values()),
        *(nn.CELU(), nn.Hardsigmoid(), nn.Hardswish(), nn.Hardtanh(), nn.LogSigmoid(), nn.Mish()),
        *(nn.PReLU(4), nn.ReLU6(), nn.RReLU(), nn.SELU(), nn.Softplus(), nn.Softsign()),
        *(nn.Dropout2d(), nn.BatchNorm2d(4), nn.Softmax2d(), nn.LogSoftmax(1), nn.GLU(1)),
        *(nn.LocalResponseNorm(2), nn.ChannelShuffle(2), nn.Conv2d(4, 4, 1)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_what_works_at_each_place_leaves_the_field_as_it_is(layer: nn.Module) -> None:
    first, second = inspect_model(nn.Sequential(nn.Conv2d(1, 4, 3), layer), (1, 9, 9)).layers
    assert second.fields == first.fields
    assert second.multiply_adds is not None


class WritesThroughAView(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        result = torch.zeros_like(images)
        result[:, :, 1:] = images[:, :, :-1]
        result[:, :, :, 2:].add_(images[:, :, :, :-2])
        return result


def test_writing_into_views_moves_the_field() -> None:
    inspection = inspect_model(
        nn.Sequential(WritesThroughAView(), nn.Conv2d(1, 1, 1), nn.ReLU()), (1, 9, 9)
    )
    rows, columns = inspection.layers[-1].fields
    # A value sees the pixel above it and the one two to the left of it.
    assert (rows.size, columns.size) == (2, 3)
    assert (rows.covered, columns.covered) == ((0, 8), (0, 8))


def test_batch_statistics_make_each_value_see_everything() -> None:
    norm = nn.BatchNorm2d(2, track_running_stats=False)
    inspection = inspect_model(nn.Sequential(nn.Conv2d(1, 2, 3), norm), (1, 9, 9))
    assert not inspection.layers[0].sees_all((1, 9, 9))
    assert inspection.layers[1].sees_all((1, 9, 9))
