"""What a record holds: rows and targets, means over seeds with intervals, targets held or not."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scipy import stats

REFERENCE = "cifar10-reference"
CLOCKS = ("train_s", "evaluated_s", "cold_s")


@dataclass(frozen=True)
class Row:
    """One record: how many seeds, and what their means must hold.

    Attributes:
        num_seeds: the default of ``--seeds``.
        accuracy: least test accuracy, a fraction.
        train_s: most seconds of training.
        share_of_reference: most training time, as a share of the reference's on this machine.
    """

    num_seeds: int
    accuracy: float | None = None
    train_s: float | None = None
    share_of_reference: float | None = None


ROWS = {
    "mnist-sprint": Row(20, accuracy=0.990, train_s=2.0),
    "mnist-fast": Row(10, accuracy=0.995, train_s=15.0),
    "mnist-best": Row(5, accuracy=0.9970, train_s=600.0),
    "mnist": Row(5, train_s=20.0),
    "cifar10-sprint": Row(3, accuracy=0.90, train_s=240.0),
    "cifar10-best": Row(3, accuracy=0.940, share_of_reference=2 / 3),
    REFERENCE: Row(1),
}


def summarise(values: Sequence[float]) -> dict[str, Any]:
    """Return mean, sample standard deviation and 95 % interval of the mean (Student's t).

    One value has neither deviation nor interval.
    """
    mean, count = statistics.fmean(values), len(values)
    if count == 1:
        return {"mean": mean, "deviation": None, "interval95": None}
    deviation = statistics.stdev(values)
    half = float(stats.t.ppf(0.975, count - 1)) * deviation / math.sqrt(count)
    return {"mean": mean, "deviation": deviation, "interval95": [mean - half, mean + half]}


def make_record(
    name: str,
    num_asked: int,
    seeds: list[dict[str, Any]],
    receipt: dict[str, Any],
    machine: dict[str, Any],
    reference: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return the record so far.

    Args:
        name: one of ``ROWS``.
        num_asked: the number of seeds when it will be whole.
        seeds: ``{seed, accuracy, train_s, evaluated_s, cold_s}`` of each that has ended.
        receipt: the last seed's, with ``results.num_images_trained``.
        machine: ``{ceilings, flops_per_image}``.
        reference: the record that a share of the time is a share of.
    """
    target = ROWS[name]
    summary = {key: summarise([row[key] for row in seeds]) for key in ("accuracy", *CLOCKS)}
    num_images = receipt["results"]["num_images_trained"]
    ceiling = gemm_ceiling(machine["ceilings"], receipt["precision"])
    flop = machine["flops_per_image"] * num_images
    recipe = {key: value for key, value in receipt["recipe"].items() if key != "seed"}
    recipe["data"] = without_folders(recipe["data"])
    return {
        "name": name,
        "command": f"python benchmarks/record.py {name} --seeds {num_asked}",
        "num_seeds_asked": num_asked,
        "target": asdict(target),
        "seeds": seeds,
        "summary": summary,
        "meets_target": meets_target(target, summary, receipt["hardware"], reference),
        "recipe": recipe,
        "parameters": receipt["parameters"],
        "precision": receipt["precision"],
        "data": without_folders(receipt["data"]),
        "num_images_trained": num_images,
        **machine,
        "gemm_ceiling_gflop_per_s": ceiling,
        "percent_of_ceiling": percent_of_ceiling(flop, summary["train_s"]["mean"], ceiling),
        **{key: receipt[key] for key in ("code", "libraries", "hardware")},
    }


def gemm_ceiling(ceilings: dict[str, float | None], precision: str) -> float | None:
    """Return the speed of a matrix product in the precision that a receipt states.

    None where the machine's own speed in that precision is not known.
    """
    return ceilings[f"gemm_{'bf16' if 'bf16' in precision else 'fp32'}_gflop_per_s"]


def percent_of_ceiling(flop: int, train_s: float, gflop_per_s: float | None) -> float | None:
    """Return how much of the ceiling a training of ``flop`` operations reached, if it is known."""
    return None if gflop_per_s is None else 100 * flop / train_s / (1e9 * gflop_per_s)


def meets_target(
    target: Row,
    summary: dict[str, Any],
    hardware: dict[str, Any],
    reference: dict[str, Any] | None,
) -> dict[str, bool | None]:
    """Return whether the means hold the target; None where there is no target or no yardstick.

    Times on two machines are not compared.
    """
    train_s, most_s = summary["train_s"]["mean"], target.train_s
    if target.share_of_reference and reference and reference["hardware"] == hardware:
        most_s = target.share_of_reference * reference["summary"]["train_s"]["mean"]
    least, accuracy = target.accuracy, summary["accuracy"]["mean"]
    return {
        # A mean of exact tenths of a thousandth may come out a last bit too small.
        "accuracy": None if least is None else accuracy >= least - 1e-12,
        "time": None if most_s is None else train_s <= most_s,
    }


def without_folders(section: dict[str, Any]) -> dict[str, Any]:
    """Return a section about data without the way to a folder, which is of one machine only."""
    kind, separator, path = section["name"].partition(":")
    return section | ({"name": f"{kind}:{Path(path).name}"} if separator else {})
