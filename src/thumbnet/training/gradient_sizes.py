"""How large the gradient is at every layer with weights: where it vanishes, nothing is learned."""

from __future__ import annotations

from torch import Tensor, nn
from torch.autograd import grad

from thumbnet.training.losses import LossFunction


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
