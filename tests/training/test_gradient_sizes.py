"""The gradient's size by layer, against a chain rule written out and against ``backward``."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from thumbnet.models import build_model
from thumbnet.training.compare import compare
from thumbnet.training.gradient_sizes import first_gradients, gradient_sizes
from thumbnet.training.recipe_file import change_recipe
from thumbnet.training.setup import load_run_data, prepare_training
from tiny_runs import tiny_recipe, write_pictures


def test_two_linear_layers_have_the_gradient_of_the_chain_rule() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 2))
    images, labels = torch.rand(5, 4), torch.tensor([0, 1, 1, 0, 1])
    found = gradient_sizes(model, images, labels, functional.cross_entropy)

    weight, bias = model[0].weight.detach(), model[0].bias.detach()
    last_weight, last_bias = model[2].weight.detach(), model[2].bias.detach()
    hidden = 1 / (1 + torch.exp(-(images @ weight.T + bias)))
    at_logits = torch.softmax(hidden @ last_weight.T + last_bias, 1)
    at_logits[torch.arange(5), labels] -= 1
    at_logits /= 5
    at_hidden = at_logits @ last_weight * hidden * (1 - hidden)
    expected = {"0.weight": at_hidden.T @ images, "2.weight": at_logits.T @ hidden}
    for name, gradient in expected.items():
        assert found[name] == pytest.approx(float((gradient**2).mean() ** 0.5), rel=1e-5)
    assert list(found) == list(expected)


def test_convolutions_have_the_gradient_of_backward_and_the_model_stays_as_it_was() -> None:
    torch.manual_seed(0)
    model = build_model("cnn", (1, 8, 8), 3, widths=(4,))
    images, labels = torch.rand(6, 1, 8, 8), torch.tensor([0, 1, 2, 0, 1, 2])
    found = gradient_sizes(model, images, labels, functional.cross_entropy)
    assert all(parameter.grad is None for parameter in model.parameters())
    functional.cross_entropy(model(images), labels).backward()
    expected = {
        name: float((parameter.grad**2).mean() ** 0.5)
        for name, parameter in model.named_parameters()
        if parameter.grad is not None and parameter.ndim > 1
    }
    assert found == pytest.approx(expected, rel=1e-5)


def test_sigmoid_starves_the_first_layer_and_relu_does_not() -> None:
    shares = {}
    for activation in ("sigmoid", "relu"):
        torch.manual_seed(0)
        model = build_model("mlp", (1, 8, 8), 3, widths=[16] * 8, activation=activation)
        images, labels = torch.randn(64, 1, 8, 8), torch.arange(64) % 3
        sizes = list(gradient_sizes(model, images, labels, functional.cross_entropy).values())
        shares[activation] = sizes[0] / sizes[-1]
    assert shares["sigmoid"] < 1e-4 < shares["relu"]


def test_first_gradients_are_those_of_the_first_step_of_each_run(tmp_path: Path) -> None:
    recipe = tiny_recipe(write_pictures(tmp_path / "pictures"), validation=9)
    found = first_gradients(recipe, [1, 2], torch.device("cpu"))
    assert len(found["sizes"]) == 2
    assert found["sizes"][0] != found["sizes"][1]
    seeded = change_recipe(recipe, {"seed": 2})
    training, _ = prepare_training(seeded, load_run_data(seeded), torch.device("cpu"))
    training.images.start_epoch(0)
    batch = training.images.batch(0, recipe.batch_size, 0, 0)
    training.step(batch, 0.0)
    expected = {
        name: float((parameter.grad**2).mean() ** 0.5)
        for name, parameter in training.model.named_parameters()
        if parameter.grad is not None and parameter.ndim > 1
    }
    assert dict(zip(found["layers"], found["sizes"][1], strict=True)) == pytest.approx(expected)


def test_comparison_with_gradients_says_and_draws_them(tmp_path: Path) -> None:
    recipe = tiny_recipe(write_pictures(tmp_path / "pictures"), validation=9)
    out = tmp_path / "out"
    results = compare(
        recipe,
        vary={"optimizer": ["sgd", "adam"]},
        seeds=1,
        gradients=True,
        out=out,
        device="cpu",
        progress=False,
    )
    # The optimiser does not touch the first gradient.
    assert results["gradients"]["sgd"] == results["gradients"]["adam"]
    assert (out / "figures" / "gradients.svg").is_file()
    page = (out / "comparison.md").read_text(encoding="utf-8")
    assert "Before training, the gradient in the first layer of sgd" in page
    assert "figures/gradients.svg" in page
