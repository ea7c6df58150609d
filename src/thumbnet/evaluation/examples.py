"""Which pictures of a split say most about a recogniser: confused, hardest, typical, borderline."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from thumbnet.evaluation.checks import check_probabilities


@dataclass(frozen=True)
class ConfusedPair:
    """Two classes that are taken for each other.

    Attributes:
        first: the class that is more often taken for the other (the lower label if as often).
        second: the other.
        num_first_as_second: images of ``first`` that are predicted as ``second``.
        num_second_as_first: the other way round.
        share: of all mistakes, in [0, 1].
        examples: indices of such mistakes, the most confident first.
    """

    first: int
    second: int
    num_first_as_second: int
    num_second_as_first: int
    share: float
    examples: tuple[int, ...]

    @property
    def count(self) -> int:
        """The mistakes between the two."""
        return self.num_first_as_second + self.num_second_as_first


@dataclass(frozen=True)
class ClassExamples:
    """Images of one class: those that are surest to be recognised, and those on the edge.

    Attributes:
        typical: indices, those first whose class leads the next most probable one by most.
        borderline: indices, those first where the lead, or the lack, is smallest.
    """

    typical: tuple[int, ...]
    borderline: tuple[int, ...]


def confused_pairs(
    probabilities: Tensor, labels: Tensor, num_pairs: int = 8, num_examples: int = 7
) -> tuple[ConfusedPair, ...]:
    """Return the pairs of classes between which most mistakes are made, the worst first.

    Args:
        probabilities: floating point ``(N, K)``, each row a distribution.
        labels: int64 ``(N,)``, the true classes.
        num_pairs: at most so many.
        num_examples: at most so many indices for each.

    Raises:
        DataError: no image, or shapes or labels that do not fit.
        ModelError: a row of ``probabilities`` is not a distribution.
    """
    check_probabilities(probabilities, labels)
    confidences, predictions = probabilities.cpu().double().max(dim=1)
    labels, num_classes = labels.cpu(), probabilities.shape[1]
    wrong = (predictions != labels).nonzero().flatten()
    wrong = wrong[confidences[wrong].argsort(descending=True, stable=True)]
    low = torch.minimum(labels[wrong], predictions[wrong])
    high = torch.maximum(labels[wrong], predictions[wrong])
    keys = low * num_classes + high
    counts = torch.bincount(keys, minlength=num_classes**2)
    worst = counts.argsort(descending=True, stable=True)[:num_pairs]
    pairs = []
    for key in worst[counts[worst] > 0].tolist():
        members = wrong[keys == key]
        first, second = divmod(key, num_classes)
        num_first = int((labels[members] == first).sum())
        num_second = len(members) - num_first
        if num_second > num_first:
            first, second, num_first, num_second = second, first, num_second, num_first
        share = len(members) / len(wrong)
        examples = tuple(members[:num_examples].tolist())
        pairs.append(ConfusedPair(first, second, num_first, num_second, share, examples))
    return tuple(pairs)


def hardest(probabilities: Tensor, labels: Tensor, count: int = 20) -> tuple[int, ...]:
    """Return the indices of the images with the highest cross-entropy, the worst first.

    Arguments and errors are those of :func:`confused_pairs`; images that are recognised with a
    low probability are among them too.
    """
    check_probabilities(probabilities, labels)
    likelihoods = probabilities.cpu().double().gather(1, labels.cpu()[:, None])[:, 0]
    return tuple(likelihoods.argsort(stable=True)[:count].tolist())


def class_examples(probabilities: Tensor, labels: Tensor, num_each: int) -> list[ClassExamples]:
    """Return typical and borderline images of each class, in label order.

    Arguments and errors are those of :func:`confused_pairs`; a class of few images gives fewer, and
    those that are typical are not borderline as well.
    """
    check_probabilities(probabilities, labels)
    leads = lead(probabilities, labels)
    labels = labels.cpu()
    examples = []
    for label in range(probabilities.shape[1]):
        members = (labels == label).nonzero().flatten()
        surest = members[leads[members].argsort(descending=True, stable=True)]
        typical = [index for index in surest[:num_each].tolist() if leads[index] > 0]
        rest = surest[len(typical) :]
        closest = rest[leads[rest].abs().argsort(stable=True)]
        examples.append(ClassExamples(tuple(typical), tuple(closest[:num_each].tolist())))
    return examples


def lead(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Return by how much each label is more probable than every other class.

    Args:
        probabilities: floating point ``(N, K)``.
        labels: int64 ``(N,)``.

    Returns:
        float64 ``(N,)`` in [-1, 1], on the CPU; negative where another class is predicted.
    """
    shares = probabilities.cpu().double()
    own = shares.gather(1, labels.cpu()[:, None])
    others = shares.scatter(1, labels.cpu()[:, None], -1.0)
    return own[:, 0] - others.amax(1)
