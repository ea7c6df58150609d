"""Train every classic recipe with three seeds and keep each run's receipt.

Usage::

    python benchmarks/tutorials.py                          # what has no receipt yet
    python benchmarks/tutorials.py --recipe tutorial-mlp --again
    python benchmarks/tutorials.py --cifar10 folder:cifar10.zip

Receipts go to ``benchmarks/results/tutorials/<recipe>-seed<n>.json``. Training is exact, so on the
same processor and library versions a second run gives the same accuracies; the times differ.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import thumbnet

RECIPES = (
    "mnist",
    "tutorial-mlp",
    "tutorial-dropout-mlp-adam",
    "tutorial-dropout-mlp-sgd",
    "tutorial-cnn",
    "tutorial-resnet",
    "tutorial-resnet18-cifar10",
)
RESULTS = Path(__file__).parent / "results" / "tutorials"
# The pictures of the README: the first run of the default recipe.
PICTURED = ("mnist", 1)
PICTURES = Path(__file__).parents[1] / "docs" / "images"


def main() -> None:
    """Run what is asked for, one training at a time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipe", action="append", choices=RECIPES, help="may be repeated")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cifar10", default="cifar10", help="where CIFAR-10 is, e.g. folder:PATH")
    parser.add_argument("--again", action="store_true", help="also where there is a receipt")
    arguments = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for recipe in arguments.recipe or RECIPES:
        for seed in range(1, arguments.seeds + 1):
            target = RESULTS / f"{recipe}-seed{seed}.json"
            if target.exists() and not arguments.again:
                continue
            data = arguments.cifar10 if recipe.endswith("cifar10") else None
            with tempfile.TemporaryDirectory() as folder:
                run = thumbnet.train(recipe, out=Path(folder) / "run", seed=seed, data=data)
                shutil.copy(run.folder / "receipt.json", target)
                if (recipe, seed) == PICTURED:
                    for name in ("curves.png", "mistakes.png"):
                        shutil.copy(run.folder / "figures" / name, PICTURES / name)
                print(target.name, f"{run.result['test_accuracy']:.2%}", flush=True)


if __name__ == "__main__":
    main()
