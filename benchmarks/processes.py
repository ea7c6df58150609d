"""Train with one process, two processes and two threads at the same global batch; compare times.

Usage::

    python benchmarks/processes.py                        # two recipes, three times, four minutes
    python benchmarks/processes.py --recipe tutorial-mlp --repetitions 1 --out /tmp/once.json

Three ways take turns, so that a slow minute of the machine meets all of them: (a) one process with
one thread, (b) two processes with one thread each, launched by torchrun, (c) one process with two
threads. The times are ``train_s`` of the receipts. The efficiency of (b) is t(a) / (2 · t(b)), that
of (c) t(a) / (2 · t(c)): both use two cores, and 1 would be perfect. Recipes for CIFAR-10 train on
noise of the same shape, which takes the same time. Writes ``benchmarks/results/processes.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from thumbnet.files import to_json, write_atomically
from thumbnet.training.receipt import describe_environment, now

RESULT = Path(__file__).parent / "results" / "processes.json"
# Way → (processes, threads of each).
WAYS = {"one": (1, 1), "two-processes": (2, 1), "two-threads": (1, 2)}
# A few seconds of training each, so that the start of the processes' exchange counts for little.
CHANGES = {
    "mnist": ("epochs=3", "data.limit=10000"),
    "tutorial-mlp": ("epochs=2", "data.limit=20000"),
    "tutorial-resnet18-cifar10": ("epochs=2",),
}
DEFAULT = ("mnist", "tutorial-resnet18-cifar10")
# A fifth of it is cut for the test set: ten batches of 64 remain.
NUM_NOISE_PER_CLASS = 80


def command(recipe: str, way: str, out: Path, noise: Path) -> list[str]:
    """Return the command line that trains ``recipe`` in one of the three ways."""
    num_processes, num_threads = WAYS[way]
    words = [sys.executable]
    if num_processes > 1:
        words += ["-m", "torch.distributed.run", "--standalone"]
        words += [f"--nproc-per-node={num_processes}"]
    words += ["-m", "thumbnet", "train", recipe, "--out", str(out), "--device", "cpu", "--quiet"]
    if recipe.endswith("cifar10"):
        words += ["--data", f"folder:{noise}"]
    for change in (*CHANGES[recipe], f"threads={num_threads}"):
        words += ["--set", change]
    return words


def write_noise(folder: Path, num_classes: int = 10) -> None:
    """Write noise as 32×32 RGB pictures, one folder for each class."""
    generator = np.random.default_rng(0)
    for label in range(num_classes):
        (folder / str(label)).mkdir(parents=True)
        for index in range(NUM_NOISE_PER_CLASS):
            pixels = generator.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / str(label) / f"{index}.png")


def measure(recipe: str, way: str, repetition: int, folder: Path) -> dict[str, Any]:
    """Train once; return the row of the result."""
    out = folder / f"{recipe}-{way}-{repetition}"
    threads = {"OMP_NUM_THREADS": str(WAYS[way][1])}
    subprocess.run(
        command(recipe, way, out, folder / "noise"),
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **threads},
    )
    receipt = json.loads((out / "receipt.json").read_text(encoding="utf-8"))
    assert receipt["world_size"] == WAYS[way][0]
    return {
        "recipe": recipe,
        "way": way,
        "repetition": repetition,
        "train_s": receipt["times"]["train_s"],
        "num_images": receipt["data"]["num_train"] * receipt["results"]["epochs"],
        "batch_size": receipt["recipe"]["batch_size"],
    }


def summarise(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return for each recipe the images per second and the efficiencies, mean ± deviation.

    A ratio is made within each repetition, whose trainings ran one after the other.
    """
    summaries = []
    for recipe in dict.fromkeys(row["recipe"] for row in rows):
        own = [row for row in rows if row["recipe"] == recipe]
        times = {way: [row["train_s"] for row in own if row["way"] == way] for way in WAYS}
        num_images = own[0]["num_images"]
        summary = {
            "recipe": recipe,
            "batch_size": own[0]["batch_size"],
            "num_images": num_images,
            "images_per_s": {
                way: mean_and_deviation([num_images / time_s for time_s in times[way]])
                for way in WAYS
            },
            "efficiency": {
                way: mean_and_deviation(
                    [one / (2 * both) for one, both in zip(times["one"], times[way], strict=True)]
                )
                for way in WAYS
                if way != "one"
            },
        }
        summaries.append(summary)
    return summaries


def mean_and_deviation(values: list[float]) -> dict[str, float | None]:
    """Return the mean and the standard deviation, which one value alone does not have."""
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.mean(values), "deviation": deviation}


def main() -> None:
    """Measure what is asked for and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipe", action="append", choices=CHANGES, help="may be repeated")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULT)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_noise(folder / "noise")
        for recipe in arguments.recipe or DEFAULT:
            for repetition in range(1, arguments.repetitions + 1):
                for way in WAYS:
                    rows.append(measure(recipe, way, repetition, folder))
                    print(json.dumps(rows[-1]), flush=True)
    environment = describe_environment(torch.device("cpu"))
    # Each way has its own number of threads; that of this process says nothing.
    del environment["hardware"]["threads"]
    result = {"finished": now(), "summary": summarise(rows), "rows": rows, **environment}
    write_atomically(arguments.out, to_json(result))


if __name__ == "__main__":
    main()
