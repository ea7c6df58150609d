"""How fast this machine trains every packaged recipe, and how far that is from its best."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from time import perf_counter
from typing import Any

import torch

from thumbnet.datasets.catalog import CATALOG
from thumbnet.datasets.image_set import ImageSet
from thumbnet.training.batches import batch_bounds, picture_size_px
from thumbnet.training.ceilings import (
    Ceilings,
    measure_ceilings,
    num_physical_cores,
    other_programs_cpu_s,
    synchronise,
    training_flops_per_image,
)
from thumbnet.training.device import choose_device, pinned
from thumbnet.training.loop import Training
from thumbnet.training.randomness import derive_seed, seed_device
from thumbnet.training.receipt import describe_environment
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe, packaged_recipes
from thumbnet.training.schedules import learning_rate_factor
from thumbnet.training.setup import RunData, load_run_data, prepare_training

NUM_RANDOM_IMAGES = 5000
NUM_WARM_UP_STEPS, MIN_STEPS = 3, 1
MEASURED_S = 1.0
# Waiting for a GPU after every step would leave it idle while the next one is prepared.
GPU_STEPS_BETWEEN_LOOKS = 10
BF16_IS_FASTER = 1.3
BUSY_CORES_IGNORED = 0.1


def run_bench(
    device_name: str = "auto",
    *,
    time_limit_s: float = 50.0,
    report: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Measure this machine's ceilings, and then some steps of every packaged recipe.

    The steps are those of a real training: model, batches, augmentation and optimiser. MNIST is
    trained on itself; in place of data sets that are not bundled there are random images, and the
    times are computed for the true number of images.

    Args:
        device_name: see ``choose_device``.
        time_limit_s: shared fairly between the recipes; the slowest are measured on few steps.
        report: called with lines of progress.

    Returns:
        JSON-ready: ``code``, ``libraries`` and ``hardware`` as in a receipt; ``ceilings``, see
        ``Ceilings``; ``recipes``, see ``measure_recipe``, in the order of the catalogue;
        ``other_busy_cores``, how many cores other programs used meanwhile, None where the system
        does not tell; ``advice``, a list of sentences.

    Raises:
        DeviceError: unknown, or not on this machine.
    """
    begin_s = perf_counter()
    deadline = begin_s + time_limit_s
    before = other_programs_cpu_s()
    say = report or (lambda _: None)
    device = choose_device(device_name)
    say("measuring the ceilings")
    with pinned():
        ceilings = measure_ceilings(device)
    recipes = [load_recipe(name) for name in packaged_recipes()]
    rows = []
    for index, recipe in enumerate(recipes):
        say(f"measuring {recipe.name} ({index + 1} of {len(recipes)})")
        now = perf_counter()
        stop_at = now + (deadline - now) / (len(recipes) - index)
        rows.append(measure_recipe(recipe, device, ceilings, stop_at))
    after = other_programs_cpu_s()
    other_busy_cores = None
    if before is not None and after is not None:
        other_busy_cores = round(max(0.0, after - before) / (perf_counter() - begin_s), 2)
    return {
        **describe_environment(device),
        "ceilings": {name: value and round(value, 2) for name, value in asdict(ceilings).items()},
        "recipes": rows,
        "other_busy_cores": other_busy_cores,
        "advice": give_advice(ceilings, recipes, rows, device, other_busy_cores),
    }


def measure_recipe(
    recipe: Recipe, device: torch.device, ceilings: Ceilings, stop_at: float
) -> dict[str, Any]:
    """Build a recipe's training and time its steps.

    Args:
        recipe: on MNIST or another data set of the catalogue.
        device: where to train.
        ceilings: what ``percent_of_ceiling`` is a percentage of.
        stop_at: the time, on the clock of ``time.perf_counter``, after which only the least number
            of steps is done: one to warm up, one to measure.

    Returns:
        ``recipe``; ``images_per_s``; ``step_ms`` for one whole batch; ``gflop_per_s``, see
        ``training_flops_per_image``; ``percent_of_ceiling`` of the matrix product in the recipe's
        precision, None where that could not be measured; ``seconds_per_epoch`` without validation,
        of pictures in full size; ``epochs``; ``preparation_s``; ``estimated_train_s``, the
        preparation and all epochs, those with smaller pictures by their area;
        ``batch_size``; ``num_images`` of an epoch; ``precision``, fp32 or bf16; ``random_images``,
        whether they took the place of the data set.
    """
    is_bundled = CATALOG[recipe.data.name].format == "bundled"
    data = load_run_data(recipe) if is_bundled else RunData(_random_images(recipe), None)
    with pinned(recipe.threads):
        training, state = prepare_training(recipe, data, device)
        num_images = len(training.images)
        if not is_bundled:
            num_images = round(num_images * _num_training_images(recipe) / len(data.train))
        flops_per_image = training_flops_per_image(training.model, data.train.shape)
        batch_size, step_s = time_steps(training, num_images, stop_at)
    images_per_s = batch_size / step_s
    gflop_per_s = flops_per_image * images_per_s / 1e9
    ceiling = ceilings.gemm_gflop_per_s(training.bf16)
    epoch_s = num_images / images_per_s
    full_px = recipe.input.size_px
    areas = [(picture_size_px(recipe, epoch) / full_px) ** 2 for epoch in range(recipe.epochs)]
    return {
        "recipe": recipe.name,
        "images_per_s": round(images_per_s, 1),
        "step_ms": round(step_s * 1000, 3),
        "gflop_per_s": round(gflop_per_s, 3),
        "percent_of_ceiling": None if ceiling is None else round(100 * gflop_per_s / ceiling, 2),
        "seconds_per_epoch": round(epoch_s, 3),
        "epochs": recipe.epochs,
        "preparation_s": round(state.train_seconds, 3),
        "estimated_train_s": round(state.train_seconds + sum(areas) * epoch_s, 3),
        "batch_size": batch_size,
        "num_images": num_images,
        "precision": "bf16" if training.bf16 else "fp32",
        "random_images": not is_bundled,
    }


def time_steps(training: Training, num_images: int, stop_at: float) -> tuple[int, float]:
    """Train on whole batches and return the size of one, and the mean time of a step in seconds.

    Args:
        training: is trained on.
        num_images: of a true epoch, which the learning rate follows.
        stop_at: see ``measure_recipe``.
    """
    bounds = batch_bounds(len(training.images), training.recipe.batch_size)
    batch_size = bounds[0][1] - bounds[0][0]
    # A short last batch would come once in an epoch, but more often in what is measured here.
    bounds = [(start, stop) for start, stop in bounds if stop - start == batch_size]
    steps_per_epoch = len(batch_bounds(num_images, training.recipe.batch_size))
    between_looks = 1 if training.device.type == "cpu" else GPU_STEPS_BETWEEN_LOOKS
    training.model.train()
    step = 0
    while step < NUM_WARM_UP_STEPS and (step == 0 or perf_counter() < stop_at):
        _train_step(training, bounds, step, steps_per_epoch)
        step += 1
        synchronise(training.device)
    first = step
    start_s = now = perf_counter()
    while step - first < MIN_STEPS or (now - start_s < MEASURED_S and now < stop_at):
        for _ in range(between_looks):
            _train_step(training, bounds, step, steps_per_epoch)
            step += 1
        synchronise(training.device)
        now = perf_counter()
    return batch_size, (now - start_s) / (step - first)


def give_advice(
    ceilings: Ceilings,
    recipes: list[Recipe],
    rows: list[dict[str, Any]],
    device: torch.device,
    other_busy_cores: float | None,
) -> list[str]:
    """Return sentences on what may train faster, each because of something measured here."""
    advice = []
    if other_busy_cores is not None:
        num_free = (os.cpu_count() or 1) - torch.get_num_threads() - other_busy_cores
        if num_free < -BUSY_CORES_IGNORED:
            advice.append(
                f"other programs kept {other_busy_cores:.1f} cores busy meanwhile: the speeds are"
                " too low, measure again without them"
            )
    fp32, bf16 = ceilings.gemm_fp32_gflop_per_s, ceilings.gemm_bf16_gflop_per_s
    in_fp32 = [row["recipe"] for row in rows if row["precision"] == "fp32"]
    if bf16 is not None and bf16 > BF16_IS_FASTER * fp32 and in_fp32:
        advice.append(
            f"bf16 multiplies matrices {bf16 / fp32:.1f} times as fast as fp32 here:"
            f" --set precision=bf16 may be faster for {', '.join(in_fp32)}"
        )
    if bf16 is not None and bf16 < fp32:
        advice.append(
            f"bf16 multiplies matrices at {bf16 / fp32:.2f} times the speed of fp32 here:"
            " keep precision=fp32"
        )
    num_cores = num_physical_cores()
    if device.type == "cpu" and num_cores is not None:
        fewest = min([torch.get_num_threads(), *(r.threads for r in recipes if r.threads)])
        if fewest < num_cores:
            advice.append(
                f"torch computes with {fewest} thread{'s' * (fewest > 1)} on {num_cores} physical"
                f" cores: OMP_NUM_THREADS={num_cores} or --set threads={num_cores} may be faster"
            )
    return advice


def _train_step(
    training: Training, bounds: list[tuple[int, int]], step: int, steps_per_epoch: int
) -> None:
    recipe = training.recipe
    epoch, place = divmod(step, len(bounds))
    if place == 0:
        # The last epoch's pictures have the full size.
        training.images.start_epoch(recipe.epochs - 1)
    seed_device(training.device, derive_seed(recipe.seed, "dropout", epoch, place, 0))
    batch = training.images.batch(*bounds[place], epoch, place)
    factor = learning_rate_factor(
        recipe.schedule, step, recipe.epochs * steps_per_epoch, steps_per_epoch
    )
    training.step(batch, recipe.optimizer.learning_rate * factor)


def _num_training_images(recipe: Recipe) -> int:
    """Return how many images ``load_run_data`` would leave for training."""
    section = recipe.data
    whole = CATALOG[section.name].num_train
    fraction = section.validation < 1
    remaining = whole - round(section.validation * whole if fraction else section.validation)
    return min(remaining, section.limit or remaining)


def _random_images(recipe: Recipe) -> ImageSet:
    """Return uint8 noise in the form of the recipe's data set.

    A few thousand, but all of them where the recipe chooses from them: choosing takes time.
    """
    info, section = CATALOG[recipe.data.name], recipe.input
    num_images = _num_training_images(recipe)
    if recipe.selection.hardest == 1:
        num_images = min(num_images, max(NUM_RANDOM_IMAGES, recipe.batch_size))
    generator = torch.Generator().manual_seed(recipe.seed)
    shape = (num_images, section.channels, section.size_px, section.size_px)
    images = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    labels = torch.arange(num_images) % len(info.class_names)
    return ImageSet(f"random {info.name}", images, labels, info.class_names)
