"""Whether scores and labels belong together; every public function of this package asks first."""

from __future__ import annotations

import torch
from torch import Tensor

from thumbnet.errors import DataError, ModelError

# Probabilities may come from float16 models; a row of logits is off by far more than this.
_ROW_SUM_TOLERANCE = 0.01


def check_logits(logits: Tensor, labels: Tensor, num_classes: int) -> None:
    """Raise unless ``logits`` ``(N, K)`` are finite and ``labels`` ``(N,)`` name K classes, N ≥ 1.

    Raises:
        DataError: there is no image, a shape does not fit, or a label names no class.
        ModelError: a logit is not finite.
    """
    if logits.ndim != 2 or logits.shape[1] != num_classes:
        raise DataError(
            "the model's scores have the wrong form",
            got=f"{logits.dtype} {tuple(logits.shape)}",
            expected=f"(N, {num_classes}), one score for each image and class name",
        )
    if labels.dtype != torch.int64 or labels.shape != logits.shape[:1]:
        raise DataError(
            "the labels do not fit the model's scores",
            got=f"{labels.dtype} {tuple(labels.shape)}",
            expected=f"torch.int64 ({len(logits)},), one label for each row of scores",
        )
    if len(labels) == 0:
        raise DataError(
            "there is nothing to evaluate",
            got="0 images",
            expected="at least 1 image",
            fix="choose a split that has images",
        )
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= num_classes:
        raise DataError(
            "a label names no class",
            got=f"labels from {lowest} to {highest}",
            expected=f"0 to {num_classes - 1}",
        )
    num_broken = int((~torch.isfinite(logits)).any(dim=1).sum())
    if num_broken:
        raise ModelError(
            "the model's scores are not finite",
            got=f"NaN or infinity for {num_broken} of {len(logits)} images",
            expected="finite scores",
            fix="the training has probably diverged: train again with a lower learning rate",
        )


def check_probabilities(probabilities: Tensor, labels: Tensor) -> None:
    """Raise unless ``probabilities`` ``(N, K)`` are distributions and ``labels`` ``(N,)`` fit them.

    Raises:
        DataError: there is no image, a shape does not fit, or a label names no class.
        ModelError: a row is not finite, has a negative entry, or does not sum to 1.
    """
    check_logits(probabilities, labels, probabilities.shape[-1] if probabilities.ndim else 0)
    rows = probabilities.cpu().double()
    row_sums = rows.sum(dim=1)
    is_broken = ((row_sums - 1).abs() > _ROW_SUM_TOLERANCE) | (rows < 0).any(dim=1)
    if is_broken.any():
        first = int(is_broken.int().argmax())
        raise ModelError(
            "the scores are not probabilities",
            got=f"row {first} has sum {float(row_sums[first]):g} "
            f"and minimum {float(rows[first].min()):g}",
            expected="no entry below 0 and a sum of 1 in every row",
            fix="apply a softmax to logits first",
        )
