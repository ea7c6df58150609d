"""What a recogniser says of one picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Prediction:
    """One answer.

    Attributes:
        label: the class name of the highest probability.
        probability: of ``label``, in [0, 1].
        probabilities: class name → probability, in label order, summing to 1.
        refused: whether the picture should be taken for none of the classes.
        score: how much the picture is one of the classes, in [0, 1]; below the recogniser's
            threshold it is refused. 1 where nothing but ``probability`` decides.
        seen: what the network saw, uint8 ``(h, w)`` grey or ``(h, w, 3)`` RGB, where it is known.
    """

    label: str
    probability: float
    probabilities: dict[str, float]
    refused: bool
    score: float = 1.0
    seen: np.ndarray | None = field(default=None, repr=False, compare=False)
