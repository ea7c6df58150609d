"""Time the usual tutorial loop against Thumbnet's, on the same model, batch, optimiser and images.

Usage::

    python benchmarks/tutorial_loop.py                             # the three of MNIST
    python benchmarks/tutorial_loop.py --cifar10 folder:cifar10.zip

The usual way: torchvision's own ``MNIST`` (for CIFAR-10, whose official files are not at hand, its
``__getitem__`` on the same array), ``ToTensor`` and ``Normalize`` on each picture, a ``DataLoader``
with 0 and with 2 workers (the better one counts), torch's default optimiser, and ``loss.item()`` at
every step. Rounds alternate, so that a change of the machine's speed hits both; the figure is the
ratio within a round. Every epoch is timed in a process of its own, because our loop tells the C
library to keep freed memory, which would help the usual one too. Writes
``benchmarks/results/tutorial_loop.json``.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import transforms
from torchvision.datasets import MNIST

import thumbnet
from thumbnet import models
from thumbnet.datasets.mnist import BUNDLED_FOLDER
from thumbnet.files import to_json
from thumbnet.training.receipt import describe_environment, now
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe

RECIPES = ("tutorial-mlp", "tutorial-cnn", "tutorial-resnet", "tutorial-resnet18-cifar10")
NUM_CLASSES = 10
RESULT = Path(__file__).parent / "results" / "tutorial_loop.json"


class Cifar10Pictures(Dataset[tuple[torch.Tensor, int]]):
    """What torchvision's ``CIFAR10`` does: an array in memory, one ``PIL.Image`` a picture."""

    def __init__(self, images: thumbnet.ImageSet, transform: transforms.Compose) -> None:
        self.data = images.images.permute(0, 2, 3, 1).contiguous().numpy()
        self.targets = images.labels.tolist()
        self.transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.data[index])), self.targets[index]


def usual_dataset(recipe: Recipe, folder: Path) -> Dataset[Any]:
    """Return the training pictures as a tutorial has them; ``folder`` is for MNIST's files."""
    steps: list[Any] = [transforms.ToTensor()]
    if recipe.input.mean:
        steps.append(transforms.Normalize(recipe.input.mean, recipe.input.std))
    transform = transforms.Compose(steps)
    if recipe.data.name != "mnist":
        images = thumbnet.load_dataset(
            recipe.data.name, "train", channels=recipe.input.channels, size_px=recipe.input.size_px
        )
        return Cifar10Pictures(images, transform)
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in BUNDLED_FOLDER.glob("*.gz"):
        (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    return MNIST(str(folder), train=True, transform=transform)


def usual_epoch_s(recipe: Recipe, num_images: int, num_workers: int) -> float:
    """Return the seconds of one epoch of the usual loop on the first ``num_images``."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = Subset(usual_dataset(recipe, Path(folder)), range(num_images))
        return _time_usual_epoch(pictures, recipe, num_workers)


def _time_usual_epoch(pictures: Dataset[Any], recipe: Recipe, num_workers: int) -> float:
    torch.manual_seed(0)
    section = recipe.input
    shape = (section.channels, section.size_px, section.size_px)
    model = models.build_model(recipe.model.name, shape, NUM_CLASSES)
    chosen = recipe.optimizer
    optimizer: torch.optim.Optimizer
    if chosen.name == "sgd":
        optimizer = torch.optim.SGD(
            model.parameters(), lr=chosen.learning_rate, momentum=chosen.momentum
        )
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=chosen.learning_rate)
    loader = DataLoader(pictures, recipe.batch_size, recipe.data.shuffle, num_workers=num_workers)
    criterion = nn.CrossEntropyLoss()
    total = 0.0
    start = time.perf_counter()
    model.train()
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return time.perf_counter() - start


def our_epoch_s(recipe: Recipe) -> float:
    """Return the training seconds that the receipt of a run of one epoch states."""
    with tempfile.TemporaryDirectory() as folder:
        run = thumbnet.train(recipe, out=Path(folder) / "run", device="cpu", progress=False)
        seconds: float = run.result["train_seconds"]
        return seconds


def alone(measure: Callable[..., float], *arguments: object) -> float:
    """Return ``measure(*arguments)``, called in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(measure, *arguments).result()


def main() -> None:
    """Alternate, print a row for each recipe, write the result."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cifar10", help="where CIFAR-10 is; without it that recipe is left out")
    parser.add_argument("--images", type=int, default=15000, help="training images of an epoch")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rows = []
    for name in RECIPES:
        changes: dict[str, object] = {"epochs": 1, "data.limit": arguments.images}
        if name.endswith("cifar10"):
            if arguments.cifar10 is None:
                continue
            changes["data.name"] = arguments.cifar10
        recipe = load_recipe(name, changes)
        rounds = []
        for _ in range(arguments.rounds):
            usual = {
                workers: alone(usual_epoch_s, recipe, arguments.images, workers)
                for workers in (0, 2)
            }
            rounds.append({"usual_s": usual, "ours_s": alone(our_epoch_s, recipe)})
        ratios = [min(row["usual_s"].values()) / row["ours_s"] for row in rounds]
        rows.append({"recipe": name, "ratio": statistics.median(ratios), "rounds": rounds})
        print(
            f"{name:28s} {statistics.median(ratios):.2f}×  ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    environment = describe_environment(torch.device("cpu"))
    summary = {"finished": now(), "images": arguments.images, "rows": rows}
    RESULT.write_text(to_json({**summary, **environment}), encoding="utf-8")


if __name__ == "__main__":
    main()
