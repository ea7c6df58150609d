"""How large the gradient is at every layer with weights: where it vanishes, nothing is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import grad

from thumbnet.training.losses import LossFunction
from thumbnet.training.randomness import derive_seed, seed_device
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import change_recipe
from thumbnet.training.setup import load_run_data, prepare_training


def gradient_sizes(
    model: nn.Module, images: Tensor, labels: Tensor, loss: LossFunction
) -> dict[str, float]:
    """Return the root mean square of the loss's gradient for each layer's weights.

    The model's weights, gradients and mode are left as they were; a norm in training mode updates
    its statistics.

    Args:
        model: from images to logits.
        images: float ``(N, C, H, W)``, as the model sees them.
        labels: int64 ``(N,)``.
        loss: see ``make_loss``.

    Returns:
        The weight's dotted name → its gradient's RMS, from the input to the output. Vectors, which
        are biases and the scales of norms, are left out.
    """
    weights = {
        name: parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.ndim > 1
    }
    gradients = grad(loss(model(images), labels), list(weights.values()))
    return {
        name: float(gradient.square().mean().sqrt())
        for name, gradient in zip(weights, gradients, strict=True)
    }


def first_gradients(
    recipe: Recipe, seeds: Sequence[int], device: torch.device
) -> dict[str, list[Any]]:
    """Return the gradient's size in each layer at a recipe's first step, before any training.

    Args:
        recipe: what would be trained.
        seeds: for each of them, the weights and the first batch of that run.
        device: where.

    Returns:
        ``layers``, names from the input to the output, and ``sizes``, for each seed a list of the
        RMS in every layer; see ``gradient_sizes``.
    """
    layers: list[str] = []
    sizes = []
    data = load_run_data(recipe)
    for seed in seeds:
        training, _ = prepare_training(change_recipe(recipe, {"seed": seed}), data, device)
        training.images.start_epoch(0)
        batch = training.images.batch(0, min(recipe.batch_size, len(training.images)), 0, 0)
        training.model.train()
        seed_device(device, derive_seed(seed, "dropout", 0, 0, 0))
        found = gradient_sizes(training.model, batch.images, batch.labels, training.loss)
        layers = list(found)
        sizes.append(list(found.values()))
    return {"layers": layers, "sizes": sizes}
