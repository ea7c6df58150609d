"""Probabilities for every picture of a set from small networks that did not train on it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from thumbnet.datasets.image_set import ImageSet
from thumbnet.errors import DataError
from thumbnet.evaluation.classifier import predict_logits
from thumbnet.training.batches import batch_bounds
from thumbnet.training.loop import Training
from thumbnet.training.randomness import derive_seed, make_generator, seed_device
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import make_recipe
from thumbnet.training.schedules import learning_rate_factor
from thumbnet.training.setup import RunData, make_config, prepare_training

NUM_FOLDS = 4
LEAST_STEPS = 200
"""So that a small set is learned too: of few pictures there are more epochs."""


def out_of_fold_probabilities(
    images: ImageSet,
    *,
    num_folds: int = NUM_FOLDS,
    seed: int = 0,
    report: Callable[[str], None] | None = None,
) -> Tensor:
    """Return float32 ``(N, K)``: for each picture what a network says that never saw it.

    The pictures are dealt into folds, the same share of every class in each; for each fold a small
    network is trained on all others, on the CPU.

    Args:
        images: any set of at least ``num_folds`` pictures.
        num_folds: how many networks are trained.
        seed: of the folds and the networks.
        report: told of each fold.

    Raises:
        DataError: there are fewer pictures than folds.
    """
    if len(images) < num_folds:
        raise DataError(
            "there are too few pictures to look for wrong labels",
            got=len(images),
            expected=f"at least {num_folds}",
        )
    folds = deal_folds(images.labels, num_folds, seed)
    probabilities = torch.empty(len(images), images.num_classes)
    for fold in range(num_folds):
        if report is not None:
            report(f"looking for wrong labels: network {fold + 1} of {num_folds}")
        held_out = (folds == fold).nonzero().flatten()
        rest = (folds != fold).nonzero().flatten()
        train = images.subset(rest, f"{images.name}, without fold {fold}")
        probabilities[held_out] = _train_and_predict(train, images.images[held_out], seed + fold)
    return probabilities


def deal_folds(labels: Tensor, num_folds: int, seed: int) -> Tensor:
    """Return the fold of each picture, int64 ``(N,)``: of every class about as many in each."""
    generator = make_generator(seed, "selection")
    folds = torch.empty_like(labels)
    dealt = 0
    for label in sorted(set(labels.tolist())):
        members = (labels == label).nonzero().flatten()
        order = torch.randperm(len(members), generator=generator)
        folds[members[order]] = (torch.arange(len(members)) + dealt) % num_folds
        # The next class goes on where this one ended, so that small classes do not all fall
        # into the first folds.
        dealt += len(members)
    return folds


def quick_recipe(images: ImageSet, seed: int) -> Recipe:
    """Return the recipe of the small network: at least 2 epochs and ``LEAST_STEPS`` steps."""
    batch_size = 128
    steps_in_epoch = max(1, len(images) // batch_size)
    channels, height, _ = images.shape
    return make_recipe(
        {
            "name": "out-of-fold",
            "seed": seed,
            "epochs": max(2, -(-LEAST_STEPS // steps_in_epoch)),
            "batch_size": batch_size,
            "input": {
                "channels": channels,
                "size_px": height,
                "mean": "train",
                "std": "train",
                "frame": "resize",
            },
            "model": {"name": "cnn", "widths": [16, 32, 64], "stem_stride": 2},
            "optimizer": {"name": "adamw", "learning_rate": 3e-3, "weight_decay": 0.01},
            "schedule": {"name": "one-cycle"},
        }
    )


def _train_and_predict(train: ImageSet, images: Tensor, seed: int) -> Tensor:
    recipe = quick_recipe(train, seed)
    device = torch.device("cpu")
    training, _ = prepare_training(recipe, RunData(train, None), device)
    _train(training)
    config = make_config(recipe, train)
    logits = predict_logits(training.model, images, config, device)
    return logits[:, : train.num_classes].softmax(1)


def _train(training: Training) -> None:
    """Train without a log, checkpoints or a display, and so without a run folder."""
    recipe, images = training.recipe, training.images
    bounds = batch_bounds(len(images), recipe.batch_size)
    num_steps = recipe.epochs * len(bounds)
    training.model.train()
    for epoch in range(recipe.epochs):
        images.start_epoch(epoch)
        for step, (start, stop) in enumerate(bounds):
            seed_device(training.device, derive_seed(recipe.seed, "dropout", epoch, step, 0))
            batch = images.batch(start, stop, epoch, step)
            done = epoch * len(bounds) + step
            factor = learning_rate_factor(recipe.schedule, done, num_steps, len(bounds))
            training.step(batch, recipe.optimizer.learning_rate * factor)
