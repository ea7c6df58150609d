"""An exponential running mean of a model's weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class WeightAverage:
    """Keeps ``mean ← decay · mean + (1 - decay) · weights`` (Polyak and Juditsky 1992).

    The mean is taken over parameters and floating-point buffers (batch-norm statistics); counters
    are copied. Early in training the decay is ``(1 + updates) / (10 + updates)`` where that is
    smaller, so that the initial weights are soon forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.num_updates = 0
        self.mean = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move the mean towards the model's present weights."""
        self.num_updates += 1
        decay = min(self.decay, self.num_updates / (9 + self.num_updates))
        current = model.state_dict()
        floats = [name for name, value in self.mean.items() if value.is_floating_point()]
        torch._foreach_lerp_(
            [self.mean[name] for name in floats], [current[name] for name in floats], 1 - decay
        )
        for name in self.mean.keys() - set(floats):
            self.mean[name].copy_(current[name])

    def state_dict(self) -> dict[str, int | dict[str, Tensor]]:
        """Return what ``load_state_dict`` needs to continue exactly."""
        return {"num_updates": self.num_updates, "mean": self.mean}

    def load_state_dict(self, state: dict[str, int | dict[str, Tensor]]) -> None:
        """Continue from ``state``; its tensors must fit the model's."""
        assert isinstance(state["num_updates"], int)
        assert isinstance(state["mean"], dict)
        self.num_updates = state["num_updates"]
        for name, value in state["mean"].items():
            self.mean[name].copy_(value)
