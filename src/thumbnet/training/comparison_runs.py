"""One run of a comparison: an ordinary run folder, finished without what nobody will look at."""

from __future__ import annotations

import itertools
import json
import shutil
import statistics
from pathlib import Path
from typing import Any

from thumbnet import files
from thumbnet.errors import CheckpointError, DivergedError
from thumbnet.evaluation.classifier import Classifier
from thumbnet.evaluation.comparison import pack_bits, unpack_bits
from thumbnet.evaluation.comparison_results import RunScores
from thumbnet.models.folder import MANIFEST, save_model_folder
from thumbnet.training.finish import final_weights, kept_scores, make_receipt
from thumbnet.training.loop import Training
from thumbnet.training.metrics_log import read_metrics
from thumbnet.training.progress import ProgressDisplay
from thumbnet.training.receipt import read_receipt
from thumbnet.training.recipe import Recipe
from thumbnet.training.run import Run
from thumbnet.training.run_files import CHECKPOINTS, MODEL, RECEIPT, RECIPE
from thumbnet.training.setup import RunData, make_config
from thumbnet.training.state import TrainingState
from thumbnet.training.testing import open_test_set
from thumbnet.training.train import Finish, resume, train

TRIAL, DIVERGED = "trial.json", "diverged.json"

CARD = """# {name}, seed {seed}

One run of a comparison: test accuracy {accuracy:.2%}. Its probabilities are not calibrated, and it
refuses nothing.
"""


def train_compared(recipe: Recipe, folder: Path, device: str, display: ProgressDisplay) -> None:
    """Train, or go on with, one run that is compared; does nothing if it has ended.

    The run folder has ``recipe.toml``, ``metrics.jsonl``, ``model/`` and ``receipt.json``, but no
    calibration, figures or report, which would take longer than many of these trainings. A run that
    diverges leaves ``diverged.json``.

    Raises:
        Interrupted: everything is saved.
        CheckpointError: the folder has a run of another recipe.
    """
    _train(recipe, folder, device, display, finish_compared)


def train_trial(recipe: Recipe, folder: Path, device: str, display: ProgressDisplay) -> None:
    """Train, or go on with, a run that is only validated: it leaves ``trial.json``.

    Without a receipt: the test set stays closed.
    """
    _train(recipe, folder, device, display, finish_trial)


def has_ended(folder: Path) -> bool:
    """Return whether there is nothing left to do for a run or a trial."""
    return any((folder / name).is_file() for name in (RECEIPT, TRIAL, DIVERGED))


def _train(
    recipe: Recipe, folder: Path, device: str, display: ProgressDisplay, finish: Finish
) -> None:
    if has_ended(folder):
        return
    try:
        if not (folder / RECIPE).is_file():
            train(recipe, out=folder, device=device, display=display, finish=finish)
            return
        if Run(folder).recipe != recipe:
            raise CheckpointError(
                "the run is of another recipe than the comparison", got=folder, fix="another --out"
            )
        resume(folder, device=device, display=display, finish=finish)
    except DivergedError as error:
        files.write_atomically(folder / DIVERGED, files.to_json({"what": error.what}))


def finish_compared(
    folder: Path, training: Training, state: TrainingState, data: RunData, skip_bad: bool
) -> None:
    """Test the model, once, and write model and receipt, with every image's outcome."""
    weights = final_weights(training, state)
    config = make_config(training.recipe, data.train)
    training.model.load_state_dict(weights)
    classifier = Classifier(training.model.eval(), config, training.device)
    opening = open_test_set(classifier, training.recipe.data.name, skip_bad=skip_bad)
    receipt = make_receipt(training, state, data, opening)
    right = opening.probabilities.argmax(1) == opening.images.labels
    receipt["results"]["test_right"] = pack_bits(right)
    receipt["results"]["num_images_per_epoch"] = len(training.images)
    card = CARD.format(
        name=training.recipe.name, seed=training.recipe.seed, accuracy=opening.evaluation.accuracy
    )
    shutil.rmtree(folder / MODEL, ignore_errors=True)  # of a process that was killed here
    with files.new_folder(folder / MODEL, last=MANIFEST) as partial:
        save_model_folder(partial, weights, config, card)
    files.write_atomically(folder / RECEIPT, files.to_json(receipt))
    shutil.rmtree(folder / CHECKPOINTS)


def finish_trial(
    folder: Path, training: Training, state: TrainingState, data: RunData, skip_bad: bool
) -> None:
    """Write what the validation images say of the weights that the run would keep."""
    del training, data, skip_bad
    kept = kept_scores(state)
    result = {
        "validation_accuracy": kept.validation_accuracy,
        "validation_loss": kept.validation_loss,
    }
    files.write_atomically(folder / TRIAL, files.to_json(result))
    shutil.rmtree(folder / CHECKPOINTS)


def read_trial(folder: Path) -> dict[str, Any]:
    """Return an ended trial's ``validation_accuracy`` and ``_loss``, None if it diverged."""
    if (folder / DIVERGED).is_file():
        return {"validation_accuracy": None, "validation_loss": None}
    result: dict[str, Any] = json.loads((folder / TRIAL).read_text(encoding="utf-8"))
    return result


def read_compared(folder: Path) -> tuple[RunScores, dict[str, Any]] | None:
    """Return an ended run's scores and its receipt, None if it diverged."""
    if (folder / DIVERGED).is_file():
        return None
    receipt = read_receipt(folder / RECEIPT)
    results = receipt["results"]
    epochs = [line for line in read_metrics(folder) if line["event"] == "epoch"]
    seconds = [0.0, *(row["train_seconds"] for row in epochs)]
    each = [after - before for before, after in itertools.pairwise(seconds)]
    # The first epoch has the preparation in it, and caches that are cold.
    epoch_s = statistics.median(each[1:] or each)
    scores = RunScores(
        seed=receipt["recipe"]["seed"],
        accuracy=results["test"]["accuracy"],
        right=unpack_bits(results["test_right"], results["test"]["num_images"]),
        train_s=receipt["times"]["train_s"],
        images_per_s=results["num_images_per_epoch"] / epoch_s,
        epochs=epochs,
        num_parameters=receipt["parameters"],
    )
    return scores, receipt
