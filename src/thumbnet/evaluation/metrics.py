"""What a recogniser gets right: accuracy with its interval, loss, per-class scores, confusion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import torch
from torch import Tensor

from thumbnet.errors import DataError, ModelError
from thumbnet.evaluation.calibration import expected_calibration_error
from thumbnet.evaluation.checks import check_logits


@dataclass(frozen=True)
class ClassScore:
    """How well one class is recognised, all fractions in ``[0, 1]``.

    A score whose denominator is zero (nothing predicted as the class, no image of it) is 0.0, as
    with scikit-learn's ``zero_division=0``.
    """

    name: str
    precision: float
    recall: float
    f1: float
    num_images: int


@dataclass(frozen=True)
class Evaluation:
    """The metrics of one model on one split; every rate is a fraction, never a percentage.

    Attributes:
        num_images: N.
        num_correct: how many of them are predicted right.
        accuracy: ``num_correct / num_images``.
        accuracy_interval: 95 % Wilson interval of the accuracy, ``(low, high)``. It covers the
            choice of test images, not the choice of seed.
        loss: mean cross-entropy over all images, in nats.
        expected_calibration_error: over 15 equal-width bins (Guo et al. 2017).
        per_class: one score for each class, in label order.
        confusion: K×K counts, rows are true classes, columns predicted ones.
    """

    num_images: int
    num_correct: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    loss: float
    expected_calibration_error: float
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The name of every class, in label order."""
        return tuple(score.name for score in self.per_class)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, in the order above, as JSON-safe dicts, lists, numbers and strings."""
        fields = asdict(self)
        fields["accuracy_interval"] = list(self.accuracy_interval)
        fields["per_class"] = list(fields["per_class"])
        fields["confusion"] = [list(row) for row in self.confusion]
        return fields

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Evaluation:
        """Rebuild what :meth:`to_dict` gave, also after a trip through JSON.

        Raises:
            DataError: a field is missing, unknown or of the wrong form.
        """
        try:
            low, high = fields["accuracy_interval"]
            return cls(
                **{
                    **fields,
                    "accuracy_interval": (float(low), float(high)),
                    "per_class": tuple(ClassScore(**score) for score in fields["per_class"]),
                    "confusion": tuple(tuple(row) for row in fields["confusion"]),
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"a stored evaluation cannot be read ({error})",
                got=f"the fields {', '.join(map(str, fields))}",
                expected=f"the fields {', '.join(cls.__dataclass_fields__)}",
            ) from error


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the score interval ``(low, high)`` of a proportion (Wilson 1927).

    Unlike the normal approximation it stays inside ``[0, 1]`` and is right near 100 %, where good
    recognisers are.

    Raises:
        DataError: not ``0 <= successes <= trials`` with at least one trial, or ``confidence`` is
            not strictly between 0 and 1.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise DataError(
            "a proportion needs 0 <= successes <= trials and at least one trial",
            got=f"{successes} successes of {trials} trials",
        )
    if not 0 < confidence < 1:
        raise DataError("the confidence is not a probability", got=confidence, expected="0 to 1")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    proportion = successes / trials
    shrink = 1 + z * z / trials
    centre = (proportion + z * z / (2 * trials)) / shrink
    variance = proportion * (1 - proportion) / trials + z * z / (4 * trials * trials)
    half_width = z * math.sqrt(variance) / shrink
    # The two ends are exactly 0 and 1 here; rounding would leave them a hair beside.
    low = 0.0 if successes == 0 else centre - half_width
    high = 1.0 if successes == trials else centre + half_width
    return low, high


def scale_logits(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Return ``logits / temperature`` as float64 on the CPU, same shape.

    Raises:
        ModelError: ``temperature`` is not a finite number above 0.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise ModelError(
            "the temperature is out of range", got=temperature, expected="a finite number above 0"
        )
    # To the CPU first: Apple's GPUs have no float64.
    return logits.detach().cpu().double() / temperature


def evaluate_logits(
    logits: Tensor, labels: Tensor, class_names: Sequence[str], temperature: float = 1.0
) -> Evaluation:
    """Compute every metric of one model on one split, in float64 on the CPU.

    Takes logits because a float32 softmax that has saturated to 0 has lost its loss.

    Args:
        logits: floating point ``(N, K)``, on any device.
        labels: int64 ``(N,)``, the true classes, on any device.
        class_names: K names, in label order.
        temperature: divides the logits before the softmax; changes loss and calibration only.

    Raises:
        DataError: no image, shapes that do not fit each other, or a label that names no class.
        ModelError: a logit is not finite, or the temperature is not a finite number above 0.
    """
    num_classes = len(class_names)
    check_logits(logits, labels, num_classes)
    scaled = scale_logits(logits, temperature)
    labels = labels.cpu()
    log_probabilities = scaled.log_softmax(dim=1)
    loss = -log_probabilities.gather(1, labels[:, None]).mean()
    # Predicted before the division: a large temperature could round two logits into a tie.
    predictions = logits.detach().cpu().argmax(dim=1)
    confusion = torch.bincount(labels * num_classes + predictions, minlength=num_classes**2)
    confusion = confusion.reshape(num_classes, num_classes)
    num_correct = int(confusion.trace())
    return Evaluation(
        num_images=len(labels),
        num_correct=num_correct,
        accuracy=num_correct / len(labels),
        accuracy_interval=wilson_interval(num_correct, len(labels)),
        loss=float(loss),
        expected_calibration_error=expected_calibration_error(log_probabilities.exp(), labels),
        per_class=_class_scores(confusion, class_names),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def _class_scores(confusion: Tensor, class_names: Sequence[str]) -> tuple[ClassScore, ...]:
    num_right = confusion.diagonal().tolist()
    num_predicted = confusion.sum(dim=0).tolist()
    num_true = confusion.sum(dim=1).tolist()
    return tuple(
        ClassScore(
            name=name,
            precision=right / predicted if predicted else 0.0,
            recall=right / true if true else 0.0,
            f1=2 * right / (predicted + true) if predicted + true else 0.0,
            num_images=true,
        )
        for name, right, predicted, true in zip(
            class_names, num_right, num_predicted, num_true, strict=True
        )
    )
