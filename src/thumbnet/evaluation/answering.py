"""From raw pixels to answers in one module: what is exported is what torch computes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from thumbnet import transforms
from thumbnet.frame import MnistFrame, ResizeFrame, to_grey
from thumbnet.models.folder import ModelConfig


class Answers(NamedTuple):
    """What a recogniser says of N pictures; the exported file's outputs, in this order.

    Attributes:
        label: int64 ``(N,)``, the class of the highest probability.
        probability: float32 ``(N,)``, of ``label``.
        probabilities: float32 ``(N, K)``, rows sum to 1: how the classes share the picture if it
            is one of them.
        refused: bool ``(N,)``, the score is below the threshold.
        score: float32 ``(N,)``: the largest probability among the classes and "none of them".
        seen: uint8, what the network saw: ``(N, H, W)`` of grey, ``(N, H, W, 3)`` of colour.
    """

    label: Tensor
    probability: Tensor
    probabilities: Tensor
    refused: Tensor
    score: Tensor
    seen: Tensor


class Answering(nn.Module):
    """Frame, normalisation, network with its views, temperature and refusal, as one module.

    Args:
        network: float ``(N, C, H, W)`` → logits ``(N, config.num_outputs)``, in evaluation mode.
        config: everything else.
    """

    def __init__(self, network: nn.Module, config: ModelConfig) -> None:
        super().__init__()
        self.network = network
        self.config = config
        is_glyph = config.input.frame == "mnist"
        self.frame = (
            MnistFrame() if is_glyph else ResizeFrame(config.input.channels, config.input.size_px)
        )

    def forward(self, pixels: Tensor) -> Answers:
        """Answer uint8 ``(N, H, W, C)``, C 1 (grey) or 3 (RGB)."""
        if self.config.input.channels == 1:
            return self.answers(to_grey(pixels))
        return self.answers(pixels.expand(-1, -1, -1, 3))

    def answers(self, pixels: Tensor) -> Answers:
        """Answer uint8 ``(N, H, W)`` for a grey model, ``(N, H, W, 3)`` for one of colour."""
        framed = self.frame(pixels)
        logits = self.logits(framed)
        return Answers(*answer(logits, self.config), seen_pixels(framed))

    def logits(self, framed: Tensor) -> Tensor:
        """Return the mean logits over the views of float ``(N, C, H, W)`` in [0, 255]."""
        spec, views = self.config.input, self.config.views
        prepared = transforms.normalise(framed, spec.scale, spec.mean, spec.std)
        total = torch.zeros_like(prepared[:, 0, 0, :1])
        for view, weight in transforms.views(prepared, views.mirror, views.shift_px):
            total = total + weight * self.network(view)
        return total


def answer(logits: Tensor, config: ModelConfig) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return label, probability, probabilities, refused and score of ``(N, num_outputs)``."""
    scaled = logits / config.temperature
    probabilities = scaled[:, : len(config.class_names)].softmax(1)
    score = scaled.softmax(1)[:, : len(config.class_names)].amax(1)
    probability, label = probabilities.max(1)
    return label, probability, probabilities, score < config.refusal_threshold, score


def seen_pixels(framed: Tensor) -> Tensor:
    """Return float ``(N, C, H, W)`` in [0, 255] as uint8 ``(N, H, W)`` or ``(N, H, W, 3)``."""
    rounded = framed.round().clamp(0.0, 255.0).to(torch.uint8)
    return rounded[:, 0] if rounded.shape[1] == 1 else rounded.permute(0, 2, 3, 1)
