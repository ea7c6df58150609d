"""Model the time of a step on up to 64 machines: what computing takes and what the network takes.

Usage::

    python benchmarks/communication.py     # seconds; after benchmarks/processes.py, if at all

Nothing here was run on several machines. Measured are the images per second of one machine
(``processes.json`` where the recipe is in it, else the receipts under ``tutorials/``), and here the
time of augmentation, which every process makes for the whole global batch. The size of the
gradients is that of the real networks. Modelled is the ring all-reduce of n bytes over N machines:

    2 · (N − 1) · latency + 2 · (N − 1) / N · n / bandwidth

a reduce-scatter and an allgather of N − 1 messages each, in the cost model of Thakur, Rabenseifner
and Gropp, "Optimization of Collective Communication Operations in MPICH", IJHPCA 19(1), 2005, as
Patarasuk and Yuan use it (JPDC 69(2), 2009). DistributedDataParallel hides some of it behind the
backward pass (Li et al. 2020, 2006.15704), so each figure is two bounds: all of it added to the
computing, and the longer of both. Writes ``benchmarks/results/communication.json`` and
``docs/images/communication.svg``.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from thumbnet.files import to_json, write_atomically
from thumbnet.models import build_model, count_parameters
from thumbnet.training.batches import augment
from thumbnet.training.receipt import describe_environment, now
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe, packaged_recipes

RESULTS = Path(__file__).parent / "results"
RESULT = RESULTS / "communication.json"
RECIPES = ("tutorial-mlp", "mnist", "tutorial-resnet18-cifar10", "cifar10-best")
NUM_MACHINES = (1, 2, 4, 8, 16, 32, 64)
BYTES_PER_PARAMETER = 4
NUM_CLASSES = 10


@dataclass(frozen=True)
class Network:
    """What joins the machines; the latencies are assumptions.

    Each is one message's way from program to program through the kernel's TCP. Larsen et al.
    ("Architectural Breakdown of End-to-End Latency in a TCP/IP Network", IJPP 37(6), 2009) find
    10 µs as the best case of 10 Gb/s; what is taken here leaves room for switches and wake-ups.
    """

    name: str
    bandwidth_gbit_s: float
    latency_us: float


NETWORKS = (
    Network("1 Gb/s", 1, 50),
    Network("10 Gb/s", 10, 20),
    Network("100 Gb/s", 100, 10),
)


@dataclass(frozen=True)
class Load:
    """What one step of a recipe asks for, on one machine.

    Attributes:
        recipe: its name.
        gradient_bytes: float32, one for each parameter.
        batch_size: of the whole step on one machine.
        image_s: computing for one image, augmentation included.
        augmentation_s: the part of it that every process does for the whole global batch.
    """

    recipe: str
    gradient_bytes: int
    batch_size: int
    image_s: float
    augmentation_s: float


def all_reduce_s(num_bytes: int, num_machines: int, network: Network) -> float:
    """Return the time of a ring all-reduce of ``num_bytes`` over ``num_machines``, in seconds."""
    num_messages = 2 * (num_machines - 1)
    bytes_per_s = network.bandwidth_gbit_s * 1e9 / 8
    return num_messages * (network.latency_us * 1e-6 + num_bytes / num_machines / bytes_per_s)


def compute_s(load: Load, num_machines: int, batch_size: int) -> float:
    """Return the time that each machine computes in a step of ``batch_size`` images in all."""
    own = load.image_s - load.augmentation_s
    return batch_size * (load.augmentation_s + own / num_machines)


def step_bounds_s(
    load: Load, num_machines: int, batch_size: int, network: Network
) -> tuple[float, float]:
    """Return the shortest and the longest time of a step: all exchange hidden, and none."""
    computing = compute_s(load, num_machines, batch_size)
    exchange = all_reduce_s(load.gradient_bytes, num_machines, network)
    return max(computing, exchange), computing + exchange


def speed_ups(load: Load, num_machines: int, network: Network) -> dict[str, tuple[float, float]]:
    """Return how many times the images per second of one machine there are: (lowest, highest).

    ``strong`` keeps the global batch, ``weak`` keeps each machine's.
    """
    found = {}
    alone = load.batch_size * load.image_s
    for scaling, growth in (("strong", 1), ("weak", num_machines)):
        shortest, longest = step_bounds_s(load, num_machines, load.batch_size * growth, network)
        found[scaling] = (growth * alone / longest, growth * alone / shortest)
    return found


def measured_images_per_s(recipe: str, results: Path = RESULTS) -> tuple[float, str] | None:
    """Return images per second on one machine with two threads, and where it is from."""
    processes = results / "processes.json"
    if processes.exists():
        for row in json.loads(processes.read_text(encoding="utf-8"))["summary"]:
            if row["recipe"] == recipe:
                return float(row["images_per_s"]["two-threads"]["mean"]), "processes.json"
    rates = []
    for path in sorted((results / "tutorials").glob(f"{recipe}-seed*.json")):
        receipt = json.loads(path.read_text(encoding="utf-8"))
        num_images = receipt["data"]["num_train"] * receipt["results"]["epochs"]
        rates.append(num_images / receipt["times"]["train_s"])
    return (statistics.mean(rates), f"tutorials/{recipe}-seed*.json") if rates else None


def measure_augmentation_s(recipe: Recipe, num_batches: int = 40) -> float:
    """Return the time that the recipe's augmentation takes for one image, in seconds."""
    section = recipe.input
    shape = (recipe.batch_size, section.channels, section.size_px, section.size_px)
    images = torch.randint(0, 256, shape, dtype=torch.uint8)
    times_s = []
    for step in range(num_batches):
        start = time.perf_counter()
        augment(images, recipe.augmentation, recipe.seed, 0, step)
        times_s.append(time.perf_counter() - start)
    return statistics.median(times_s) / recipe.batch_size


def make_load(name: str, images_per_s: float) -> Load:
    """Return what a step of the recipe ``name`` asks for."""
    recipe = load_recipe(name)
    section = recipe.input
    shape = (section.channels, section.size_px, section.size_px)
    model = build_model(recipe.model.name, shape, NUM_CLASSES, **recipe.model.arguments)
    return Load(
        recipe=name,
        gradient_bytes=BYTES_PER_PARAMETER * count_parameters(model),
        batch_size=recipe.batch_size,
        image_s=1 / images_per_s,
        augmentation_s=measure_augmentation_s(recipe),
    )


def model_rows(load: Load) -> list[dict[str, Any]]:
    """Return one row for each network and number of machines."""
    return [
        {
            "recipe": load.recipe,
            "network": network.name,
            "machines": num_machines,
            "all_reduce_s": all_reduce_s(load.gradient_bytes, num_machines, network),
            **speed_ups(load, num_machines, network),
        }
        for network in NETWORKS
        for num_machines in NUM_MACHINES
    ]


def main() -> None:
    """Write the model's result and its figure."""
    from scale_figure import draw_communication, write_svg

    loads, sources = [], {}
    for name in RECIPES:
        measured = measured_images_per_s(name)
        if name in packaged_recipes() and measured is not None:
            images_per_s, sources[name] = measured
            loads.append(make_load(name, images_per_s))
    result = {
        "finished": now(),
        "assumed": {"networks": [asdict(network) for network in NETWORKS]},
        "measured": {"loads": [asdict(load) for load in loads], "images_per_s_from": sources},
        "modelled": [row for load in loads for row in model_rows(load)],
        **describe_environment(torch.device("cpu")),
    }
    write_atomically(RESULT, to_json(result))
    write_svg(draw_communication(result))


if __name__ == "__main__":
    main()
