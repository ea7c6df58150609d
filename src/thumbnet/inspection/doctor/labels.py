"""Which labels are probably wrong, by confident learning.

Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels", Journal
of Artificial Intelligence Research 70, 2021 (arXiv 1911.00068).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Suspects:
    """Pictures whose label is probably another.

    Attributes:
        indices: int64 ``(S,)``, the most suspicious first.
        suggested: int64 ``(S,)``: the label that each is confidently counted to.
        margins: float ``(S,)`` in [-1, 1]: the probability of the given label minus that of the
            most probable other one; the ranking.
        joint: int64 ``(K, K)``: the confident joint, see ``confident_joint``.
    """

    indices: Tensor
    suggested: Tensor
    margins: Tensor
    joint: Tensor

    def __len__(self) -> int:
        return len(self.indices)


def find_suspects(labels: Tensor, probabilities: Tensor) -> Suspects:
    """Find labels that are probably wrong.

    A picture is a suspect if it is counted outside the diagonal of the confident joint. Suspects
    are ranked by their normalised margin.

    Args:
        labels: int64 ``(N,)``, as given.
        probabilities: float ``(N, K)``, of a model that did not train on the picture.
    """
    counted = confident_classes(labels, probabilities)
    suspects = ((counted >= 0) & (counted != labels)).nonzero().flatten()
    margins = normalised_margins(labels, probabilities)[suspects]
    order = margins.argsort(stable=True)
    return Suspects(
        suspects[order],
        counted[suspects][order],
        margins[order],
        _joint(labels, counted, probabilities.shape[1]),
    )


def thresholds(labels: Tensor, probabilities: Tensor) -> Tensor:
    """Return for each class the mean probability that its own pictures have, float64 ``(K,)``.

    Equation 2 of the paper. A class without pictures has a threshold that nothing reaches.
    """
    num_classes = probabilities.shape[1]
    own = probabilities.double().gather(1, labels[:, None]).flatten()
    sums = torch.zeros(num_classes, dtype=torch.float64).index_add_(0, labels, own)
    counts = torch.bincount(labels, minlength=num_classes)
    return torch.where(counts > 0, sums / counts.clamp(min=1), torch.full_like(sums, 2.0))


def confident_classes(labels: Tensor, probabilities: Tensor) -> Tensor:
    """Return the class that each picture is confidently counted to, or -1, int64 ``(N,)``.

    That is the most probable of the classes whose threshold its probability reaches.
    """
    reached = probabilities.double() >= thresholds(labels, probabilities)[None]
    masked = probabilities.double().masked_fill(~reached, -1.0)
    return torch.where(reached.any(1), masked.argmax(1), torch.full_like(labels, -1))


def confident_joint(labels: Tensor, probabilities: Tensor) -> Tensor:
    """Return how many pictures of each given label are counted to each class, int64 ``(K, K)``.

    Equation 1 of the paper; the rows are the given labels.
    """
    counted = confident_classes(labels, probabilities)
    return _joint(labels, counted, probabilities.shape[1])


def _joint(labels: Tensor, counted: Tensor, num_classes: int) -> Tensor:
    known = counted >= 0
    cells = labels[known] * num_classes + counted[known]
    return torch.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)


def normalised_margins(labels: Tensor, probabilities: Tensor) -> Tensor:
    """Return the given label's probability minus the largest other one, float64 ``(N,)``."""
    values = probabilities.double()
    own = values.gather(1, labels[:, None]).flatten()
    others = values.scatter(1, labels[:, None], -1.0)
    return own - others.max(1).values
