"""What a recogniser says of one picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """One answer.

    Attributes:
        label: the class name of the highest probability.
        probability: of ``label``, in [0, 1].
        probabilities: class name → probability, in label order, summing to 1.
        refused: whether the picture should be taken for none of the classes.
    """

    label: str
    probability: float
    probabilities: dict[str, float]
    refused: bool
