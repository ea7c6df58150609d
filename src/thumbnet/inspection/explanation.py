"""Why a recogniser answers as it does for one picture: maps of what its scores depend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from thumbnet.errors import ModelError, nearest
from thumbnet.evaluation.answering import Answering
from thumbnet.evaluation.classifier import Classifier
from thumbnet.inspection.empty_picture import empty_colours
from thumbnet.inspection.evidence_place import EvidencePlace, ink_box, locate_evidence
from thumbnet.inspection.integrated_gradients import integrated_gradients
from thumbnet.inspection.occlusion import occlusion
from thumbnet.prediction import Prediction

NUM_STEPS = 128
"""Of integrated gradients: with the bundled digits, the maps then miss about 1 % of their sum."""


@dataclass(frozen=True)
class ContrastMaps:
    """What the scores of two classes depend on, for N pictures, by both methods.

    A score is a logit divided by the model's temperature: the difference of two is the logarithm of
    the ratio of the classes' probabilities.

    Attributes:
        occlusion: float32 ``(2, N, H, W)``, first class then second, see ``occlusion``.
        gradients: float32 ``(2, N, H, W)``, see ``integrated_gradients``.
        errors: float32 ``(2, N)``, their completeness errors.
        empty: float32 ``(N, C)`` in [0, 255], what an empty picture was taken to be.
        window_px: side of the window of occlusion.
        stride_px: its stride.
        num_steps: of integrated gradients.
    """

    occlusion: Tensor
    gradients: Tensor
    errors: Tensor
    empty: Tensor
    window_px: int
    stride_px: int
    num_steps: int


@dataclass(frozen=True)
class Explanation:
    """Why a picture is taken for one class rather than another.

    Attributes:
        prediction: the answer, with the picture that the network saw.
        other: the class that it is compared with, the runner-up unless another was asked for.
        maps: of one picture; the first class is the answer, the second is ``other``.
        is_white_ink: the picture is a glyph in MNIST's frame, ink white on black.
        threshold: scores below it are refused.
    """

    prediction: Prediction
    other: str
    maps: ContrastMaps
    is_white_ink: bool
    threshold: float

    @property
    def seen(self) -> NDArray[np.uint8]:
        """What the network saw, uint8 ``(H, W)`` or ``(H, W, 3)``."""
        assert self.prediction.seen is not None, "a classifier always says what it saw"
        return self.prediction.seen

    @property
    def places(self) -> tuple[EvidencePlace, EvidencePlace]:
        """Where most of what speaks for the answer rather than for ``other`` lies, by method."""
        box = ink_box(torch.as_tensor(self.seen)) if self.is_white_ink else None
        by_occlusion, by_gradients = (
            locate_evidence(maps[0, 0] - maps[1, 0], box)
            for maps in (self.maps.occlusion, self.maps.gradients)
        )
        return by_occlusion, by_gradients

    @property
    def other_is_runner_up(self) -> bool:
        """Whether no class but the answer is more probable than ``other``."""
        return self.other == runner_up(self.prediction)

    @property
    def completeness_error(self) -> float:
        """By how much the map of integrated gradients misses what it should add up to."""
        return float(self.maps.errors[0, 0] - self.maps.errors[1, 0])

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the pictures as JSON-safe values."""
        prediction = self.prediction
        by_occlusion, by_gradients = self.places
        return {
            "label": prediction.label,
            "probability": prediction.probability,
            "other": self.other,
            "other_probability": prediction.probabilities[self.other],
            "refused": prediction.refused,
            "score": prediction.score,
            "refusal_threshold": self.threshold,
            "occlusion": {
                **vars(by_occlusion),
                "window_px": self.maps.window_px,
                "stride_px": self.maps.stride_px,
            },
            "integrated_gradients": {
                **vars(by_gradients),
                "num_steps": self.maps.num_steps,
                "completeness_error": self.completeness_error,
            },
        }


def explain_picture(
    classifier: Classifier, picture: Any, against: str | None = None
) -> Explanation:
    """Answer one picture and say what the answer depends on.

    Args:
        classifier: the model, with its weights.
        picture: of any size, as ``Classifier.predict`` takes it; framed as it does.
        against: the class to compare with; by default, or if it is the answer, the runner-up.

    Raises:
        ImageError: the file cannot be decoded.
        ModelError: the model has no class ``against``, or ``picture`` is not one picture.
    """
    config = classifier.config
    names = config.class_names
    if against is not None and against not in names:
        raise ModelError(
            "the model has no such class", got=against, expected=nearest(against, names)
        )
    predictions = classifier.predict(picture)
    if len(predictions) != 1:
        raise ModelError("one picture is explained at a time", got=f"{len(predictions)} pictures")
    prediction = predictions[0]
    if against is None or against == prediction.label:
        against = runner_up(prediction)
    seen = torch.as_tensor(prediction.seen)
    seen = seen[None, None] if seen.ndim == 2 else seen.permute(2, 0, 1)[None]
    pair = [torch.tensor([names.index(name)]) for name in (prediction.label, against)]
    maps = contrast_maps(classifier, seen, *pair, stride_px=max(1, seen.shape[-1] // 28))
    is_white_ink = config.input.frame == "mnist"
    return Explanation(prediction, against, maps, is_white_ink, config.refusal_threshold)


def runner_up(prediction: Prediction) -> str:
    """Return the most probable class but for the answer."""
    shares = prediction.probabilities
    return max((name for name in shares if name != prediction.label), key=shares.__getitem__)


def contrast_maps(
    classifier: Classifier,
    images: Tensor,
    first: Tensor | Sequence[int],
    second: Tensor | Sequence[int],
    *,
    stride_px: int | None = None,
    num_steps: int = NUM_STEPS,
) -> ContrastMaps:
    """Compute the maps of two classes for each picture, in as few passes as possible.

    Args:
        classifier: the model.
        images: uint8 ``(N, C, H, W)``, of the model's channels and size.
        first: a class of each picture, int64 ``(N,)``.
        second: the class that it is compared with, likewise.
        stride_px: of the windows of occlusion, whose side is a sixth of the picture's; by default
            half a window.
        num_steps: of integrated gradients.

    Raises:
        ModelError: something does not fit, see ``occlusion`` and ``integrated_gradients``.
    """
    side_px = min(images.shape[2:])
    window_px = min(side_px, max(2, round(side_px / 6)))
    stride_px = stride_px or max(1, window_px // 2)
    device = classifier.device
    empty = empty_colours(images, classifier.config.input)
    scores = _Scores(classifier)
    twice = images.to(device).float().repeat(2, 1, 1, 1)
    colours = empty.to(device).repeat(2, 1)
    targets = torch.cat([torch.as_tensor(first), torch.as_tensor(second)]).to(device)
    dropped = occlusion(
        scores, twice, targets, window_px=window_px, stride_px=stride_px, empty=colours
    )
    added = integrated_gradients(scores, twice, targets, empty=colours, num_steps=num_steps)
    return ContrastMaps(
        occlusion=torch.stack(dropped.cpu().chunk(2)),
        gradients=torch.stack(added.maps.cpu().chunk(2)),
        errors=torch.stack(added.errors.cpu().chunk(2)),
        empty=empty,
        window_px=window_px,
        stride_px=stride_px,
        num_steps=num_steps,
    )


class _Scores(nn.Module):
    """Float ``(N, C, H, W)`` in [0, 255] → logits over temperature ``(N, K)``, all views."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.answering = Answering(classifier.network, classifier.config)
        self.num_classes = len(classifier.config.class_names)

    def forward(self, pixels: Tensor) -> Tensor:
        logits = self.answering.logits(pixels)[:, : self.num_classes]
        return logits / self.answering.config.temperature
