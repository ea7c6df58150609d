"""A world in which every documented command ends within seconds: tiny data, short trainings.

The commands run as they are printed; what they find is smaller.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import uvicorn
from PIL import Image

from docs_pages import DOCS
from thumbnet.cli import serve
from thumbnet.datasets.catalog import CATALOG
from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.mnist import load_mnist
from thumbnet.export import single_file, web_runtime
from thumbnet.export.parity import Certificate
from thumbnet.inference.locate import bundled_model
from thumbnet.training import (
    bench,
    comparison_plan,
    comparison_sides,
    personalise,
    tune,
    tune_plan,
)
from thumbnet.training import train as training
from thumbnet.training.ceilings import Ceilings
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import make_recipe
from tiny_runs import write_pictures

IMAGES = DOCS / "images"
NUM_IMAGES = {"train": 100, "test": 40}
NUM_VALIDATION = 20
NUM_NEGATIVES = 20
NUM_SEEDS, NUM_TRIALS = 2, 1
# Translating a graph takes half a minute; that of the bundled recogniser stands in for the new one.
CERTIFICATE = Certificate(NUM_IMAGES["test"], None, 0, 1.0, 0.0, 0, {})


def shrink(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the tiny world in place of the real one."""
    monkeypatch.setattr("thumbnet.datasets.loading.load_catalog", small_set)
    monkeypatch.setattr("thumbnet.training.finish.write_figures_and_report", lambda *_: None)
    monkeypatch.setattr("thumbnet.training.calibrate.NUM_NEGATIVES", NUM_NEGATIVES)
    for module in (training, comparison_sides, tune_plan):
        shorten_result(monkeypatch, module, "load_recipe")
    give(monkeypatch, comparison_plan, "make_plan", num_seeds=NUM_SEEDS)
    give(monkeypatch, tune, "tune", trials=NUM_TRIALS)
    monkeypatch.setattr(single_file, "to_onnx", lambda _: onnx.load(bundled_model()))
    monkeypatch.setattr(single_file, "certify", lambda *_, **__: CERTIFICATE)
    monkeypatch.setattr(web_runtime, "load_runtime", lambda *_: {"runtime.mjs": b"runtime"})
    shrink_personalise(monkeypatch)
    shrink_bench(monkeypatch)
    listen = serve._listen
    monkeypatch.setattr(serve, "_listen", lambda host, _port: listen(host, 0))
    monkeypatch.setattr(uvicorn.Server, "run", lambda *_, **__: None)


def shrink_personalise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personalise, "EPOCHS", 1)
    monkeypatch.setattr(personalise, "NUM_OTHERS", 100)
    monkeypatch.setattr(personalise, "NUM_SEEN", 50)
    shorten_result(monkeypatch, personalise, "make_personal_recipe")


def shrink_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "MEASURED_S", 0.0)
    monkeypatch.setattr(bench, "NUM_RANDOM_IMAGES", 100)
    monkeypatch.setattr(bench, "packaged_recipes", lambda: {"tutorial-mlp": None})
    monkeypatch.setattr(bench, "measure_ceilings", lambda _: Ceilings(1.0, 1.0, 1.0, None))


def shorten_result(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> None:
    """Have the recipe that a function returns shortened."""
    original = getattr(module, name)

    @functools.wraps(original)
    def changed(*arguments: Any, **options: Any) -> Recipe:
        return shorten(original(*arguments, **options))

    monkeypatch.setattr(module, name, changed)


def give(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, **options: Any) -> None:
    """Have a function called with these options in place of what it is given."""
    original = getattr(module, name)

    @functools.wraps(original)
    def changed(*arguments: Any, **others: Any) -> Any:
        return original(*arguments, **{**others, **options})

    monkeypatch.setattr(module, name, changed)


def shorten(recipe: Recipe) -> Recipe:
    """Return the recipe for one epoch, with as few held out as the tiny sets allow."""
    changes: dict[str, object] = {"epochs": 1, "threads": 1}
    if recipe.data.validation > 0:
        changes["data.validation"] = NUM_VALIDATION
    if recipe.data.limit is not None:
        changes["data.limit"] = NUM_VALIDATION
    return make_recipe(recipe.model_dump(exclude_unset=True), changes)


@functools.cache
def small_set(name: str, split: str, **_: object) -> ImageSet:
    """Return a few images of MNIST, or noise in the form of another set of the catalogue."""
    count = NUM_IMAGES[split]
    if name == "mnist":
        return load_mnist(split).subset(range(count))
    info = CATALOG[name]
    generator = torch.Generator().manual_seed(count)
    shape = (count, info.channels, info.size_px, info.size_px)
    images = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    labels = torch.arange(count) % len(info.class_names)
    return ImageSet(f"{name} {split}", images, labels, info.class_names)


def write_digit(path: Path) -> None:
    """Write the picture of a digit that the tutorials offer."""
    Image.open(IMAGES / "seven.jpg").save(path)


def write_photo(path: Path) -> None:
    """Write the photo of rows of digits that the tutorials offer."""
    shutil.copy(IMAGES / "photo.jpg", path)


def write_photos(folder: Path) -> None:
    folder.mkdir()
    for name in ("one.jpg", "two.jpg"):
        write_photo(folder / name)


def write_classes(folder: Path) -> None:
    """Write pictures of three classes, enough to hold some of them out."""
    write_pictures(folder, num_per_class=NUM_VALIDATION)


def write_samples(folder: Path) -> None:
    """Write four digits of each kind, as a person would collect them."""
    images = load_mnist("train")
    for digit in range(10):
        (folder / str(digit)).mkdir(parents=True)
        for index in np.flatnonzero(images.labels.numpy() == digit)[:4]:
            pixels = 255 - images.images[index, 0].numpy()
            Image.fromarray(pixels).save(folder / str(digit) / f"{index}.png")


# What a page tells the reader to bring, by the name that its commands give it.
BROUGHT: dict[str, Callable[[Path], object]] = {
    "picture.png": write_digit,
    "photo.jpg": write_photo,
    "photos": write_photos,
    "my-pictures": write_classes,
    "my-digits": write_samples,
}
