"""Measure three classic mistakes of evaluating a classifier, on quick trainings on MNIST.

Usage::

    python benchmarks/classic_mistakes.py       # about ten minutes on two cores

1. The test set seen in training mode: dropout still drops, batch norm looks at the test batch.
2. The test loss averaged wrongly, in three ways, against the exact mean.
3. The model chosen by the test set, and how much too good its accuracy then looks.

The test set is opened here to show what these mistakes do. No recipe, default or threshold of
Thumbnet was chosen by what comes out. Writes ``benchmarks/results/classic_mistakes.json``.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

import thumbnet
from thumbnet import Classifier, transforms
from thumbnet.files import to_json
from thumbnet.models.folder import ModelInput
from thumbnet.training.receipt import describe_environment, now

RESULT = Path(__file__).parent / "results" / "classic_mistakes.json"
# Dropout alone; one batch norm; three of them, one behind the other.
MODE_RECIPES = {"tutorial-dropout-mlp-adam": 3, "tutorial-cnn": 2, "mnist": 2}
MODE_SEEDS = range(1, 6)
NUM_TRAIN = 10_000
BATCH_SIZES = (1, 2, 16, 64, 1000)
# The whole test set, and a part of it that leaves a short last batch of the larger size as well.
AVERAGES = ((10_000, 64), (9_016, 1000))
NUM_ORDERS = 1000
CHOICE_RECIPE = "tutorial-dropout-mlp-adam"
CHOICE_SEEDS = range(1, 9)
CHOICE_EPOCHS = range(6, 11)
CHOICE_CHANGES = {"data.validation": 2000, "data.validation_from": "stratified"}
NUM_CHOICE_TRAIN = 5_000
NUM_SPLITS = 2000


def trained(
    recipe: str, seed: int, changes: dict[str, object]
) -> tuple[Classifier, dict[str, Any]]:
    """Train ``recipe`` in a temporary folder; return the model and what the run reports."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        run = thumbnet.train(recipe, out=out, seed=seed, overrides=changes, progress=False)
        return run.load(), run.result


def prepared(images: Tensor, spec: ModelInput) -> Tensor:
    """Return uint8 ``(N, C, H, W)`` normalised as the model expects, float32."""
    return transforms.normalise(images, spec.scale, spec.mean, spec.std)


@torch.no_grad()
def training_mode_logits(network: nn.Module, images: Tensor, batch_size: int) -> Tensor:
    """Return logits ``(N, K)`` of a test loop that forgot ``eval()``; ``network`` is not touched.

    Batch norm changes its running statistics even without gradients, hence the copy.
    """
    network = copy.deepcopy(network).train()
    torch.manual_seed(0)
    return torch.cat([network(batch) for batch in torch.split(images, batch_size)])


def scores(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Return accuracy (a fraction) and mean cross-entropy in nats."""
    return {
        "accuracy": (logits.argmax(1) == labels).double().mean().item(),
        "loss": functional.cross_entropy(logits.double(), labels).item(),
    }


def summarise(values: Iterable[float]) -> dict[str, float]:
    """Return mean and sample standard deviation."""
    values = list(values)
    return {"mean": statistics.mean(values), "deviation": statistics.stdev(values)}


def summarise_scores(rows: list[dict[str, float]]) -> dict[str, Any]:
    """Return :func:`summarise` of each key, beside the rows."""
    return {**{key: summarise(row[key] for row in rows) for key in rows[0]}, "seeds": rows}


def measure_modes(test: thumbnet.ImageSet) -> tuple[list[dict[str, Any]], list[Tensor]]:
    """Evaluate each recipe's models in both modes; also return the perceptrons' image losses."""
    rows, image_losses = [], []
    for recipe, epochs in MODE_RECIPES.items():
        has_batch_norm = recipe != "tutorial-dropout-mlp-adam"
        sizes = BATCH_SIZES if has_batch_norm else (1000,)
        right: list[dict[str, float]] = []
        wrong: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
        for seed in MODE_SEEDS:
            classifier, _ = trained(recipe, seed, {"epochs": epochs, "data.limit": NUM_TRAIN})
            logits = classifier.logits(test.images)
            right.append(scores(logits, test.labels))
            images = prepared(test.images, classifier.config.input)
            for size in sizes:
                wrong_logits = training_mode_logits(classifier.network, images, size)
                wrong[size].append(scores(wrong_logits, test.labels))
            if not has_batch_norm:
                losses = functional.cross_entropy(logits.double(), test.labels, reduction="none")
                image_losses.append(losses)
            print(recipe, seed, right[-1], flush=True)
        row = {"recipe": recipe, "epochs": epochs, "num_train": NUM_TRAIN}
        by_size = {str(size): summarise_scores(found) for size, found in wrong.items()}
        rows.append({**row, "eval": summarise_scores(right), "train_by_batch_size": by_size})
    return rows, image_losses


def batch_of_one() -> list[dict[str, Any]]:
    """Return what each model with batch norm does with one image in training mode.

    It fails only where a norm sees a single value for each channel, so not with every network.
    """
    inputs = {"cnn": (1, 28, 28), "tutorial-cnn": (1, 28, 28), "resnet": (1, 28, 28)}
    rows = []
    for name, shape in {**inputs, "tutorial-resnet18-cifar10": (3, 32, 32)}.items():
        network = thumbnet.build_model(name, shape, 10).train()
        error = None
        try:
            network(torch.zeros(1, *shape))
        except ValueError as failure:
            error = str(failure)
        rows.append({"model": name, "input_shape": shape, "error": error})
    return rows


def mean_of_batch_means(losses: Tensor, batch_size: int) -> float:
    """Return what a loop reports that averages the batches' means as if all were of one size."""
    return statistics.mean(batch.mean().item() for batch in torch.split(losses, batch_size))


def sum_of_means_over_images(losses: Tensor, batch_size: int) -> float:
    """Return what a loop reports that adds the batches' means and divides by all images."""
    return sum(batch.mean().item() for batch in torch.split(losses, batch_size)) / len(losses)


def last_batch(losses: Tensor, batch_size: int) -> float:
    """Return what a loop reports that keeps the last batch's loss."""
    return float(torch.split(losses, batch_size)[-1].mean())


WRONG_AVERAGES: dict[str, Callable[[Tensor, int], float]] = {
    "mean_of_batch_means": mean_of_batch_means,
    "sum_of_means_over_images": sum_of_means_over_images,
    "last_batch": last_batch,
}


def measure_averages(image_losses: list[Tensor]) -> list[dict[str, Any]]:
    """Compare wrong averages with the exact one, in the stored order and in random orders.

    ``relative_error`` is the root mean square of wrong / exact − 1 over random orders and seeds.
    """
    generator = torch.Generator().manual_seed(0)
    rows = []
    for num_images, batch_size in AVERAGES:
        parts = [losses[:num_images] for losses in image_losses]
        per_seed = [
            {"exact": part.mean().item()}
            | {name: wrong(part, batch_size) for name, wrong in WRONG_AVERAGES.items()}
            for part in parts
        ]
        squares: dict[str, list[float]] = {name: [] for name in WRONG_AVERAGES}
        for _ in range(NUM_ORDERS // len(parts)):
            order = torch.randperm(num_images, generator=generator)
            for part, row in zip(parts, per_seed, strict=True):
                for name, wrong in WRONG_AVERAGES.items():
                    ratio = wrong(part[order], batch_size) / row["exact"]
                    squares[name].append((ratio - 1) ** 2)
        errors = {name: statistics.mean(found) ** 0.5 for name, found in squares.items()}
        rows.append(
            {
                "num_images": num_images,
                "batch_size": batch_size,
                "last_batch_size": num_images % batch_size,
                **summarise_scores(per_seed),
                "relative_error": errors,
            }
        )
    return rows


def measure_choice(test: thumbnet.ImageSet) -> dict[str, Any]:
    """Choose among epochs and seeds by one half of the test set, and look at the other half.

    Training is exact, so the model after epoch e of a longer run is that of a run of e epochs.
    """
    candidates: list[dict[str, Any]] = []
    right = []
    changes: dict[str, object] = {**CHOICE_CHANGES, "data.limit": NUM_CHOICE_TRAIN}
    for seed in CHOICE_SEEDS:
        for epochs in CHOICE_EPOCHS:
            classifier, result = trained(CHOICE_RECIPE, seed, {**changes, "epochs": epochs})
            right.append(classifier.logits(test.images).argmax(1) == test.labels)
            kept = ("seed", "epochs", "validation_accuracy", "test_accuracy")
            candidates.append({key: result[key] for key in kept})
        print("candidates of seed", seed, candidates[-1], flush=True)
    num_right = torch.stack(right).double()
    by_validation = max(
        range(len(candidates)), key=lambda index: candidates[index]["validation_accuracy"]
    )
    generator = torch.Generator().manual_seed(0)
    half = len(test) // 2
    rows = []
    for _ in range(NUM_SPLITS):
        order = torch.randperm(len(test), generator=generator)
        on_a = num_right[:, order[:half]].mean(1)
        on_b = num_right[:, order[half:]].mean(1)
        rows.append([(on_a[i].item(), on_b[i].item()) for i in (int(on_a.argmax()), by_validation)])
    chosen = {
        name: describe_choice([row[column] for row in rows])
        for column, name in enumerate(("by_test", "by_validation"))
    }
    return {
        "recipe": CHOICE_RECIPE,
        "num_train": NUM_CHOICE_TRAIN,
        "num_validation": CHOICE_CHANGES["data.validation"],
        "num_candidates": len(candidates),
        "num_splits": NUM_SPLITS,
        **chosen,
        "candidates": candidates,
    }


def describe_choice(accuracies: list[tuple[float, float]]) -> dict[str, float]:
    """Return mean accuracy on A and B, and optimism A − B with its standard error over splits."""
    optimism = [on_a - on_b for on_a, on_b in accuracies]
    return {
        "accuracy_on_a": statistics.mean(on_a for on_a, _ in accuracies),
        "accuracy_on_b": statistics.mean(on_b for _, on_b in accuracies),
        "optimism": statistics.mean(optimism),
        "optimism_standard_error": statistics.stdev(optimism) / len(optimism) ** 0.5,
    }


def main() -> None:
    """Measure all three and write the result."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    test = thumbnet.load_dataset("mnist", "test", channels=1, size_px=28)
    modes, image_losses = measure_modes(test)
    choice = measure_choice(test)
    result = {
        "finished": now(),
        "note": "the test set was opened to show the mistakes; nothing is tuned by it",
        "modes": modes,
        "batch_of_one": batch_of_one(),
        "averages": measure_averages(image_losses),
        "choice": choice,
        **describe_environment(torch.device("cpu")),
    }
    RESULT.write_text(to_json(result), encoding="utf-8")


if __name__ == "__main__":
    main()
