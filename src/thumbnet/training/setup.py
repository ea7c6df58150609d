"""From a recipe to everything that the loop moves."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from thumbnet import models, transforms
from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.loading import FOLDER_PREFIX, load_dataset
from thumbnet.datasets.splits import split_validation, stratified_choice
from thumbnet.errors import CheckpointError
from thumbnet.evaluation.classifier import predict_logits
from thumbnet.models.folder import Architecture, ModelConfig, ModelInput
from thumbnet.models.layers import pool_first
from thumbnet.training.batches import Normalisation, TrainingImages
from thumbnet.training.ema import WeightAverage
from thumbnet.training.loop import Training, Validate
from thumbnet.training.losses import make_loss
from thumbnet.training.made import with_made_pictures
from thumbnet.training.optimisers import make_optimizer
from thumbnet.training.precision import use_bf16
from thumbnet.training.process_group import ALONE, ProcessGroup
from thumbnet.training.randomness import derive_seed, seed_device
from thumbnet.training.recipe import Recipe
from thumbnet.training.selection import select_images
from thumbnet.training.state import TrainingState

NUM_WHITENING_IMAGES = 5000


@dataclass(frozen=True)
class RunData:
    """The two sets that training may see. The test set is opened elsewhere, at the end."""

    train: ImageSet
    validation: ImageSet | None


def load_run_data(
    recipe: Recipe, *, skip_bad: bool = False, report: Callable[[str], None] | None = None
) -> RunData:
    """Load the recipe's training split and cut its validation set from it.

    Raises:
        DataError: see ``load_dataset`` and ``split_validation``.
    """
    section = recipe.data
    whole = load_dataset(
        section.name,
        "train",
        channels=recipe.input.channels,
        size_px=recipe.input.size_px,
        skip_bad=skip_bad,
        report=report,
    )
    train, validation = split_validation(
        whole,
        section.validation,
        seed=section.split_seed,
        method=section.validation_from,
        # A folder's pictures may be the mapped file of the cache, which is not ours to change.
        reuse_memory=not section.name.startswith(FOLDER_PREFIX),
    )
    if section.limit is not None:
        chosen = stratified_choice(train, section.limit, section.split_seed)
        train = train.subset(chosen.nonzero().flatten())
    return RunData(train, validation)


def prepare_training(
    recipe: Recipe,
    data: RunData,
    device: torch.device,
    group: ProcessGroup = ALONE,
    *,
    bf16: bool | None = None,
) -> tuple[Training, TrainingState]:
    """Build the model, the optimiser and the batches for a run's beginning.

    Everything random in it derives from the recipe's seed. The time it takes counts as training,
    but for what is a fact of the machine: importing, and measuring which precision is faster.

    Args:
        recipe: what is asked for.
        data: what to train on.
        device: where.
        group: the processes that train together.
        bf16: the precision that a run began with; by default the recipe's, see ``use_bf16``.

    Raises:
        ModelError: the model cannot be built for this input.
    """
    # The first optimiser would import it: more than a second that is no training.
    importlib.import_module("torch._dynamo")
    if bf16 is None:
        # One answer for all processes: the measurement may differ between them.
        bf16 = bool(group.largest([int(use_bf16(recipe.precision, device))])[0])
    start = time.perf_counter()
    config = make_config(recipe, data.train)
    seed_device(torch.device("cpu"), derive_seed(recipe.seed, "initialisation"))
    model = models.build_model(
        recipe.model.name,
        config.input.shape,
        config.num_outputs,
        **recipe.model.arguments,
    ).to(device)
    normalisation = Normalisation(config.input.scale, config.input.mean, config.input.std)
    _initialise_from_images(model, data.train, normalisation, device)
    channels_last = recipe.channels_last and _has_convolutions(model)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    chosen = data.train
    if recipe.selection.hardest < 1:
        indices = select_images(data.train, recipe.selection, normalisation, recipe.seed, device)
        indices = indices.to(group.device)  # nccl sends from the GPU only
        group.broadcast([indices])
        chosen = data.train.subset(indices.cpu())
    if recipe.made.is_used:
        chosen = with_made_pictures(chosen, recipe.made, recipe.seed)
    training = Training(
        recipe=recipe,
        device=device,
        bf16=bf16,
        model=model,
        forward=_make_forward(model, recipe, device, group),
        loss=make_loss(recipe.loss),
        optimizer=make_optimizer(recipe.optimizer, model.parameters(), bf16),
        average=WeightAverage(model, recipe.ema_decay) if recipe.ema_decay else None,
        images=TrainingImages(chosen, recipe, normalisation, device, channels_last, group),
        validate=_make_validate(data.validation, config, device, group),
        group=group,
        identity=_identity(recipe, data, device, group, bf16),
    )
    return training, TrainingState(train_seconds=time.perf_counter() - start)


def restore_training(training: Training, checkpoint: dict[str, Any]) -> TrainingState:
    """Continue from a checkpoint: load weights, optimiser and averages; return the position.

    Raises:
        CheckpointError: the checkpoint is of another recipe, data set or device.
    """
    for name, value in training.identity.items():
        saved = checkpoint["identity"].get(name)
        if saved != value:
            raise CheckpointError(
                f"the run cannot go on exactly: its {name.replace('_', ' ')} has changed",
                got=value,
                expected=saved,
                fix="restore what was changed, or start a new run",
            )
    training.model.load_state_dict(checkpoint["model"])
    training.optimizer.load_state_dict(checkpoint["optimizer"])
    if training.average is not None:
        training.average.load_state_dict(checkpoint["average"])
    state = TrainingState.from_dict(checkpoint["state"])
    state.num_resumed += 1
    return state


def make_config(recipe: Recipe, train: ImageSet) -> ModelConfig:
    """Return the model's configuration; the normalisation is computed where the recipe says."""
    section = recipe.input
    mean, std = section.mean, section.std
    if mean == "train" or std == "train":
        means, deviations = train.pixel_statistics()
        factor = 255 / section.scale
        mean = tuple(value * factor for value in means) if mean == "train" else mean
        # A channel that never changes must not become infinite.
        std = tuple((value * factor) or 1.0 for value in deviations) if std == "train" else std
    return ModelConfig(
        architecture=Architecture(name=recipe.model.name, arguments=recipe.model.arguments),
        class_names=train.class_names,
        input=ModelInput(
            channels=section.channels,
            size_px=section.size_px,
            scale=section.scale,
            mean=mean,
            std=std,
            frame=recipe.frame,
        ),
        views=recipe.views,
        rejects=recipe.made.negatives > 0,
        trained_on={
            "data": recipe.data.name,
            "train_hash": train.content_hash,
            "num_images": len(train),
            "recipe": recipe.name,
            "seed": recipe.seed,
        },
    )


def _initialise_from_images(
    model: nn.Module, train: ImageSet, normalisation: Normalisation, device: torch.device
) -> None:
    """Let every layer that is computed from pictures see the first training images."""
    layers = [layer for layer in model.modules() if isinstance(layer, models.PatchWhitening)]
    if layers:
        first = train.images[:NUM_WHITENING_IMAGES].to(device)
        images = transforms.normalise(
            first, normalisation.scale, normalisation.mean, normalisation.std
        )
        for layer in layers:
            layer.initialise_from(images)


def _make_forward(
    model: nn.Module, recipe: Recipe, device: torch.device, group: ProcessGroup
) -> Callable[[Tensor], Tensor]:
    wrapped = group.wrap(pool_first(model), device)
    return torch.compile(wrapped) if recipe.compile else wrapped


def _make_validate(
    validation: ImageSet | None, config: ModelConfig, device: torch.device, group: ProcessGroup
) -> Validate | None:
    if validation is None:
        return None
    num_images = len(validation)
    start, stop = group.share(0, num_images)
    images, labels = validation.images[start:stop].to(device), validation.labels[start:stop]

    def validate(model: nn.Module) -> tuple[float, float]:
        logits = predict_logits(model, images, config, device)[:, : len(config.class_names)]
        logits = logits.double()
        loss = functional.cross_entropy(logits, labels, reduction="sum")
        num_correct = (logits.argmax(1) == labels).sum()
        total_loss, total_correct = group.sum(torch.stack([loss, num_correct.double()])).tolist()
        return total_loss / num_images, total_correct / num_images

    return validate


def _identity(
    recipe: Recipe, data: RunData, device: torch.device, group: ProcessGroup, bf16: bool
) -> dict[str, Any]:
    return {
        "recipe": recipe.model_dump_json(),
        "training_images": data.train.content_hash,
        "validation_images": data.validation.content_hash if data.validation else None,
        "device": device.type,
        "threads": torch.get_num_threads(),
        "world_size": group.world_size,
        "bf16": bf16,
    }


def _has_convolutions(model: nn.Module) -> bool:
    return any(isinstance(module, nn.Conv2d) for module in model.modules())
