"""How sure an answer must be: the temperature, the refusal threshold and what they cost.

Temperature: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017. Refusal by the
largest probability: Hendrycks and Gimpel, "A Baseline for Detecting Misclassified and
Out-of-Distribution Examples", ICLR 2017; with an output for none of the classes where the network
has one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_TEMPERATURES = torch.logspace(-1, 1, 401, dtype=torch.float64)


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature in [0.1, 10] with the smallest cross-entropy, to about 1 %.

    Args:
        logits: ``(N, K)`` of held-out images.
        labels: int64 ``(N,)``.
    """
    exact = logits.double()
    losses = [functional.cross_entropy(exact / value, labels) for value in _TEMPERATURES]
    return float(_TEMPERATURES[int(torch.stack(losses).argmin())])


@dataclass(frozen=True)
class Threshold:
    """A refusal threshold and what it does where it was fitted.

    Attributes:
        value: scores below it are refused.
        false_refusals: share of the known images that are refused.
        refusals: share of the negatives that are refused; None where there were none.
    """

    value: float
    false_refusals: float
    refusals: float | None


def fit_threshold(
    known: Tensor, negatives: Tensor | None, max_false_refusals: float = 0.005
) -> Threshold:
    """Return the threshold that errs least, refusing no more of ``known`` than allowed.

    The two errors, refusing a known image and accepting a negative, count as the shares they are.

    Args:
        known: scores ``(N,)`` of held-out images of the classes.
        negatives: scores ``(M,)`` of pictures of none of them; without them, the threshold refuses
            just what is allowed.
        max_false_refusals: largest share of ``known`` that may be refused.
    """
    known = known.double().sort().values
    largest = float(known[min(int(max_false_refusals * len(known)), len(known) - 1)])
    if negatives is None:
        return Threshold(largest, float((known < largest).double().mean()), None)
    candidates = torch.cat([known[known <= largest], negatives.double(), torch.zeros(1).double()])
    candidates = torch.unique(candidates[candidates <= largest])
    refused_known = torch.searchsorted(known, candidates).double() / len(known)
    sorted_negatives = negatives.double().sort().values
    refused = torch.searchsorted(sorted_negatives, candidates).double() / len(negatives)
    best = int((refused_known + 1 - refused).argmin())
    return Threshold(float(candidates[best]), float(refused_known[best]), float(refused[best]))


def coverage_curve(
    scores: Tensor, is_right: Tensor, num_points: int = 50
) -> list[dict[str, float]]:
    """Return accuracy among the most certain images against how many of them are answered.

    Args:
        scores: ``(N,)``.
        is_right: bool ``(N,)``.
        num_points: of the curve, the last with every image.

    Returns:
        Rising ``coverage`` in (0, 1], the ``accuracy`` within it and the lowest ``score`` there.
    """
    order = scores.argsort(descending=True, stable=True)
    right = is_right[order].double().cumsum(0)
    counts = [math.ceil(index * len(scores) / num_points) for index in range(1, num_points + 1)]
    return [
        {
            "coverage": count / len(scores),
            "accuracy": float(right[count - 1]) / count,
            "score": float(scores[order[count - 1]]),
        }
        for count in counts
    ]
