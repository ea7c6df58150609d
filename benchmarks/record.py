"""Train a record recipe anew with many seeds and write what it reaches, beside its target.

Usage::

    python benchmarks/record.py mnist-sprint
    python benchmarks/record.py cifar10-best --seeds 1 --data folder:cifar10.zip --out best.json

Every seed is one fresh process of ``thumbnet train``, so that nothing is warm that would be cold
for somebody who types the command. It gives three clocks, in seconds: ``train_s``, training alone,
with the preparation of the model and of the images; ``evaluated_s``, validation and test too;
``cold_s``, the whole process, from the command to the result. The file is written after every seed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from record_content import REFERENCE, ROWS, make_record
from thumbnet.errors import OutputError, ThumbnetError
from thumbnet.files import to_json, write_atomically
from thumbnet.models import build_model
from thumbnet.training.batches import picture_size_px
from thumbnet.training.ceilings import measure_ceilings, training_flops_per_image
from thumbnet.training.device import choose_device, pinned
from thumbnet.training.metrics_log import read_metrics
from thumbnet.training.receipt import now
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe

RESULTS = Path(__file__).parent / "results" / "records"
NUM_CLASSES = 10  # of MNIST and of CIFAR-10


class SeedError(Exception):
    """The training of one seed ended without a result."""


def train_command(name: str, seed: int, out: Path, data: str | None) -> list[str]:
    """Return the command that trains one seed: by Thumbnet, but the reference by a plain loop."""
    words = [sys.executable, "-m", "thumbnet", "train", name]
    if name == REFERENCE:
        words = [sys.executable, str(Path(__file__).parent / "cifar10_reference.py")]
    words += ["--seed", str(seed), "--out", str(out), "--json"]
    return words + (["--data", data] if data is not None else [])


def run_seed(command: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a training from command to result; return its row of the record and its receipt.

    Raises:
        SeedError: it failed; the message ends with the last lines of what it said.
    """
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    cold_s = time.perf_counter() - start
    if done.returncode != 0:
        said = "\n".join(done.stderr.strip().splitlines()[-15:])
        raise SeedError(f"the training ended with exit code {done.returncode}:\n{said}")
    folder = Path(json.loads(done.stdout)["run"])
    receipt: dict[str, Any] = json.loads((folder / "receipt.json").read_text(encoding="utf-8"))
    if "num_images_trained" not in receipt["results"]:
        receipt["results"]["num_images_trained"] = count_images_trained(folder, receipt)
    times = receipt["times"]
    row = {
        "seed": receipt["recipe"]["seed"],
        "accuracy": receipt["results"]["test"]["accuracy"],
        "train_s": times["train_s"],
        "evaluated_s": round(times["train_s"] + times["validation_s"] + times["test_s"], 3),
        "cold_s": round(cold_s, 3),
        "source_sha256": receipt["code"]["source_sha256"],
    }
    return row, receipt


def count_images_trained(folder: Path, receipt: dict[str, Any]) -> int:
    """Return the number of images that a run trained on, repetitions included.

    For a recipe that trains on chosen images this counts the last batch of an epoch as full.
    """
    steps = [line for line in read_metrics(folder) if line["event"] == "step"]
    num_steps = sum(len(line["batch_losses"]) for line in steps)
    at_most = receipt["results"]["epochs"] * receipt["data"]["num_train"]
    return int(min(num_steps * receipt["recipe"]["batch_size"], at_most))


def measure_machine(recipe: Recipe) -> dict[str, Any]:
    """Return the machine's ceilings and the recipe's operations for each image of training.

    Where pictures grow in the course of the training, the mean over its epochs.
    """
    section = recipe.input
    shape = (section.channels, section.size_px, section.size_px)
    model = build_model(recipe.model.name, shape, NUM_CLASSES, **recipe.model.arguments)
    sizes_px = [picture_size_px(recipe, epoch) for epoch in range(recipe.epochs)]
    flops = [training_flops_per_image(model, (section.channels, s, s)) for s in sizes_px]
    with pinned(recipe.threads):
        ceilings = asdict(measure_ceilings(choose_device()))
    return {"ceilings": ceilings, "flops_per_image": round(statistics.fmean(flops))}


def read_record(path: Path) -> dict[str, Any] | None:
    """Return a record, or None if there is none."""
    if not path.is_file():
        return None
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def measure(name: str, num_seeds: int, data: str | None, out: Path) -> dict[str, Any]:
    """Measure the machine, train every seed, write the record after each; return the last.

    Raises:
        SeedError: a seed failed; the record of those before it stays.
        ThumbnetError: no such recipe, or the record cannot be written.
    """
    recipe = load_recipe(name, {} if data is None else {"data.name": data})
    if not out.parent.is_dir():
        raise OutputError("the folder of the record does not exist", got=out.parent)
    note("measuring the machine's ceilings")
    machine = measure_machine(recipe)
    reference = read_record(RESULTS / f"{REFERENCE}.json")
    seeds: list[dict[str, Any]] = []
    record: dict[str, Any] = {}
    for seed in range(1, num_seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            row, receipt = run_seed(train_command(name, seed, Path(folder) / "run", data))
        if seeds and row["source_sha256"] != seeds[-1]["source_sha256"]:
            note("warning: the code changed since the last seed; this is not one record")
        seeds.append(row)
        record = make_record(name, num_seeds, seeds, receipt, machine, reference)
        record["finished"] = now()
        write_atomically(out, to_json(record))
        note(
            f"{name} seed {seed} of {num_seeds}: {row['accuracy']:.2%}, trained in"
            f" {row['train_s']:.2f} s, with evaluation {row['evaluated_s']:.2f} s,"
            f" cold {row['cold_s']:.2f} s"
        )
    return record


def note(text: str) -> None:
    """Print a line of progress on stderr."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure one record; return the exit code: 1 for a failed seed, 2 for a mistake."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=ROWS, metavar="NAME", help=", ".join(ROWS))
    parser.add_argument("--seeds", type=int, help="train seeds 1 to this")
    parser.add_argument("--data", help="in place of the recipe's, e.g. folder:PATH")
    parser.add_argument("--out", type=Path, help="default: benchmarks/results/records/NAME.json")
    chosen = parser.parse_args(arguments)
    num_seeds = ROWS[chosen.name].num_seeds if chosen.seeds is None else chosen.seeds
    if num_seeds < 1:
        parser.error(f"--seeds must be at least 1, got {num_seeds}")
    if chosen.out is None:
        RESULTS.mkdir(parents=True, exist_ok=True)
    out = chosen.out or RESULTS / f"{chosen.name}.json"
    try:
        record = measure(chosen.name, num_seeds, chosen.data, out)
    except SeedError as error:
        note(f"error: {error}\nthe record of the seeds before it, if any, is in {out}")
        return 1
    except ThumbnetError as error:
        note(f"error: {error}")
        return error.exit_code
    accuracy, train = record["summary"]["accuracy"], record["summary"]["train_s"]
    held = {True: "held", False: "missed", None: "none"}
    print(
        f"test accuracy {accuracy['mean']:.3%}, target {held[record['meets_target']['accuracy']]}"
    )
    print(f"training time {train['mean']:.2f} s, target {held[record['meets_target']['time']]}")
    print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
