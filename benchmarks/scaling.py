"""Measure time and peak memory of training against images, batch size and threads.

Usage::

    python benchmarks/scaling.py            # up to a million images, about three minutes
    python benchmarks/scaling.py --quick    # up to ten thousand

The network of the recipe ``mnist`` without augmentation, on synthetic images of 28×28 pixels. Every
point is a fresh process, since peak memory never falls again. At most 300 steps are timed; the time
of a longer epoch is computed from theirs. Writes ``benchmarks/results/scaling.json`` and
``docs/images/scaling.svg``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

# Torch is imported by the processes of the points alone: a small parent keeps their peak memory,
# which the system inherits from it, their own.
ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "scaling.json"
FIGURE = ROOT / "docs" / "images" / "scaling.svg"
SIZE_PX, NUM_CLASSES, CHUNK = 28, 10, 10_000
MAX_STEPS, MAX_TIME_S, NUM_WARM_UP_STEPS = 300, 4.0, 3
NUM_BASE_STEPS, LEARNING_RATE = 30, 0.01
ALLOWED_FACTOR = 1.3
# Two runs of one point differ by up to a twentieth: most of a small run is the libraries' own.
NOISE = 1.05
BASE_IMAGES, BASE_BATCH, MIDDLE_IMAGES = 1000, 128, 10_000


@dataclass(frozen=True)
class Point:
    """What one process measures.

    Attributes:
        kind: the panel that it belongs to.
        validation: the fraction of the images that is held out.
    """

    kind: str
    num_images: int
    batch_size: int = BASE_BATCH
    threads: int = 2
    validation: float = 0.0


def all_points(quick: bool) -> list[Point]:
    """Return the points of the whole measurement, or of a quick one."""
    sizes = (1000, 10_000) if quick else (1000, 10_000, 100_000, 1_000_000)
    batches = (32, 512) if quick else (32, 64, 128, 256, 512, 1024, 2048)
    return [
        *(Point("images", size) for size in sizes),
        Point("validation", sizes[-1], validation=0.1),
        *(Point("batch_size", MIDDLE_IMAGES, batch_size=size) for size in batches),
        *(Point("threads", MIDDLE_IMAGES, threads=threads) for threads in (1, 2)),
    ]


def dataset_bytes(num_images: int) -> int:
    """Return the size of the images as uint8."""
    return num_images * SIZE_PX**2


def measure_here(point: Point, max_steps: int) -> dict[str, Any]:
    """Train in this process and return seconds and bytes. The first call must be the only one."""
    import torch

    from thumbnet.datasets.image_set import ImageSet
    from thumbnet.datasets.splits import split_validation
    from thumbnet.training.batches import batch_bounds
    from thumbnet.training.device import pinned
    from thumbnet.training.recipe_file import load_recipe
    from thumbnet.training.setup import RunData, prepare_training

    changes = {"batch_size": point.batch_size, "data.validation": point.validation}
    for name in ("rotation_degrees", "translation_px", "scale", "shear_degrees"):
        changes[f"augmentation.{name}"] = 0
    recipe = load_recipe("mnist", changes)
    before = present_bytes()
    images = torch.empty((point.num_images, 1, SIZE_PX, SIZE_PX), dtype=torch.uint8)
    for chunk in torch.split(images, CHUNK):
        chunk.random_(256)
    labels = torch.arange(point.num_images) % NUM_CLASSES
    whole = ImageSet("synthetic", images, labels, tuple("0123456789"))
    train, validation = split_validation(whole, point.validation, reuse_memory=True)
    del images, chunk, whole
    with pinned(point.threads):
        training, _ = prepare_training(recipe, RunData(train, validation), torch.device("cpu"))
        bounds = batch_bounds(len(train), point.batch_size)
        start = time.perf_counter()
        training.images.start_epoch(0)
        order_s = time.perf_counter() - start
        training.model.train()
        for step in range(NUM_WARM_UP_STEPS):
            training.step(training.images.batch(*bounds[0], 0, step), LEARNING_RATE)
        num_steps, num_trained, elapsed_s, start = 0, 0, 0.0, time.perf_counter()
        while num_steps < max_steps and elapsed_s < MAX_TIME_S:
            first, last = bounds[num_steps % len(bounds)]
            training.step(training.images.batch(first, last, 0, num_steps), LEARNING_RATE)
            num_steps, num_trained = num_steps + 1, num_trained + last - first
            elapsed_s = time.perf_counter() - start
    return {
        "num_steps": num_steps,
        "num_steps_of_epoch": len(bounds),
        "extrapolated": num_steps < len(bounds),
        "images_per_s": num_trained / elapsed_s,
        "epoch_s": order_s + len(train) * elapsed_s / num_trained,
        "measured_bytes": peak_bytes() - before,
    }


def present_bytes() -> int:
    """Return the memory that this process holds now, on Linux."""
    import resource

    num_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return num_pages * resource.getpagesize()


def peak_bytes() -> int:
    """Return the most memory that this process has held, on Linux."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@cache
def measure(point: Point, max_steps: int) -> dict[str, Any]:
    """Measure a point in a fresh process."""
    words = [sys.executable, __file__, "--point", json.dumps([asdict(point), max_steps])]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{point} failed:\n{done.stderr}")
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def with_bound(point: Point, values: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """Return a point's row: what it measured beside what it may need.

    Args:
        point: what was measured.
        values: its measurement.
        base: that of a run on few images, with the same batch size and threads.
    """
    num_bytes = dataset_bytes(point.num_images)
    model_and_batch = base["measured_bytes"] - dataset_bytes(base_point(point).num_images)
    expected = ALLOWED_FACTOR * num_bytes + model_and_batch
    return {
        **asdict(point),
        **values,
        "dataset_bytes": num_bytes,
        "expected_bytes": round(expected),
        "ratio": values["measured_bytes"] / expected,
    }


def base_point(point: Point) -> Point:
    """Return the run whose peak says what the model and one batch need."""
    return Point("base", max(BASE_IMAGES, point.batch_size), point.batch_size, point.threads)


def environment() -> dict[str, Any]:
    """Return versions and hardware, asked of another process so that torch stays out of this."""
    words = [sys.executable, __file__, "--environment"]
    values: dict[str, Any] = json.loads(
        subprocess.run(words, capture_output=True, text=True, check=True).stdout
    )
    return values


def describe_here() -> dict[str, Any]:
    """Return when and on what this runs."""
    import torch

    from thumbnet.training.receipt import describe_environment, now

    return {"finished": now(), **describe_environment(torch.device("cpu"))}


def measure_all(quick: bool) -> dict[str, Any]:
    """Measure every point, with a line for each, and return the whole result."""
    max_steps, rows = 30 if quick else MAX_STEPS, []
    for point in all_points(quick):
        base = measure(base_point(point), NUM_BASE_STEPS)
        row = with_bound(point, measure(point, max_steps), base)
        rows.append(row)
        print(
            f"{point.kind:10s} {point.num_images:>9,} images, batch {point.batch_size:>4},"
            f" {point.threads} threads: epoch {row['epoch_s']:.3g} s,"
            f" {row['measured_bytes'] / 2**20:,.1f} MiB, {row['ratio']:.0%} of what is allowed",
            flush=True,
        )
    return {"quick": quick, "max_steps": max_steps, "points": rows, **environment()}


def main() -> int:
    """Measure, write and draw; return 1 if a number of images needs more memory than allowed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter points")
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--figure", type=Path, default=FIGURE)
    parser.add_argument("--point", help=argparse.SUPPRESS)
    parser.add_argument("--environment", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.point is not None:
        values, max_steps = json.loads(arguments.point)
        print(json.dumps(measure_here(Point(**values), max_steps)))
        return 0
    if arguments.environment:
        print(json.dumps(describe_here()))
        return 0
    result = measure_all(arguments.quick)
    text = json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    arguments.out.write_text(text, encoding="utf-8")
    from scaling_figure import draw_scaling

    draw_scaling(result, arguments.figure)
    over = [row for row in result["points"] if row["kind"] == "images" and row["ratio"] > NOISE]
    print(f"{len(over)} sizes need more memory than they may")
    return int(bool(over))


if __name__ == "__main__":
    sys.exit(main())
