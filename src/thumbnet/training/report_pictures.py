"""What a run's report shows of its test and training images, computed from its network."""

from __future__ import annotations

import torch

from thumbnet.datasets.image_set import ImageSet
from thumbnet.evaluation.classifier import Classifier, predict_logits
from thumbnet.evaluation.examples import hardest
from thumbnet.evaluation.metrics import scale_logits
from thumbnet.evaluation.report_pictures import (
    Answered,
    Evidence,
    ReportPictures,
    class_rows,
    evidence_rows,
    hardest_pictures,
    pair_rows,
    sample_pictures,
    suspicious_pictures,
)
from thumbnet.inspection.explanation import contrast_maps
from thumbnet.models.folder import Views
from thumbnet.training.testing import TestOpening

NUM_EXPLAINED = 6
# The maps of a report are small; see how exact they are in thumbnet.inspection.explanation.
_NUM_STEPS = 32


def report_pictures(
    classifier: Classifier, opening: TestOpening, train: ImageSet
) -> ReportPictures:
    """Choose and draw the pictures of a report.

    The training images are looked at in one view each, which is a fraction of an epoch's work.

    Args:
        classifier: the trained network, with its temperature.
        opening: its evaluation on the test set.
        train: what it was trained on.
    """
    images = opening.images
    tested = Answered(images.images, images.labels, opening.probabilities, images.class_names)
    learnt = Answered(train.images, train.labels, _answers(classifier, train), train.class_names)
    samples = sample_of(train)
    return ReportPictures(
        pairs=pair_rows(tested),
        hardest=hardest_pictures(tested),
        evidence=_evidence(classifier, tested),
        classes=class_rows(tested),
        suspicious=suspicious_pictures(learnt),
        samples=sample_pictures(samples.images, samples.labels, samples.class_names),
    )


def sample_of(images: ImageSet, count: int = 50) -> ImageSet:
    """Return ``count`` images, evenly spaced: a folder's come class by class."""
    chosen = torch.linspace(0, len(images) - 1, min(count, len(images)), dtype=torch.float64)
    return images.subset(chosen.round().long())


def _answers(classifier: Classifier, images: ImageSet) -> torch.Tensor:
    config = classifier.config.model_copy(update={"views": Views()})
    logits = predict_logits(classifier.network, images.images, config, classifier.device)
    return scale_logits(logits[:, : images.num_classes], config.temperature).softmax(1)


def _evidence(classifier: Classifier, tested: Answered) -> Evidence | None:
    """Explain the hardest mistakes: what speaks for the prediction rather than for the truth."""
    predictions = tested.probabilities.argmax(1)
    candidates = hardest(tested.probabilities, tested.labels, len(tested.labels))
    wrong = [index for index in candidates if predictions[index] != tested.labels[index]]
    chosen = wrong[:NUM_EXPLAINED]
    if not chosen:
        return None
    maps = contrast_maps(
        classifier,
        tested.images[chosen],
        predictions[chosen],
        tested.labels[chosen],
        num_steps=_NUM_STEPS,
    )
    return evidence_rows(
        tested,
        chosen,
        maps.occlusion[0] - maps.occlusion[1],
        maps.gradients[0] - maps.gradients[1],
        maps.empty.mean(1).tolist(),
    )
