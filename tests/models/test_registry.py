from __future__ import annotations

import pytest
import torch
from torch import nn

from thumbnet.errors import ModelError
from thumbnet.models import build_model, count_parameters, model_names, registry

MNIST = (1, 28, 28)


def test_names_are_sorted_and_hold_the_tutorials() -> None:
    names = model_names()
    assert names == sorted(names)
    assert {"cnn", "mlp", "resnet", "tutorial-mlp", "tutorial-dropout-mlp"} <= set(names)
    assert {"tutorial-cnn", "tutorial-resnet", "tutorial-resnet18-cifar10"} <= set(names)


@pytest.mark.parametrize("name", model_names())
@pytest.mark.parametrize("input_shape", [(1, 28, 28), (3, 32, 32), (1, 20, 26)])
def test_every_model_maps_any_batch_to_logits(name: str, input_shape: tuple[int, int, int]) -> None:
    model = build_model(name, input_shape, 7).eval()
    for num_images in (1, 3):
        logits = model(torch.rand(num_images, *input_shape))
        assert logits.shape == (num_images, 7)
        assert torch.isfinite(logits).all()


@pytest.mark.parametrize("name", model_names())
def test_in_evaluation_an_image_is_judged_alone(name: str) -> None:
    model = build_model(name, MNIST, 10).eval()
    images = torch.rand(4, *MNIST)
    torch.testing.assert_close(model(images)[:1], model(images[:1]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", model_names())
def test_a_fresh_model_trains_and_reaches_every_parameter(name: str) -> None:
    model = build_model(name, MNIST, 10)
    assert model.training
    model(torch.rand(8, *MNIST)).square().sum().backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)


def test_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"no model 'resnett'(.|\n)*did you mean 'resnet'\?"):
        build_model("resnett", MNIST, 10)


def test_unknown_argument_gives_the_nearest() -> None:
    message = r"'mlp' has no argument 'width'(.|\n)*did you mean 'widths'\?"
    with pytest.raises(ModelError, match=message):
        build_model("mlp", MNIST, 10, width=[3])


def test_argument_of_a_fixed_model_is_refused() -> None:
    with pytest.raises(ModelError, match=r"'tutorial-cnn' has no argument 'depth'(.|\n)*no argume"):
        build_model("tutorial-cnn", MNIST, 10, depth=3)


@pytest.mark.parametrize("num_classes", [0, 1, -3])
def test_fewer_than_two_classes_are_refused(num_classes: int) -> None:
    with pytest.raises(ModelError, match=f"needs classes\n  got: {num_classes}\n.*2 or more"):
        build_model("mlp", MNIST, num_classes)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("mlp", {"widths": 5}),
        ("mlp", {"dropout": "half"}),
        ("cnn", {"dropout": "half"}),
        ("cnn", {"activation": ["relu"]}),
        ("resnet", {"depth": "20"}),
        ("resnet", {"depth": 20.0}),
    ],
)
def test_argument_of_the_wrong_type_is_a_model_error(
    name: str, arguments: dict[str, object]
) -> None:
    with pytest.raises(ModelError, match=f"model '{name}' cannot be built"):
        build_model(name, MNIST, 10, **arguments)


@pytest.mark.parametrize("value", [0, -1, 2.0, True, "3", None])
def test_widths_must_be_positive_whole_numbers(value: object) -> None:
    with pytest.raises(ModelError, match="'widths' must be positive whole numbers"):
        build_model("mlp", MNIST, 10, widths=[8, value])


def test_only_trainable_parameters_are_counted() -> None:
    model = nn.Linear(3, 4)
    assert count_parameters(model) == 3 * 4 + 4
    model.bias.requires_grad_(False)
    assert count_parameters(model) == 3 * 4


def test_two_models_of_one_name_are_a_programming_error() -> None:
    with pytest.raises(AssertionError, match="two models are called mlp"):
        registry.register("mlp")(nn.Identity)
