"""The table's numbers against slow counts, and that looking changes nothing."""

from __future__ import annotations

import inspect
import math
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from odd_networks import ODD, PICTURE, Fourier, Functional, Gated, Patches, Rows, Twice, UNet
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from thumbnet.errors import ModelError
from thumbnet.inspection.inspect_model import inspect_model
from thumbnet.inspection.layer_table import Inspection
from thumbnet.models import build_model, cnn, count_parameters, mlp, model_names, resnet


def slow_multiply_adds(network: nn.Module, shape: tuple[int, ...]) -> int:
    """Count the products behind each output value of every convolution and linear layer."""
    total = 0

    def count(module: nn.Module, _inputs: Any, output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Linear):
            total += output.numel() * module.in_features
        elif isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            for _value in range(output[0, 0].numel()):
                channels = module.in_channels // module.groups
                total += output.shape[1] * channels * math.prod(module.kernel_size)

    handles = [module.register_forward_hook(count) for module in network.modules()]
    with torch.no_grad():
        network.eval()(torch.zeros(1, *shape))
    for handle in handles:
        handle.remove()
    return total


def library_multiply_adds(network: nn.Module, shape: tuple[int, ...]) -> int:
    """Ask PyTorch's own counter, which counts a multiply-add as two operations."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.zeros(1, *shape))
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("name", model_names())
def test_every_family_has_its_parameters_and_multiply_adds(name: str) -> None:
    shape = (3, 20, 26)
    network = build_model(name, shape, 7)
    inspection = inspect_model(network, shape)
    assert inspection.num_parameters == sum(each.numel() for each in network.parameters())
    assert inspection.num_trainable == count_parameters(network)
    assert inspection.num_parameters == sum(layer.num_parameters for layer in inspection.layers)
    assert inspection.unused_parameters == {}
    assert inspection.multiply_adds == slow_multiply_adds(network, shape)
    assert inspection.multiply_adds == library_multiply_adds(network, shape)


@pytest.mark.parametrize("name", [name for name in ODD if name not in ("transformer", "rows")])
def test_odd_networks_have_the_multiply_adds_that_pytorch_counts(name: str) -> None:
    build, shape = ODD[name]
    network = build()
    assert inspect_model(network, shape).multiply_adds == library_multiply_adds(network, shape)


def test_attention_has_its_multiply_adds() -> None:
    inspection = inspect_model(Patches(), PICTURE)
    tokens, width = 16, 16
    projections, products = 4 * tokens * width * width, 2 * tokens * tokens * width
    attention = inspection.layer("blocks.layers.0.self_attn")
    assert attention.multiply_adds == projections + products
    assert attention.num_parameters == 4 * width * (width + 1)


def test_recurrent_layer_has_its_multiply_adds() -> None:
    reader = inspect_model(Rows(), PICTURE).layer("reader")
    assert reader.multiply_adds == 28 * 4 * 8 * (28 + 8)
    assert reader.num_parameters == 4 * 8 * (28 + 8 + 2)
    # Row t is read before row t + 1: the first state sees one row, the last one all.
    assert [field.covered for field in reader.fields] == [(0, 27), (0, 27)]
    assert reader.fields[0].seen is None


def test_output_shapes_are_those_that_each_module_gives() -> None:
    network = build_model("resnet", (3, 32, 32), 10, depth=8)
    shapes = {}
    for name, module in network.named_modules():
        module.register_forward_hook(
            lambda _m, _i, output, name=name: shapes.update({name: tuple(output.shape[1:])})
        )
    inspection = inspect_model(network, (3, 32, 32))
    found = {layer.name: layer.output_shape for layer in inspection.layers}
    assert {name: shapes[name] for name in found if name in shapes} == {
        name: shape for name, shape in found.items() if name in shapes
    }
    assert [name for name in found if name not in shapes] == ["3.add", "4.add", "5.add"]


@pytest.mark.parametrize(
    "builder",
    [mlp.tutorial_mlp, cnn.tutorial_cnn, resnet.tutorial_resnet, resnet.tutorial_resnet18_cifar10],
)
def test_classic_networks_have_the_shapes_that_their_builders_promise(
    builder: Callable[..., nn.Module],
) -> None:
    found = re.findall(r"\(N, ([\d, ]+)\)", inspect.getdoc(builder) or "")
    first, *others = [tuple(map(int, shape.split(", "))) for shape in found]
    outputs = [layer.output_shape for layer in inspect_model(builder(first, 10), first).layers]
    place = 0
    for shape in others:
        place = outputs.index(shape, place)
    assert outputs[-1] == (10,)


def test_functions_are_layers_named_after_what_they_do() -> None:
    names = [(layer.name, layer.kind) for layer in inspect_model(UNet(), PICTURE).layers]
    assert names == [
        ("first", "Conv2d"),
        ("relu", "relu"),
        ("down", "MaxPool2d"),
        ("middle", "Conv2d"),
        ("up", "ConvTranspose2d"),
        ("cat", "cat"),
        ("last", "Conv2d"),
    ]
    functions = inspect_model(Functional(), PICTURE).layers
    assert [layer.name for layer in functions] == ["conv", "relu", "mean", "matmul"]
    assert [layer.num_parameters for layer in functions] == [36, 0, 0, 40]
    gated = inspect_model(nn.Sequential(Gated()), PICTURE).layers
    assert [layer.name for layer in gated][-2:] == ["0.sigmoid", "0.mul"]


class Swish(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features * torch.sigmoid(features)


class TwoConvolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.filters = nn.Parameter(torch.rand(1, 1, 3, 3))

    def forward(self, features: Tensor) -> Tensor:
        once = torch.conv2d(features, self.filters)
        return torch.conv2d(once, self.filters)


def test_small_module_of_ones_own_is_one_layer_unless_it_does_several_heavy_things() -> None:
    network = nn.Sequential(Swish(), TwoConvolutions(), Swish())
    layers = inspect_model(network, (1, 9, 9)).layers
    assert [layer.name for layer in layers] == ["0", "1.conv", "1.conv:2", "2"]
    assert [layer.kind for layer in layers] == ["Swish", "conv", "conv", "Swish"]
    assert [layer.inputs for layer in layers] == [(-1,), (0,), (1,), (2,)]
    assert [layer.memory_bytes for layer in layers] == [4 * n for n in (81, 49, 25, 25)]


def test_module_called_twice_is_two_layers_and_its_parameters_count_once() -> None:
    inspection = inspect_model(Twice(), PICTURE)
    assert [layer.name for layer in inspection.layers] == ["conv", "add", "conv:2", "mean"]
    assert [layer.num_parameters for layer in inspection.layers] == [10, 784, 0, 0]
    assert [layer.inputs for layer in inspection.layers] == [(-1,), (0,), (1,), (-1,)]
    assert inspection.unused_parameters == {"unused.weight": 9, "unused.bias": 3}
    assert inspection.num_parameters == 10 + 784 + 12


def test_frozen_parameters_are_counted_apart() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(9, 4), nn.Linear(4, 2))
    network[1].requires_grad_(False)
    inspection = inspect_model(network, (1, 3, 3))
    assert (inspection.num_parameters, inspection.num_trainable) == (50, 10)
    assert [layer.num_trainable for layer in inspection.layers] == [0, 0, 10]


def test_views_and_writing_in_place_take_no_memory() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 2, 2), nn.ReLU(inplace=True), nn.Dropout(), nn.Flatten(), nn.Linear(50, 3)
    )
    layers = inspect_model(network, (1, 6, 6)).layers
    assert [layer.memory_bytes for layer in layers] == [2 * 25 * 4, 0, 0, 0, 3 * 4]
    assert [layer.inputs for layer in layers] == [(-1,), (0,), (1,), (2,), (3,)]


def test_what_training_keeps_is_counted_by_hand() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(8, 3), nn.Tanh(),
    )  # fmt: skip
    picture, convolved, pooled = 36, 2 * 16, 2 * 4
    # A convolution and a norm keep their input; ReLU and tanh their output, which the pooling keeps
    # as well; the pooling where each largest value was (int64), and the linear layer its input.
    values = picture + convolved + convolved + pooled + 3
    assert inspect_model(network, (1, 6, 6)).kept_bytes == 4 * values + 8 * pooled


def test_network_that_cannot_train_has_no_memory_for_training() -> None:
    class OnlyOne(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images.reshape(1, 9)

    assert inspect_model(OnlyOne(), (1, 3, 3)).kept_bytes is None


class Counting(nn.Module):
    """Changes its buffer, and draws from the global generator, at every call."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, features: Tensor) -> Tensor:
        self.calls = self.calls + 1
        return features + 0 * torch.rand_like(features)


def test_nothing_is_changed() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), Counting(), nn.Dropout())
    network.train()
    network[3].eval()
    state = {name: value.clone() for name, value in network.state_dict().items()}
    buffer, generator = network[2].calls, torch.get_rng_state()
    enabled = torch.backends.mkldnn.enabled, torch.backends.mha.get_fastpath_enabled()
    inspect_model(network, (1, 6, 6))
    assert [module.training for module in network] == [True, True, True, False]
    assert all(torch.equal(network.state_dict()[name], value) for name, value in state.items())
    assert network[2].calls is buffer
    assert torch.equal(torch.get_rng_state(), generator)
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network)
    assert enabled == (torch.backends.mkldnn.enabled, torch.backends.mha.get_fastpath_enabled())


def test_nothing_is_changed_by_a_failure() -> None:
    network = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(5, 2)).train()
    with pytest.raises(ModelError, match="layer '2'"):
        inspect_model(network, (1, 6, 6))
    assert network.training
    assert int(network[0].num_batches_tracked) == 0
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network)


def same(first: Inspection, second: Inspection) -> bool:
    values = first.to_dict(), second.to_dict()
    for each in values:
        each.pop("kept_for_training_bytes")
    return values[0] == values[1]


def test_other_precision_and_device_give_the_same_table() -> None:
    shape = (1, 28, 28)
    expected = inspect_model(build_model("resnet", shape, 10, depth=8), shape)
    assert same(inspect_model(build_model("resnet", shape, 10, depth=8).double(), shape), expected)
    with torch.device("meta"):
        network = build_model("resnet", shape, 10, depth=8)
    assert same(inspect_model(network, shape), expected)


def test_layer_that_cannot_take_its_input_is_named() -> None:
    network = build_model("tutorial-cnn", (1, 28, 28), 10)
    message = (
        r"cannot take this input: layer '5' \(Linear\) failed\n"
        r"  got: 1×20×20: mat1 and mat2 shapes cannot be multiplied"
    )
    with pytest.raises(ModelError, match=message):
        inspect_model(network, (1, 20, 20))
    with pytest.raises(ModelError, match=r"layer '0' \(Conv2d\) failed\n  got: 3×28×28"):
        inspect_model(network, (3, 28, 28))


def test_failure_outside_a_layer_names_the_module() -> None:
    with pytest.raises(ModelError, match="Twice itself failed"):
        inspect_model(Twice(), (1, 20, 20))


def test_lazy_layers_are_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    with pytest.raises(ModelError, match=r"lazy layers(.|\n)*run it once"):
        inspect_model(network, (1, 6, 6))


def test_unknown_layer_names_the_nearest() -> None:
    inspection = inspect_model(UNet(), PICTURE)
    with pytest.raises(ModelError, match=r"no layer 'middel'(.|\n)*did you mean 'middle'\?"):
        inspection.layer("middel")


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (lambda: nn.Linear(8, 3), (8,)),
        (lambda: nn.Sequential(nn.Conv1d(2, 4, 3), nn.ReLU()), (2, 9)),
        (lambda: nn.Conv3d(1, 2, 3), (1, 5, 6, 7)),
    ],
)
def test_pictures_of_other_dimensions(
    network: Callable[[], nn.Module], shape: tuple[int, ...]
) -> None:
    layer = inspect_model(network(), shape).layers[0]
    assert len(layer.fields) == len(shape) - 1
    assert layer.multiply_adds == library_multiply_adds(network(), shape)


def test_json_has_one_entry_for_each_axis() -> None:
    values = inspect_model(nn.Sequential(nn.Conv2d(1, 2, (3, 5)), Fourier()), (1, 9, 9)).to_dict()
    first, second = values["layers"]
    assert (first["kernel"], first["stride"]) == ([3, 5], [1, 1])
    assert first["padding"] == [[0, 0], [0, 0]]
    assert first["receptive_field"] == [
        {"size": 3, "jump": 1, "centre": 1, "seen": [3, 5], "covered": [0, 8]},
        {"size": 5, "jump": 1, "centre": 2, "seen": [2, 6], "covered": [0, 8]},
    ]
    assert second["receptive_field"][0] == dict.fromkeys(
        ("size", "jump", "centre", "seen", "covered")
    )
    assert values["multiply_adds_unknown"] == ["1"]
    assert values["unseen"] == [None, None]
