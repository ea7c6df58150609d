"""Opening a test set: the only way to it, and every opening is put on record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from thumbnet import files
from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.loading import load_dataset
from thumbnet.errors import DataError, ModelError
from thumbnet.evaluation.answering import answer
from thumbnet.evaluation.classifier import Classifier, predict_logits
from thumbnet.evaluation.metrics import Evaluation, evaluate_logits, scale_logits
from thumbnet.evaluation.refusal import coverage_curve
from thumbnet.models.folder import find_model_folder
from thumbnet.training.device import choose_device
from thumbnet.training.receipt import now, read_receipt
from thumbnet.training.run_files import RECEIPT


@dataclass(frozen=True)
class TestOpening:
    """One evaluation on a test set, with what its figures are drawn from."""

    __test__ = False  # not a test class, whatever its name

    images: ImageSet
    probabilities: Tensor
    evaluation: Evaluation
    scores: Tensor
    threshold: float

    @property
    def false_refusals(self) -> float:
        """The share of the images that the model refuses."""
        return float((self.scores < self.threshold).double().mean())

    def coverage(self) -> list[dict[str, float]]:
        """Return error against coverage, see ``coverage_curve``."""
        return coverage_curve(self.scores, self.probabilities.argmax(1) == self.images.labels)

    def record(self, data: str) -> dict[str, Any]:
        """Return the line that a receipt keeps."""
        return {
            "at": now(),
            "data": data,
            "test_hash": self.images.content_hash,
            "accuracy": self.evaluation.accuracy,
        }


def test(
    path: Path | str,
    *,
    data: str | None = None,
    device: str = "auto",
    skip_bad: bool = False,
    report: Callable[[str], None] | None = None,
) -> Evaluation:
    """Evaluate a run's or a model folder's model on a test set.

    Args:
        path: the folder.
        data: a catalogue name or ``folder:PATH``; by default what the model was trained on.
        device: see ``choose_device``.
        skip_bad: pass over a folder's unreadable files.
        report: told of downloads and the like.

    Raises:
        ModelError: there is no whole model.
        DataError: the data set cannot be used, or has other classes than the model.
    """
    chosen = choose_device(device)
    model_folder = find_model_folder(Path(path))
    classifier = Classifier.load(model_folder, chosen)
    name = data or classifier.config.trained_on.get("data")
    if name is None:
        raise ModelError(
            "the model does not say what it was trained on", got=path, fix="say it with --data"
        )
    opening = open_test_set(classifier, name, skip_bad=skip_bad, report=report)
    receipt_file = model_folder.parent / RECEIPT
    if receipt_file.is_file():
        receipt = read_receipt(receipt_file)
        receipt["test_openings"].append(opening.record(name))
        files.write_atomically(receipt_file, files.to_json(receipt))
    return opening.evaluation


test.__test__ = False  # type: ignore[attr-defined]  # not a test function, whatever its name


def open_test_set(
    classifier: Classifier,
    data: str,
    *,
    skip_bad: bool = False,
    report: Callable[[str], None] | None = None,
) -> TestOpening:
    """Load the test split of ``data`` and evaluate ``classifier`` on it. See ``test``."""
    config = classifier.config
    images = load_dataset(
        data,
        "test",
        channels=config.input.channels,
        size_px=config.input.size_px,
        skip_bad=skip_bad,
        report=report,
    )
    if images.class_names != config.class_names:
        raise DataError(
            "the data set's classes are not the model's",
            got=", ".join(images.class_names[:12]),
            expected=", ".join(config.class_names[:12]),
        )
    outputs = predict_logits(classifier.network, images.images, config, classifier.device)
    scores = answer(outputs, config)[4]
    logits = outputs[:, : len(config.class_names)]
    evaluation = evaluate_logits(logits, images.labels, images.class_names, config.temperature)
    probabilities = scale_logits(logits, config.temperature).softmax(1)
    return TestOpening(images, probabilities, evaluation, scores, config.refusal_threshold)
