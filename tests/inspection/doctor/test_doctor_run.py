from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import pytest

from thumbnet.inspection.doctor.run import RunFacts, inspect_run
from thumbnet.training.recipe_file import make_recipe

RECIPE = make_recipe({"name": "digits", "epochs": 3}).model_dump(mode="json")
GUESSING = math.log(10)


def recipe(**changes: object) -> dict[str, Any]:
    """Return the recipe with changes of ``section__key``."""
    values = copy.deepcopy(RECIPE)
    for name, value in changes.items():
        section, _, key = name.partition("__")
        values[section][key] = value
    return values


def epochs(
    losses: Sequence[float], validation: Sequence[float] | None = None, gap: float = 0.0
) -> list[dict[str, Any]]:
    return [
        {
            "epoch": number,
            "train_loss": loss,
            "train_accuracy": 0.9,
            "validation_loss": validation[number - 1] if validation else None,
            "validation_accuracy": 0.9 - gap if validation else None,
        }
        for number, loss in enumerate(losses, start=1)
    ]


def falling(start: float, stop: float, count: int = 300) -> list[float]:
    """Return losses of batches that fall with a ripple."""
    step = (stop - start) / count
    return [start + step * index + 0.02 * math.sin(index) for index in range(count)]


def run(**changes: Any) -> RunFacts:
    values: dict[str, Any] = {
        "name": "runs/digits-1",
        "recipe": recipe(data__validation=0.1),
        "epochs": epochs([0.4, 0.2, 0.1]),
        "losses": falling(1.0, 0.1),
        "num_classes": 10,
        **changes,
    }
    return RunFacts(**values)


def found(**changes: Any) -> list[str]:
    return [f"{each.code}/{each.form}".rstrip("/") for each in inspect_run(run(**changes))]


def receipt(openings: int = 1, kept_epoch: int = 3) -> dict[str, Any]:
    opening = {"test_hash": "abc", "accuracy": 0.9}
    return {"test_openings": [opening] * openings, "results": {"kept_epoch": kept_epoch}}


def test_right_run_has_no_finding() -> None:
    assert found() == []
    assert found(receipt=receipt()) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"augmentation__flip": True}, "label-changing-augmentation/flip"),
        ({"augmentation__flip": "alternating"}, "label-changing-augmentation/flip"),
        ({"augmentation__rotation_degrees": 90.0}, "label-changing-augmentation/turn"),
        ({"data__shuffle": False}, "no-shuffle/run"),
        ({"model__stem": "imagenet"}, "large-stem-on-small-images/run"),
    ],
)
def test_mistake_in_the_recipe(changes: dict[str, object], code: str) -> None:
    assert found(recipe=recipe(data__validation=0.1, **changes)) == [code]


def test_flips_are_right_for_photos_and_wrong_for_a_folder_of_digits() -> None:
    photos = recipe(data__name="cifar10", data__validation=0.1, augmentation__flip=True)
    assert found(recipe=photos) == []
    own = recipe(data__name="folder:own", data__validation=0.1, augmentation__flip=True)
    assert found(recipe=own, class_names=["cat", "dog"]) == []
    assert found(recipe=own, class_names=list("0123456789")) == ["label-changing-augmentation/flip"]


def test_imagenet_stem_is_right_for_large_pictures() -> None:
    large = recipe(data__validation=0.1, model__stem="imagenet", input__size_px=224)
    assert found(recipe=large) == []


def test_test_set_opened_often() -> None:
    assert found(receipt=receipt(openings=2)) == []
    assert found(receipt=receipt(openings=3)) == ["test-opened-often"]


def test_openings_of_other_data_count_for_themselves() -> None:
    several = receipt(openings=2)
    several["test_openings"] += [{"test_hash": f"other {i}", "accuracy": 0.5} for i in range(4)]
    assert found(receipt=several) == []


def test_tuned_without_validation() -> None:
    own, rival = recipe(), recipe(optimizer__learning_rate=0.5)
    assert found(recipe=own, others=[rival]) == ["no-validation-while-tuned"]


def test_other_seeds_and_runs_with_validation_are_no_tuning() -> None:
    seeds = [{**recipe(), "seed": seed} for seed in (1, 2)]
    assert found(recipe=recipe(), others=seeds) == []
    validated = recipe(optimizer__learning_rate=0.5, data__validation=0.1)
    assert found(recipe=recipe(), others=[validated]) == []
    assert found(others=[recipe(optimizer__learning_rate=0.5)]) == []


@pytest.mark.parametrize(
    ("rows", "losses", "code"),
    [
        ([2.4, 5.0, 9.0], falling(2.3, 9.0), "learning-rate-high"),
        ([0.5, 0.6, 0.8], falling(0.3, 0.9), "learning-rate-high"),
        ([GUESSING, GUESSING, GUESSING], falling(GUESSING, GUESSING), "not-learning"),
        ([2.1, 1.8, 1.6], falling(2.3, 1.6), "learning-rate-low"),
    ],
)
def test_learning_rate_by_the_curve(rows: list[float], losses: list[float], code: str) -> None:
    assert found(epochs=epochs(rows), losses=losses) == [code]


def test_high_loss_that_no_longer_falls_is_not_called_slow() -> None:
    assert found(epochs=epochs([1.5, 1.4, 1.4]), losses=falling(1.6, 1.4)) == []


def test_curve_of_another_loss_or_of_unknown_classes_is_not_judged() -> None:
    bad = {"epochs": epochs([2.4, 5.0, 9.0]), "losses": falling(2.3, 9.0)}
    assert found(**bad, num_classes=None) == []
    assert found(**bad, recipe=recipe(data__validation=0.1, loss__name="mse")) == []


def test_past_the_best_epoch() -> None:
    rows = epochs([0.4, 0.2, 0.1], validation=[0.3, 0.2, 0.35])
    assert found(epochs=rows) == ["overfitting/past"]
    # Early stopping kept the best one.
    assert found(epochs=rows, receipt=receipt(kept_epoch=2)) == []
    assert found(epochs=rows, receipt=receipt(kept_epoch=3)) == ["overfitting/past"]


def test_gap_between_training_and_validation() -> None:
    rows = epochs([0.4, 0.2, 0.1], validation=[0.4, 0.3, 0.3], gap=0.15)
    assert found(epochs=rows) == ["overfitting/gap"]
    near = epochs([0.4, 0.2, 0.1], validation=[0.4, 0.3, 0.3], gap=0.05)
    assert found(epochs=near) == []


def test_run_that_has_just_begun_has_no_finding() -> None:
    assert found(epochs=[], losses=[]) == []
