"""Whether a recogniser is right as often as it says: reliability bins and calibration error.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from thumbnet.errors import DataError
from thumbnet.evaluation.checks import check_probabilities


@dataclass(frozen=True)
class ReliabilityBin:
    """The images whose confidence (their highest probability) is in ``(low, high]``.

    Attributes:
        low: lower edge, not included (a confidence of 0 would belong to the first bin).
        high: upper edge, included.
        num_images: how many images.
        mean_confidence: their mean confidence; ``None`` when there is no image.
        accuracy: the fraction of them predicted right; ``None`` when there is no image.
    """

    low: float
    high: float
    num_images: int
    mean_confidence: float | None
    accuracy: float | None


def reliability_bins(
    probabilities: Tensor, labels: Tensor, num_bins: int = 15
) -> tuple[ReliabilityBin, ...]:
    """Sort images by confidence into equal-width bins over ``[0, 1]``, empty ones included.

    Args:
        probabilities: floating point ``(N, K)``, each row a distribution.
        labels: int64 ``(N,)``, the true classes.
        num_bins: how many bins, at least 1.

    Raises:
        DataError: no image, shapes or labels that do not fit, or ``num_bins`` below 1.
        ModelError: a row is not a distribution.
    """
    check_probabilities(probabilities, labels)
    if num_bins < 1:
        raise DataError("too few bins", got=num_bins, expected="at least 1")
    confidences, predictions = probabilities.cpu().double().max(dim=1)
    is_right = (predictions == labels.cpu()).double()
    edges = torch.arange(num_bins + 1, dtype=torch.float64) / num_bins
    bin_of = torch.bucketize(confidences, edges[1:-1])
    counts = torch.bincount(bin_of, minlength=num_bins)
    confidence_sums = torch.bincount(bin_of, weights=confidences, minlength=num_bins)
    right_sums = torch.bincount(bin_of, weights=is_right, minlength=num_bins)
    return tuple(
        ReliabilityBin(
            low=float(edges[index]),
            high=float(edges[index + 1]),
            num_images=count,
            mean_confidence=float(confidence_sums[index]) / count if count else None,
            accuracy=float(right_sums[index]) / count if count else None,
        )
        for index, count in enumerate(counts.tolist())
    )


def expected_calibration_error(probabilities: Tensor, labels: Tensor, num_bins: int = 15) -> float:
    """Return the mean gap between confidence and accuracy, as a fraction in ``[0, 1]``.

    Equal-width bins over the highest probability, weighted by their images (Guo et al. 2017,
    equation 3). Arguments and errors are those of :func:`reliability_bins`.
    """
    return calibration_error_of_bins(reliability_bins(probabilities, labels, num_bins))


def calibration_error_of_bins(bins: Sequence[ReliabilityBin]) -> float:
    """Return the expected calibration error, a fraction, of bins that are already made."""
    num_images = sum(each.num_images for each in bins)
    return sum(
        each.num_images / num_images * abs(each.accuracy - each.mean_confidence)
        for each in bins
        if each.accuracy is not None and each.mean_confidence is not None
    )
