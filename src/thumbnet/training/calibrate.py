"""The last choice of a run: temperature and refusal threshold, from held-out images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.splits import stratified_choice
from thumbnet.evaluation.answering import answer
from thumbnet.evaluation.classifier import Classifier, predict_logits
from thumbnet.evaluation.refusal import Threshold, fit_temperature, fit_threshold
from thumbnet.models.folder import ModelConfig
from thumbnet.training.batches import change_ink
from thumbnet.training.made import DIGIT_NAMES, fitting_negatives
from thumbnet.training.randomness import derive_seed
from thumbnet.training.recipe import Recipe
from thumbnet.training.setup import RunData

NUM_TRAINING_IMAGES = 5000
NUM_NEGATIVES = 3000


@dataclass(frozen=True)
class Calibration:
    """What was fitted, and on what.

    Attributes:
        temperature: see ``fit_temperature``.
        threshold: see ``fit_threshold``.
        fitted_on: ``"validation"``, or ``"train"`` where the recipe holds nothing out.
        num_images: how many images.
        num_negatives: how many made pictures of none of the classes.
    """

    temperature: float
    threshold: Threshold
    fitted_on: str
    num_images: int
    num_negatives: int

    def apply(self, config: ModelConfig) -> ModelConfig:
        """Return ``config`` with what was fitted."""
        fitted = {"temperature": self.temperature, "refusal_threshold": self.threshold.value}
        return config.model_copy(update=fitted)

    def to_dict(self) -> dict[str, Any]:
        """Return the receipt's entry."""
        return {
            "temperature": self.temperature,
            "refusal_threshold": self.threshold.value,
            "fitted_on": self.fitted_on,
            "num_images": self.num_images,
            "num_negatives": self.num_negatives,
            "false_refusals": self.threshold.false_refusals,
            "refusals": self.threshold.refusals,
        }


def calibrate(classifier: Classifier, data: RunData, recipe: Recipe) -> Calibration:
    """Fit the temperature and the refusal threshold of a trained network.

    Digits are held against made negatives of the kinds for fitting; for anything else, letters
    too, which are among those, the threshold refuses the least certain half per cent. Where the
    recipe changes ink, half of the known images are changed too, so that what was learnt to be
    read is not refused.
    """
    held_out = data.validation or _some_of(data.train)
    config = classifier.config
    logits = _logits(classifier, held_out.images)
    num_classes = len(config.class_names)
    temperature = fit_temperature(logits[:, :num_classes], held_out.labels)
    scale = config.model_copy(update={"temperature": temperature})
    known = _scores(logits, scale)
    if recipe.ink.is_used:
        changed = change_ink(held_out.images, recipe.ink, recipe.seed, epoch=2**31, step=0)
        again = _scores(_logits(classifier, changed.round().to(torch.uint8)), scale)
        known = torch.cat([known, again])
    negatives = None
    if config.input.frame == "mnist" and config.class_names == DIGIT_NAMES:
        seed = derive_seed(recipe.seed, "made", 2) % 2**32
        made = fitting_negatives(NUM_NEGATIVES, seed, held_out.images)
        negatives = _scores(_logits(classifier, made), scale)
    return Calibration(
        temperature=temperature,
        threshold=fit_threshold(known, negatives),
        fitted_on="validation" if data.validation else "train",
        num_images=len(held_out),
        num_negatives=0 if negatives is None else len(negatives),
    )


def _some_of(train: ImageSet) -> ImageSet:
    if len(train) <= NUM_TRAINING_IMAGES:
        return train
    return train.subset(stratified_choice(train, NUM_TRAINING_IMAGES, 0).nonzero().flatten())


def _logits(classifier: Classifier, images: Tensor) -> Tensor:
    return predict_logits(classifier.network, images, classifier.config, classifier.device)


def _scores(logits: Tensor, config: ModelConfig) -> Tensor:
    return answer(logits, config)[4]
