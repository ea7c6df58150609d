"""The last part of a run: model folder, test, figures, report, receipt; safe to repeat."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from torch import Tensor

from thumbnet import files
from thumbnet.evaluation import figures
from thumbnet.evaluation.calibration import reliability_bins
from thumbnet.evaluation.classifier import Classifier
from thumbnet.evaluation.report import write_report
from thumbnet.models import count_parameters
from thumbnet.models.folder import ModelConfig, save_model_folder
from thumbnet.training.calibrate import calibrate
from thumbnet.training.card import model_card
from thumbnet.training.loop import Training
from thumbnet.training.metrics_log import read_metrics
from thumbnet.training.receipt import describe_environment, now
from thumbnet.training.recipe_file import recipe_to_toml
from thumbnet.training.report_pictures import report_pictures, sample_of
from thumbnet.training.run_files import FIGURES, MODEL, RECEIPT, REPORT
from thumbnet.training.setup import RunData, make_config
from thumbnet.training.state import EpochScores, TrainingState
from thumbnet.training.testing import TestOpening, open_test_set

# The report shows pictures themselves, smaller and with text, in place of figures made of them.
_CHARTS = ("curves", "confusion", "reliability", "coverage")


def finish_run(
    folder: Path, training: Training, state: TrainingState, data: RunData, skip_bad: bool
) -> None:
    """Write everything that a finished run has; the receipt comes last and says that it is whole.

    The test set is opened here, once, after the last choice was made.
    """
    weights = final_weights(training, state)
    config = make_config(training.recipe, data.train)
    training.model.load_state_dict(weights)
    network = training.model.eval()
    start = time.perf_counter()
    calibration = calibrate(Classifier(network, config, training.device), data, training.recipe)
    calibration_s = time.perf_counter() - start
    config = calibration.apply(config)
    classifier = Classifier(network, config, training.device)
    start = time.perf_counter()
    opening = open_test_set(classifier, training.recipe.data.name, skip_bad=skip_bad)
    test_s = time.perf_counter() - start
    receipt = make_receipt(training, state, data, opening)
    receipt["times"] |= {
        "calibration_s": round(calibration_s, 3),
        "test_s": round(test_s, 3),
    }
    receipt["calibration"] = calibration.to_dict()
    _write_model(folder, weights, config, receipt)
    write_figures_and_report(folder, training, classifier, data, opening, receipt)
    files.write_atomically(folder / RECEIPT, files.to_json(receipt))


def final_weights(training: Training, state: TrainingState) -> dict[str, Tensor]:
    """Return the best epoch's weights where early stopping kept them, else the (averaged) last."""
    weights = state.best_weights or training.averaged_weights()
    return {name: value.detach().cpu().clone() for name, value in weights.items()}


def make_receipt(
    training: Training, state: TrainingState, data: RunData, opening: TestOpening
) -> dict[str, Any]:
    """Return the receipt: recipe, data, times, results, environment, openings of the test set."""
    recipe = training.recipe
    kept = kept_scores(state)
    return {
        "finished": now(),
        "recipe": recipe.model_dump(mode="json"),
        "world_size": training.group.world_size,
        "data": {
            "name": recipe.data.name,
            "num_train": len(data.train),
            "train_hash": data.train.content_hash,
            "num_validation": len(data.validation) if data.validation else 0,
            "validation_hash": data.validation.content_hash if data.validation else None,
            "num_test": len(opening.images),
            "test_hash": opening.images.content_hash,
        },
        "parameters": count_parameters(training.model),
        "precision": "bf16 autocast" if training.bf16 else "fp32",
        "times": {
            "train_s": round(state.train_seconds, 3),
            "validation_s": round(state.evaluation_seconds, 3),
        },
        "num_resumed": state.num_resumed,
        "results": {
            "epochs": len(state.scores),
            "kept_epoch": kept.epoch,
            "train_loss": kept.train_loss,
            "validation_loss": kept.validation_loss,
            "validation_accuracy": kept.validation_accuracy,
            "test": opening.evaluation.to_dict(),
            "test_false_refusals": opening.false_refusals,
        },
        "test_openings": [opening.record(recipe.data.name)],
        **describe_environment(training.device),
    }


def kept_scores(state: TrainingState) -> EpochScores:
    """Return the scores of the epoch whose weights the run keeps."""
    return state.scores[state.best_epoch - 1]


def write_figures_and_report(
    folder: Path,
    training: Training,
    classifier: Classifier,
    data: RunData,
    opening: TestOpening,
    receipt: dict[str, Any],
) -> None:
    """Draw the figures into ``figures/``, and the report with their charts and more pictures."""
    images, evaluation = opening.images, opening.evaluation
    probabilities = opening.probabilities
    sample = sample_of(data.train)
    drawn = {
        "curves": figures.draw_curves(read_history(folder)),
        "confusion": figures.draw_confusion(evaluation.confusion, images.class_names),
        "reliability": figures.draw_reliability(
            reliability_bins(probabilities, images.labels), evaluation.expected_calibration_error
        ),
        "coverage": figures.draw_coverage(opening.coverage(), 1 - opening.false_refusals),
        "mistakes": figures.draw_mistakes(
            images.images, images.labels, probabilities, images.class_names
        ),
        "samples": figures.draw_samples(sample.images, sample.labels, sample.class_names),
    }
    (folder / FIGURES).mkdir(exist_ok=True)
    for name, figure in drawn.items():
        figures.save_figure(figure, folder / FIGURES / f"{name}.png")
    recipe = training.recipe
    write_report(
        folder / REPORT,
        title=f"{recipe.name}, seed {recipe.seed}",
        summary={
            "training_time_s": receipt["times"]["train_s"],
            "num_parameters": receipt["parameters"],
            "num_epochs": receipt["results"]["epochs"],
            "seed": recipe.seed,
            "data": recipe.data.name,
        },
        evaluation=evaluation,
        recipe_toml=recipe_to_toml(recipe),
        receipt={key: value for key, value in receipt.items() if key not in ("recipe", "results")},
        figures={name: drawn[name] for name in _CHARTS},
        pictures=report_pictures(classifier, opening, data.train),
    )


def read_history(folder: Path) -> dict[str, Any]:
    """Return the learning curves of a run in the form that ``figures.draw_curves`` takes."""
    lines = read_metrics(folder)
    epochs = [line for line in lines if line["event"] == "epoch"]
    losses = [loss for line in lines if line["event"] == "step" for loss in line["batch_losses"]]
    return {
        "steps": list(range(1, len(losses) + 1)),
        "batch_losses": losses,
        "steps_per_epoch": epochs[0]["step"] if epochs else 1,
        "epochs": epochs,
    }


def _write_model(
    folder: Path, weights: dict[str, Tensor], config: ModelConfig, receipt: dict[str, Any]
) -> None:
    partial = folder / f".{MODEL}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    save_model_folder(partial, weights, config, model_card(config, receipt))
    files.replace_folder(folder / MODEL, partial)
