"""Small networks, and what must be as it was after they were explained."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Linear(nn.Module):
    """Scores that are a weighted sum of the pixels, so that every attribution is known."""

    def __init__(self, shape: tuple[int, int, int], num_classes: int = 3) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        self.weights = nn.Parameter(torch.randn(num_classes, *shape, generator=generator))

    def forward(self, images: Tensor) -> Tensor:
        return torch.einsum("nchw,kchw->nk", images, self.weights) + 7.0


def make_network(channels: int = 2) -> nn.Sequential:
    """Return a smooth network that answers otherwise in training mode."""
    torch.manual_seed(3)
    network = nn.Sequential(
        nn.Conv2d(channels, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.Tanh(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.LazyLinear(3),
    )
    network(torch.zeros(2, channels, 6, 7))
    network[1].eval()
    return network


def make_images(num_images: int = 3, channels: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(11)
    return torch.rand(num_images, channels, 6, 7, generator=generator)


def state_of(network: nn.Module) -> dict[str, Any]:
    """Return all that an explanation must leave alone."""
    return {
        "modes": [module.training for module in network.modules()],
        "gradients": [parameter.grad for parameter in network.parameters()],
        "needed": [parameter.requires_grad for parameter in network.parameters()],
        "values": [value.tolist() for value in network.state_dict().values()],
        "random": torch.get_rng_state().tolist(),
    }
