"""Which labels a trained network believes least."""

from __future__ import annotations

import torch
from torch import Tensor

from thumbnet.evaluation.checks import check_probabilities
from thumbnet.evaluation.examples import lead


def suspicious_labels(
    probabilities: Tensor, labels: Tensor, images: Tensor, count: int = 20
) -> tuple[int, ...]:
    """Return the indices of the images whose label is furthest behind another class.

    Ranked by the margin of Northcutt, Jiang and Chuang ("Confident Learning", JAIR 2021): the
    probability of the label less that of the most probable other class. Only images that the
    network takes for another class are returned, and of equal ones only the first, because a
    training set may hold a picture many times.

    The network should not have been trained on these images. If it was, the ranking still puts what
    it could not learn first, but labels that it learnt by heart are missed.

    Args:
        probabilities: floating point ``(N, K)``, each row a distribution.
        labels: int64 ``(N,)``, as given.
        images: uint8 ``(N, C, H, W)``.
        count: at most so many.

    Raises:
        DataError: no image, or shapes or labels that do not fit.
        ModelError: a row of ``probabilities`` is not a distribution.
    """
    check_probabilities(probabilities, labels)
    leads = lead(probabilities, labels)
    order = leads.argsort(stable=True)
    chosen: list[int] = []
    for index in order[leads[order] < 0].tolist():
        if len(chosen) == count:
            break
        if not any(torch.equal(images[index], images[other]) for other in chosen):
            chosen.append(index)
    return tuple(chosen)
