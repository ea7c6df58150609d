"""Loss functions by the names that the field uses: logits and labels in, one mean out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor
from torch.nn import functional

from thumbnet.training.recipe import LossSection

LossFunction = Callable[[Tensor, Tensor], Tensor]


def make_loss(section: LossSection) -> LossFunction:
    """Return ``loss(logits (N, K), labels int64 (N,)) -> scalar``, the mean over the batch.

    * ``cross-entropy``: of the softmax, in nats, with label smoothing (Szegedy et al. 2016,
      1512.00567).
    * ``mse``: mean squared error between the logits' sigmoid and the one-hot labels, the loss that
      classifiers used before cross-entropy.
    """
    if section.name == "mse":
        return sigmoid_mean_squared_error
    return partial(functional.cross_entropy, label_smoothing=section.label_smoothing)


def sigmoid_mean_squared_error(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean over images and classes of ``(sigmoid(logit) - one_hot)²``."""
    targets = functional.one_hot(labels, logits.shape[1]).to(logits.dtype)
    return functional.mse_loss(logits.sigmoid(), targets)
