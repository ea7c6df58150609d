"""One person's handwriting: the bundled recogniser, trained on with a few samples of each digit.

The samples are mixed with MNIST's images and made pictures, so that other hands, and refusing what
is no digit, are not forgotten. A fifth of the samples is held back and only counted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from thumbnet import files
from thumbnet.datasets.image_set import ImageSet
from thumbnet.evaluation.answering import answer
from thumbnet.evaluation.classifier import Classifier, predict_logits
from thumbnet.evaluation.metrics import Evaluation, evaluate_logits
from thumbnet.inference.locate import bundled_weights
from thumbnet.models.folder import CARD, WEIGHTS, ModelConfig, add_to_manifest, load_model_folder
from thumbnet.training.checkpoint import CheckpointFolder
from thumbnet.training.device import choose_device, pinned
from thumbnet.training.finish import finish_run
from thumbnet.training.interruption import StopRequest
from thumbnet.training.loop import Saver, Training, train_epochs
from thumbnet.training.metrics_log import MetricsLog
from thumbnet.training.progress import make_display
from thumbnet.training.receipt import read_receipt
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe, recipe_to_toml
from thumbnet.training.run import Run, check_new_run_folder, next_run_folder
from thumbnet.training.run_files import CHECKPOINTS, MODEL, RECEIPT, RECIPE
from thumbnet.training.samples import Samples, load_samples
from thumbnet.training.setup import RunData, load_run_data, prepare_training
from thumbnet.training.state import TrainingState
from thumbnet.training.testing import open_test_set

BASE = "digits"
NAME = "digits-personal"
DESCRIPTION = (
    "The bundled recogniser, trained on with one person's digits. Those, and the weights that it "
    "began with, are not part of this file: thumbnet personalise."
)
EPOCHS = 5
NUM_OTHERS = 5000
"""How many of MNIST's training images are seen in an epoch."""
NUM_SEEN = 2000
"""About how often any of the samples is seen in an epoch, each time changed in another way."""
RATE_SHARE = 0.03
"""Learning rates, as a share of those that the bundled recogniser was trained with. 0.1 and 0.2,
tried with one seed each, gained no more, so this is the most careful."""

_RATES = ("learning_rate", "other_learning_rate", "bias_learning_rate")


def personalise(
    folder: Path | str,
    *,
    out: Path | str | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: bool = True,
) -> Run:
    """Train the bundled recogniser on with a person's own digits.

    Args:
        folder: ``<digit>/…`` with pictures of single digits, see ``load_samples``.
        out: the run folder, without a run in it; by default ``runs/digits-personal-<n>``. It
            appears when all is done.
        seed: of everything random.
        device: see ``choose_device``.
        progress: show a live display (or plain lines) on stderr.

    Returns:
        The run. Its test set is MNIST's; its receipt's ``personal`` says what was gained on the
        samples that were held back, and what was lost on MNIST's test set.

    Raises:
        DataError: there are too few samples, or one cannot be read.
        OutputError: the run folder cannot be written.
        Interrupted: Ctrl-C or SIGTERM; nothing is left behind.
    """
    samples = load_samples(Path(folder))
    target = Path(out) if out is not None else next_run_folder(NAME)
    check_new_run_folder(target)
    network, config = load_model_folder(bundled_weights(BASE))
    chosen = choose_device(device)
    before = Classifier(network.to(chosen), config, chosen)
    recipe = make_personal_recipe(config, seed)
    others = load_run_data(recipe)
    data = RunData(mixed(others.train, samples.train), others.validation)
    with pinned(recipe.threads), files.new_folder(target, last=RECEIPT) as partial:
        training, state = prepare_training(recipe, data, chosen)
        training.model.load_state_dict(network.state_dict())
        _train(partial, training, state, progress)
        finish_run(partial, training, state, data, skip_bad=False)
        _record_gain(partial, before, samples)
    return Run(target)


def make_personal_recipe(config: ModelConfig, seed: int) -> Recipe:
    """Return the bundled recogniser's recipe, shorter and gentler, for the same input."""
    base = load_recipe(BASE)
    return load_recipe(
        BASE,
        {
            "name": NAME,
            "description": DESCRIPTION,
            "seed": seed,
            "epochs": EPOCHS,
            # What "auto" measures may differ from run to run, and the weights with it.
            "precision": "fp32",
            "data.limit": NUM_OTHERS,
            # Those of the weights, not of this mixture.
            "input.mean": config.input.mean,
            "input.std": config.input.std,
            **{f"optimizer.{name}": RATE_SHARE * getattr(base.optimizer, name) for name in _RATES},
        },
    )


def mixed(others: ImageSet, samples: ImageSet) -> ImageSet:
    """Return ``others`` and behind them the samples, as often as makes about ``NUM_SEEN``."""
    times = max(1, round(NUM_SEEN / len(samples)))
    return ImageSet(
        f"{others.name} and samples",
        torch.cat([others.images, samples.images.repeat(times, 1, 1, 1)]),
        torch.cat([others.labels, samples.labels.repeat(times)]),
        others.class_names,
    )


def _train(folder: Path, training: Training, state: TrainingState, progress: bool) -> None:
    files.write_atomically(folder / RECIPE, recipe_to_toml(training.recipe))
    (folder / CHECKPOINTS).mkdir()
    display = make_display(progress)
    try:
        with MetricsLog(folder) as log, StopRequest(folder) as stop:
            saver = Saver(training, CheckpointFolder(folder / CHECKPOINTS), log)
            train_epochs(training, state, log, saver, display, stop)
    finally:
        display.stop()


def _record_gain(folder: Path, before: Classifier, samples: Samples) -> None:
    """Count both models on the samples held back and on MNIST's test set, for receipt and card."""
    receipt = read_receipt(folder / RECEIPT)
    after = Classifier.load(folder, before.device)
    data = receipt["data"]["name"]
    opening = open_test_set(before, data)
    personal = {
        "started_from": files.sha256(bundled_weights(BASE) / WEIGHTS),
        "num_samples": len(samples.train),
        "samples_hash": samples.train.content_hash,
        "held_back_hash": samples.held_back.content_hash,
        "held_back": {
            "before": _count(before, samples.held_back),
            "after": _count(after, samples.held_back),
        },
        "test": {
            "before": _summary(opening.evaluation, opening.false_refusals),
            "after": _summary(
                Evaluation.from_dict(receipt["results"]["test"]),
                receipt["results"]["test_false_refusals"],
            ),
        },
    }
    receipt["personal"] = personal
    receipt["test_openings"].append(opening.record(data))
    card = folder / MODEL / CARD
    files.write_atomically(card, card.read_text(encoding="utf-8") + _card_section(personal))
    add_to_manifest(folder / MODEL, CARD)
    files.write_atomically(folder / RECEIPT, files.to_json(receipt))


def _count(classifier: Classifier, images: ImageSet) -> dict[str, Any]:
    config = classifier.config
    logits = predict_logits(classifier.network, images.images, config, classifier.device)
    refused = answer(logits, config)[3]
    known = logits[:, : images.num_classes]
    evaluation = evaluate_logits(known, images.labels, images.class_names, config.temperature)
    return _summary(evaluation, float(refused.double().mean()))


def _summary(evaluation: Evaluation, false_refusals: float) -> dict[str, Any]:
    return {
        "num_images": evaluation.num_images,
        "num_correct": evaluation.num_correct,
        "accuracy": evaluation.accuracy,
        "accuracy_interval": list(evaluation.accuracy_interval),
        "num_refused": round(false_refusals * evaluation.num_images),
    }


def _card_section(personal: dict[str, Any]) -> str:
    held_back, test = personal["held_back"], personal["test"]
    return f"""
## One person's handwriting

The bundled recogniser, trained on with {personal["num_samples"]} samples of one person's digits
among MNIST's images. It is for that person; for others it may be worse than the bundled one.

| | before | after |
| --- | --- | --- |
| samples held back | {in_words(held_back["before"])} | {in_words(held_back["after"])} |
| MNIST's test set | {in_words(test["before"])} | {in_words(test["after"])} |
"""


def in_words(count: dict[str, Any]) -> str:
    """Return e.g. ``18 of 20, 90.0% (95 % interval 69.9% to 97.2%)``."""
    low, high = count["accuracy_interval"]
    return (
        f"{count['num_correct']:,} of {count['num_images']:,}, {count['accuracy']:.2%} "
        f"(95 % interval {low:.2%} to {high:.2%}), {count['num_refused']:,} refused"
    )
