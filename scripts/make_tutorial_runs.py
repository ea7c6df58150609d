"""Run the commands whose output the tutorials and ``docs/tune.md`` show, and draw the pictures.

Usage::

    python scripts/make_tutorial_runs.py --folder FOLDER [--cifar10 folder:cifar10.zip]
    python benchmarks/make_tables.py        # puts the outputs into the pages

Takes about a quarter of an hour. What a command prints, on both streams, goes to
``benchmarks/results/tutorial_runs/<name>.txt``, behind the command itself. ``FOLDER`` keeps the
runs: a training that has finished there is not done again. ``--cifar10`` only says where the
pictures are; the recipe stays the page's.

The picture of a 7 and the photo of four rows are made: MNIST's test digits on made paper.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import torch
from PIL import Image

import thumbnet
from thumbnet.datasets.mnist import load_mnist
from thumbnet.datasets.scenes import make_scene
from thumbnet.evaluation.canvas import house_style, new_figure, save_figure

ROOT = Path(__file__).parents[1]
OUTPUTS = ROOT / "benchmarks" / "results" / "tutorial_runs"
PICTURES = ROOT / "docs" / "images"

# In the order in which they are run: a later one may need the run of an earlier one.
COMMANDS = {
    "data-info": "thumbnet data info mnist",
    "mlp": "thumbnet train tutorial-mlp --out runs/mlp",
    "mlp-test": "thumbnet test runs/mlp",
    "dropout-adam": "thumbnet train tutorial-dropout-mlp-adam --out runs/dropout-adam",
    "dropout-sgd": "thumbnet train tutorial-dropout-mlp-sgd --out runs/dropout-sgd",
    "tune": "thumbnet tune tutorial-mlp --set epochs=4",
    "cnn-why": "thumbnet inspect tutorial-cnn --why 0",
    "cnn": "thumbnet train tutorial-cnn --set epochs=2 --out runs/cnn",
    "cnn-predict": "thumbnet predict runs/cnn seven.jpg",
    "resnet": "thumbnet train tutorial-resnet --set epochs=2 --out runs/resnet",
    "resnet-export": "thumbnet export runs/resnet",
    "resnet-read": "thumbnet read photo.jpg --model runs/resnet",
    "read": "thumbnet read photo.jpg --annotate read.png",
    "cifar10": "thumbnet train tutorial-resnet18-cifar10 --set epochs=2 --out runs/cifar10",
}
SCENES = {"seven.jpg": ("single", 9), "photo.jpg": ("lined", 4)}
NUM_FILTERS = 8


def main() -> None:
    """Run what has not been run, then draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="keeps the runs")
    parser.add_argument("--cifar10", help="where CIFAR-10 is, e.g. folder:PATH")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    OUTPUTS.mkdir(parents=True, exist_ok=True)
    make_photos(folder)
    for name, command in COMMANDS.items():
        words = shlex.split(command)
        if "--out" in words and (folder / words[-1] / "receipt.json").is_file():
            continue
        data = arguments.cifar10 if name == "cifar10" else None
        said = run([*words[1:], *(["--data", data] if data else [])], folder)
        (OUTPUTS / f"{name}.txt").write_text(f"$ {command}\n{said}", encoding="utf-8")
    run(shlex.split("data show mnist --per-class 10 --out digits.png"), folder)
    shutil.copy(folder / "digits.png", PICTURES / "tutorial-digits.png")
    Image.open(folder / "read.png").convert("RGB").save(PICTURES / "tutorial-read.jpg", quality=88)
    for name in ("mlp", "dropout-adam", "dropout-sgd"):
        curves = folder / "runs" / name / "figures" / "curves.png"
        shutil.copy(curves, PICTURES / f"tutorial-{name}-curves.png")
    draw_convolution(folder / "runs" / "cnn")


def run(words: list[str], folder: Path) -> str:
    """Return what ``thumbnet`` prints, both streams in their order; raises if it fails."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "thumbnet", *words],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return done.stdout


def make_photos(folder: Path) -> None:
    """Write the pictures that the pages offer, for the reader and for the commands."""
    images = load_mnist("test")
    for name, (kind, seed) in SCENES.items():
        scene = make_scene(kind, seed, images.images[:, 0].numpy(), images.labels.numpy())
        for place in (folder, PICTURES):
            (place / name).write_bytes(scene.encode())


def draw_convolution(run_folder: Path) -> None:
    """Draw a test digit, the filters that answer it most, and their maps before and after pooling.

    The network is ``tutorial-cnn``: convolution, batch norm, ReLU, max-pool.
    """
    layers = list(thumbnet.load(run_folder).network.children())
    digit = load_mnist("test").images[:1].float() / 255
    with torch.no_grad():
        maps = torch.nn.Sequential(*layers[:3])(digit)[0]
        pooled = layers[3](maps[None])[0]
    filters = layers[0].weight.detach()[:, 0]
    chosen = maps.sum(dim=(1, 2)).argsort(descending=True)[:NUM_FILTERS]
    with house_style():
        figure = new_figure(3.4)
        grid = figure.add_gridspec(3, NUM_FILTERS + 2)
        cells = [(grid[0:3, 0:2], digit[0, 0], "28×28")]
        rows = (("5×5", filters), ("28×28", maps), ("14×14", pooled))
        for row, (size, values) in enumerate(rows):
            for column, index in enumerate(chosen):
                cells.append((grid[row, column + 2], values[index], "" if column else size))
        for place, values, title in cells:
            axes = figure.add_subplot(place)
            axes.imshow(values, cmap="gray")
            axes.set_axis_off()
            axes.set_title(title, fontsize=8)
        save_figure(figure, PICTURES / "tutorial-convolution.png")


if __name__ == "__main__":
    main()
