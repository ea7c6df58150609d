"""A run folder: what one training left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from thumbnet.errors import CheckpointError, ModelError, OutputError
from thumbnet.evaluation.classifier import Classifier
from thumbnet.evaluation.metrics import Evaluation
from thumbnet.training.receipt import read_receipt
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe
from thumbnet.training.run_files import ALL, CHECKPOINTS, RECEIPT, RECIPE


class Run:
    """One training run, finished or not.

    Attributes:
        folder: ``recipe.toml``, ``metrics.jsonl``, ``checkpoints/`` and, once finished, ``model/``,
            ``figures/``, ``report.html`` and ``receipt.json``.

    Raises:
        CheckpointError: ``folder`` is no run folder.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        if not (self.folder / RECIPE).is_file():
            raise CheckpointError(
                "this is no run" if self.folder.exists() else "the run does not exist",
                got=self.folder,
                expected=f"a run folder, with {RECIPE} and {CHECKPOINTS}/",
            )

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe."""
        return load_recipe(self.folder / RECIPE)

    @property
    def is_finished(self) -> bool:
        """Whether training, test and report are complete."""
        return (self.folder / RECEIPT).is_file()

    @property
    def receipt(self) -> dict[str, Any]:
        """The finished run's receipt.

        Raises:
            ModelError: the run has not finished, or its receipt is damaged.
        """
        if not self.is_finished:
            raise ModelError(
                "this run has not finished",
                got=self.folder,
                fix=f"thumbnet train --resume {self.folder}",
            )
        return read_receipt(self.folder / RECEIPT)

    @property
    def result(self) -> dict[str, Any]:
        """What ``train --json`` prints; accuracies are fractions.

        ``validation_accuracy`` is None for a recipe without validation images.
        """
        receipt = self.receipt
        results = receipt["results"]
        return {
            "run": str(self.folder),
            "recipe": receipt["recipe"]["name"],
            "seed": receipt["recipe"]["seed"],
            "epochs": results["epochs"],
            "world_size": receipt["world_size"],
            "train_seconds": receipt["times"]["train_s"],
            "validation_accuracy": results["validation_accuracy"],
            "test_accuracy": results["test"]["accuracy"],
        }

    def load(self) -> Classifier:
        """Load the trained model, ready to predict."""
        return Classifier.load(self.folder)

    def test(self) -> Evaluation:
        """Evaluate the model on the recipe's test set again; the receipt records the opening."""
        from thumbnet.training.testing import test

        return test(self.folder)


def next_run_folder(recipe_name: str, parent: Path = Path("runs")) -> Path:
    """Return ``runs/<recipe>-<n>`` with the smallest n above those that exist."""
    numbers = [0]
    for path in parent.glob(f"{recipe_name}-*"):
        suffix = path.name.removeprefix(f"{recipe_name}-")
        if suffix.isdigit():
            numbers.append(int(suffix))
    return parent / f"{recipe_name}-{max(numbers) + 1}"


def check_new_run_folder(folder: Path) -> None:
    """Raise ``OutputError`` if ``folder`` is a file, or holds what a run would write.

    Other files in it stay as they are.
    """
    if (folder / RECIPE).is_file():
        raise OutputError(
            "there is a run in this folder already",
            got=folder,
            expected="a folder without a run",
            fix=f"thumbnet train --resume {folder}, or another --out",
        )
    if folder.exists() and not folder.is_dir():
        raise OutputError("the output folder is a file", got=folder, expected="a folder")
    taken = [name for name in ALL if (folder / name).exists()]
    if taken:
        raise OutputError(
            "the output folder has files that a run would write",
            got=f"{folder}: {', '.join(taken)}",
            expected="a folder without them",
            fix="another --out",
        )
