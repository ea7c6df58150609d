"""The loop against plain torch, written out: what it adds must not change the mathematics."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from thumbnet.datasets.image_set import ImageSet
from thumbnet.training.batches import Batch, batch_bounds, epoch_order
from thumbnet.training.device import pinned
from thumbnet.training.loop import Saver, Training, _validate, train_epochs
from thumbnet.training.metrics_log import MetricsLog
from thumbnet.training.progress import Silent
from thumbnet.training.randomness import derive_seed
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import load_recipe
from thumbnet.training.setup import RunData, load_run_data, prepare_training
from thumbnet.training.state import TrainingState
from tiny_runs import EVERYTHING, NUM_TRAIN, PLAIN, learning_curve, run_tiny, tiny_recipe

pytestmark = pytest.mark.usefixtures("no_figures")

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """One thread, deterministic, as a run pins it; for networks this small more are slower."""
    with pinned(1):
        yield


class NoSignal:
    signal_number = None

    def raise_if_requested(self) -> None:
        return


class NoSaver(Saver):
    def __init__(self) -> None:
        return

    def is_due(self) -> bool:
        return False

    def save(self, state: TrainingState) -> None:
        state.to_dict()


def noise_images(num_images: int, size_px: int = 28, num_classes: int = 10) -> ImageSet:
    generator = torch.Generator().manual_seed(1)
    shape = (num_images, 1, size_px, size_px)
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    labels = torch.arange(num_images) % num_classes
    return ImageSet("noise train", images, labels, tuple(map(str, range(num_classes))))


def our_losses(recipe: Recipe, data: RunData, folder: Path) -> tuple[list[float], Training]:
    training, state = prepare_training(recipe, data, CPU)
    with MetricsLog(folder) as log:
        train_epochs(training, state, log, NoSaver(), Silent(), NoSignal())  # type: ignore[arg-type]
    return learning_curve(folder)[0], training


def plain_losses(
    recipe: Recipe,
    images: ImageSet,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    after_backward: Callable[[nn.Module], None] = lambda _model: None,
    label_smoothing: float = 0.0,
) -> list[float]:
    """Train ``model`` as any tutorial does, one index at a time, and return every batch's loss."""
    section = recipe.input
    pixels = [image.float() / section.scale for image in images.images]
    if section.mean:
        assert section.mean != "train"
        assert section.std != "train"
        mean, std = section.mean[0], section.std[0]
        pixels = [(image - mean) / std for image in pixels]
    criterion = nn.CrossEntropyLoss(label_smoothing=label_smoothing)
    losses = []
    model.train()
    for epoch in range(recipe.epochs):
        order = epoch_order(len(images), recipe.seed, epoch, recipe.data.shuffle).tolist()
        for step in range(math.ceil(len(images) / recipe.batch_size)):
            chosen = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
            torch.manual_seed(derive_seed(recipe.seed, "dropout", epoch, step))
            optimizer.zero_grad()
            loss = criterion(model(torch.stack([pixels[i] for i in chosen])), images.labels[chosen])
            loss.backward()
            after_backward(model)
            optimizer.step()
            losses.append(loss.item())
    return losses


def twin_of(recipe: Recipe, data: RunData, model: nn.Module) -> nn.Module:
    """Copy the initial weights, in order, into a network that was written by hand."""
    initial, _ = prepare_training(recipe, data, CPU)
    values = list(initial.model.state_dict().values())
    names = list(model.state_dict())
    model.load_state_dict({n: v.clone() for n, v in zip(names, values, strict=True)})
    return model


def perceptron(*sizes: int, dropout: float | None = None) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    for index in range(len(sizes) - 1):
        layers.append(nn.Linear(sizes[index], sizes[index + 1]))
        if index < len(sizes) - 2:
            layers.append(nn.ReLU())
            if dropout is not None:
                layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers)


def plain_cnn() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(6272, 70), nn.Tanh(), nn.Linear(70, 30), nn.Tanh()),
        nn.Linear(30, 10),
    )


@pytest.mark.parametrize(
    ("name", "make_twin", "make_optimizer"),
    [
        (
            "tutorial-mlp",
            lambda: perceptron(784, 512, 256, 128, 64, 10),
            lambda p: torch.optim.SGD(p, 0.01, momentum=0.5, fused=False, foreach=False),
        ),
        (
            "tutorial-cnn",
            plain_cnn,
            lambda p: torch.optim.Adam(p, 0.001, fused=False, foreach=False),
        ),
        (
            "tutorial-dropout-mlp-adam",
            lambda: perceptron(784, 128, 256, 10, dropout=0.5),
            lambda p: torch.optim.Adam(p, 0.001, fused=False, foreach=False),
        ),
        (
            "tutorial-dropout-mlp-sgd",
            lambda: perceptron(784, 128, 256, 10, dropout=0.5),
            lambda p: torch.optim.SGD(p, 0.001, fused=False, foreach=False),
        ),
    ],
)
def test_twenty_steps_have_the_losses_of_a_plain_loop(
    tmp_path: Path,
    name: str,
    make_twin: Callable[[], nn.Module],
    make_optimizer: Callable[[Any], torch.optim.Optimizer],
) -> None:
    changes = {"epochs": 2, "batch_size": 8, "data.validation": 0}
    recipe = load_recipe(name, {**changes, "data.validation_from": "stratified"})
    data = RunData(noise_images(80), None)
    twin = twin_of(recipe, data, make_twin())
    expected = plain_losses(recipe, data.train, twin, make_optimizer(twin.parameters()))
    losses, _ = our_losses(recipe, data, tmp_path)
    assert len(losses) == 20
    assert losses == pytest.approx(expected, abs=1e-5)
    assert max(losses) - min(losses) > 1e-3


def test_clip_and_smoothing_are_those_of_torch(tmp_path: Path) -> None:
    changes = {"gradient_clip": 0.1, "label_smoothing": 0.2, "epochs": 3, "input.mean": []}
    recipe = load_recipe("tutorial-mlp", {"model": "mlp", **changes, "input.std": []})
    data = RunData(noise_images(64), None)
    twin = twin_of(recipe, data, perceptron(784, 256, 128, 10))
    norms = []

    def clip(model: nn.Module) -> None:
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        norms.append(math.sqrt(sum(float((gradient**2).sum()) for gradient in gradients)))
        for gradient in gradients:
            gradient.mul_(min(1.0, 0.1 / norms[-1]))

    optimizer = torch.optim.SGD(twin.parameters(), 0.01, momentum=0.5)
    expected = plain_losses(recipe, data.train, twin, optimizer, clip, 0.2)
    losses, _ = our_losses(recipe, data, tmp_path)
    assert min(norms) > 0.1
    assert losses == pytest.approx(expected, abs=1e-5)


def test_every_image_is_used_when_one_is_left_over(tmp_path: Path) -> None:
    """A last batch of one would have no variance to normalise by."""
    recipe = load_recipe("tutorial-cnn", {"epochs": 2, "batch_size": 8})
    images = noise_images(33)
    training, state = prepare_training(recipe, RunData(images, None), CPU)
    seen: list[tuple[int, bytes]] = []
    original = training.images.batch

    def noting(*arguments: int) -> Batch:
        batch = original(*arguments)
        seen.extend((arguments[2], image.numpy().tobytes()) for image in batch.images)
        return batch

    training.images.batch = noting  # type: ignore[method-assign]
    with MetricsLog(tmp_path) as log:
        train_epochs(training, state, log, NoSaver(), Silent(), NoSignal())  # type: ignore[arg-type]
    assert state.step == 2 * len(batch_bounds(33, 8)) == 8
    for epoch in range(2):
        expected = {(image.float() / 255).numpy().tobytes() for image in images.images}
        assert {pixels for e, pixels in seen if e == epoch} == expected
    assert len(seen) == 2 * 33


def test_epoch_row_is_the_mean_over_its_images(tmp_path: Path, pictures: Path) -> None:
    """The last batch is larger, so a mean over batches would be another number."""
    recipe = tiny_recipe(pictures, epochs=1, batch_size=8)
    run_tiny(recipe, tmp_path / "run")
    losses, (row,) = learning_curve(tmp_path / "run")
    counts = [stop - start for start, stop in batch_bounds(NUM_TRAIN, 8)]
    assert counts[-1] == 9
    weighted = sum(loss * count for loss, count in zip(losses, counts, strict=True)) / NUM_TRAIN
    assert row["train_loss"] == pytest.approx(weighted)
    assert row["train_accuracy"] * NUM_TRAIN == pytest.approx(
        round(row["train_accuracy"] * NUM_TRAIN)
    )


def test_logging_more_often_changes_nothing_but_the_log(tmp_path: Path, pictures: Path) -> None:
    curves = [
        learning_curve(
            run_tiny(
                tiny_recipe(pictures, EVERYTHING, log_every_steps=every), tmp_path / str(every)
            )
        )
        for every in (1, 2, 50)
    ]
    assert curves[0] == curves[1] == curves[2]


def test_learning_rate_follows_the_schedule(tmp_path: Path, pictures: Path) -> None:
    schedule = {"name": "step", "step_epochs": 1, "step_factor": 0.5}
    run = run_tiny(tiny_recipe(pictures, epochs=3, schedule=schedule), tmp_path / "run")
    _, rows = learning_curve(run)
    assert [row["learning_rate"] for row in rows] == pytest.approx([0.1, 0.05, 0.025])


def scripted_training(
    values: list[float], metric: str, patience: int, pictures: Path, **changes: Any
) -> tuple[Training, TrainingState, list[dict[str, Tensor]]]:
    """Return a training whose validation gives ``values``, and the weights that each one saw."""
    section = {"patience_epochs": patience, "metric": metric, **changes}
    recipe = tiny_recipe(
        pictures,
        PLAIN,
        epochs=len(values),
        early_stopping=section,
        **{"data.validation": 3, "input.size_px": 8},
    )
    data = RunData(noise_images(16, 8, 3), noise_images(6, 8, 3))
    training, state = prepare_training(recipe, data, CPU)
    seen: list[dict[str, Tensor]] = []

    def validate(model: nn.Module) -> tuple[float, float]:
        seen.append({name: value.clone() for name, value in model.state_dict().items()})
        value = values[len(seen) - 1]
        return (value, 0.5) if metric == "validation_loss" else (1.0, value)

    training.validate = validate
    return training, state, seen


@pytest.mark.parametrize(
    ("values", "metric", "patience", "changes", "best", "num_epochs"),
    [
        ([3.0, 1.0, 2.0, 2.0, 0.5], "validation_loss", 2, {}, 2, 4),
        ([3.0, 1.0, 2.0, 0.5, 0.6], "validation_loss", 2, {}, 4, 5),
        ([0.3, 0.9, 0.9, 0.8], "validation_accuracy", 2, {}, 2, 4),
        ([0.3, 0.2, 0.9], "validation_accuracy", 1, {}, 1, 2),
        ([3.0, 2.9, 2.8, 2.7], "validation_loss", 3, {"min_improvement": 0.5}, 1, 4),
    ],
)
def test_early_stopping_keeps_the_best_epochs_weights(
    tmp_path: Path,
    pictures: Path,
    values: list[float],
    metric: str,
    patience: int,
    changes: dict[str, Any],
    best: int,
    num_epochs: int,
) -> None:
    training, state, seen = scripted_training(values, metric, patience, pictures, **changes)
    with MetricsLog(tmp_path) as log:
        train_epochs(training, state, log, NoSaver(), Silent(), NoSignal())  # type: ignore[arg-type]
    assert (state.best_epoch, len(state.scores)) == (best, num_epochs)
    assert state.best_weights is not None
    for name, value in state.best_weights.items():
        assert torch.equal(value, seen[best - 1][name])
    assert any(
        not torch.equal(seen[0][name], seen[-1][name]) for name in training.model.state_dict()
    )


def test_kept_model_scores_on_validation_what_its_epoch_did(tmp_path: Path, pictures: Path) -> None:
    recipe = tiny_recipe(
        pictures, EVERYTHING, epochs=12, lr=2.0, **{"early_stopping.patience_epochs": 2}
    )
    run = run_tiny(recipe, tmp_path / "run")
    _, rows = learning_curve(run)
    losses = [row["validation_loss"] for row in rows]
    kept = run.receipt["results"]["kept_epoch"]
    assert kept == losses.index(min(losses)) + 1 < len(rows)

    validation = load_run_data(recipe).validation
    assert validation is not None
    logits = run.load().logits(validation.images).double()
    assert float(functional.cross_entropy(logits, validation.labels)) == pytest.approx(
        losses[kept - 1], abs=1e-6
    )


def test_average_is_evaluated_and_then_put_aside(pictures: Path) -> None:
    recipe = tiny_recipe(pictures, EVERYTHING)
    training, _ = prepare_training(recipe, load_run_data(recipe), CPU)
    assert training.average is not None
    own = {name: value.clone() for name, value in training.model.state_dict().items()}
    for value in training.average.mean.values():
        value.fill_(1)
    seen: list[float] = []

    def validate(model: nn.Module) -> tuple[float, float]:
        seen.extend(float(value.double().mean()) for value in model.state_dict().values())
        raise ZeroDivisionError

    training.validate = validate
    with pytest.raises(ZeroDivisionError):
        _validate(training)
    assert set(seen) == {1.0}
    for name, value in training.model.state_dict().items():
        assert torch.equal(value, own[name])


def test_saved_model_is_the_running_mean(tmp_path: Path, pictures: Path) -> None:
    recipe = tiny_recipe(pictures, {**EVERYTHING, "early_stopping": {}}, epochs=1)
    means: list[dict[str, Tensor]] = []
    original = Training.step

    def averaging(training: Training, *arguments: Any) -> Any:
        if not means:
            means.append({n: v.double().clone() for n, v in training.model.state_dict().items()})
        result = original(training, *arguments)
        count = len(means)
        decay = min(0.9, count / (9 + count))
        means.append(
            {
                name: decay * means[-1][name] + (1 - decay) * value.double()
                for name, value in training.model.state_dict().items()
            }
        )
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "step", averaging)
        run = run_tiny(recipe, tmp_path / "run")
    for name, value in run.load().network.state_dict().items():
        if "num_batches" not in name:
            torch.testing.assert_close(value.double(), means[-1][name], rtol=1e-5, atol=1e-6)


def test_bf16_trains_in_lower_precision_and_says_so(tmp_path: Path, pictures: Path) -> None:
    runs = [
        run_tiny(tiny_recipe(pictures, EVERYTHING, precision=name), tmp_path / name)
        for name in ("fp32", "bf16")
    ]
    first, second = (learning_curve(run)[0] for run in runs)
    assert first != second
    assert second == pytest.approx(first, abs=0.2)
    assert runs[1].receipt["precision"] == "bf16 autocast"
    weights = runs[1].load().network.state_dict().values()
    assert all(value.dtype in (torch.float32, torch.int64) for value in weights)
