from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch

from thumbnet.errors import DeviceError
from thumbnet.training import bench
from thumbnet.training.ceilings import Ceilings
from thumbnet.training.loop import Training
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import make_recipe, packaged_recipes
from thumbnet.training.setup import load_run_data

CPU = torch.device("cpu")
CEILINGS = Ceilings(100.0, 50.0, 80.0, 40.0)
# Low enough for tiny models to come near.
LOW_CEILINGS = Ceilings(0.1, 0.05, 0.08, 0.04)
TINY: dict[str, Any] = {
    "batch_size": 100,
    "epochs": 3,
    "threads": 1,
    "model": {"name": "mlp", "widths": [4]},
}
TINY_CIFAR10 = {
    **TINY,
    "data": {"name": "cifar10", "validation": 0.1},
    "input": {"channels": 3, "size_px": 32},
}


class Clock:
    """Stands still but for the seconds that each step takes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds_per_step: list[float]) -> None:
        self.time_s, self.num_steps, self.seconds = 100.0, 0, seconds_per_step
        original = Training.step

        def step(training: Training, *arguments: Any) -> Any:
            self.time_s += self.seconds[min(self.num_steps, len(self.seconds) - 1)]
            self.num_steps += 1
            return original(training, *arguments)

        monkeypatch.setattr(Training, "step", step)
        monkeypatch.setattr(bench, "perf_counter", lambda: self.time_s)


def measure(recipe: Recipe, allowed_s: float = 1000.0) -> dict[str, Any]:
    return bench.measure_recipe(recipe, CPU, LOW_CEILINGS, bench.perf_counter() + allowed_s)


@pytest.fixture
def tiny_cifar10(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setattr(bench, "NUM_RANDOM_IMAGES", 350)
    return make_recipe({"name": "tiny-cifar10", **TINY_CIFAR10})


def test_speed_is_that_of_the_steps_after_the_warm_up(
    monkeypatch: pytest.MonkeyPatch, tiny_cifar10: Recipe
) -> None:
    clock = Clock(monkeypatch, [9.0, 9.0, 9.0, 0.25])
    row = measure(tiny_cifar10)
    assert clock.num_steps == 3 + 4  # one second of them
    assert row["step_ms"] == 250.0
    assert row["images_per_s"] == 400.0
    assert row["batch_size"] == 100
    # 50,000 without the tenth that is held out.
    assert row["num_images"] == 45_000
    assert row["seconds_per_epoch"] == pytest.approx(45_000 / 400)
    assert row["estimated_train_s"] == pytest.approx(row["preparation_s"] + 3 * 45_000 / 400)
    gflop_per_s = 6 * (3072 * 4 + 4 * 10) * 400 / 1e9
    assert row["gflop_per_s"] == pytest.approx(gflop_per_s, abs=5e-4)
    assert row["percent_of_ceiling"] == pytest.approx(100 * gflop_per_s / 0.1, abs=5e-3)
    assert (row["precision"], row["epochs"], row["random_images"]) == ("fp32", 3, True)


def test_slow_recipe_is_measured_on_one_step_though_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch, tiny_cifar10: Recipe
) -> None:
    clock = Clock(monkeypatch, [7.0])
    row = measure(tiny_cifar10, allowed_s=5.0)
    assert clock.num_steps == 1 + 1
    assert row["step_ms"] == 7000.0


def test_measuring_stops_when_its_share_of_the_time_is_over(
    monkeypatch: pytest.MonkeyPatch, tiny_cifar10: Recipe
) -> None:
    clock = Clock(monkeypatch, [0.125])
    measure(tiny_cifar10, allowed_s=0.875)
    assert clock.num_steps == 3 + 4


def test_only_whole_batches_are_trained_on(
    monkeypatch: pytest.MonkeyPatch, tiny_cifar10: Recipe
) -> None:
    sizes: list[int] = []
    original = Training.step

    def step(training: Training, batch: Any, learning_rate: float) -> Any:
        sizes.append(len(batch.images))
        return original(training, batch, learning_rate)

    monkeypatch.setattr(Training, "step", step)
    Clock(monkeypatch, [0.125])
    monkeypatch.setattr(bench, "MEASURED_S", 0.0)
    monkeypatch.setattr(bench, "MIN_STEPS", 6)
    measure(tiny_cifar10)
    assert sizes == [100] * 9


def test_percentage_is_of_the_recipes_own_precision(
    monkeypatch: pytest.MonkeyPatch, tiny_cifar10: Recipe
) -> None:
    Clock(monkeypatch, [0.25])
    in_bf16 = tiny_cifar10.model_copy(update={"precision": "bf16"})
    fp32, bf16 = measure(tiny_cifar10), measure(in_bf16)
    assert bf16["precision"] == "bf16"
    assert bf16["gflop_per_s"] == fp32["gflop_per_s"]
    assert bf16["percent_of_ceiling"] == pytest.approx(2 * fp32["percent_of_ceiling"], abs=0.011)
    without = bench.measure_recipe(in_bf16, CPU, Ceilings(100.0, None, 80.0, None), 1e9)
    assert without["percent_of_ceiling"] is None


def test_mnist_is_trained_on_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch, [1.0])
    row = measure(make_recipe({**TINY, "data": {"name": "mnist", "limit": 500}}))
    assert (row["num_images"], row["random_images"]) == (500, False)


def test_selection_counts_the_images_that_it_leaves(
    monkeypatch: pytest.MonkeyPatch, tiny_cifar10: Recipe
) -> None:
    Clock(monkeypatch, [1.0])
    values = tiny_cifar10.model_dump(exclude_unset=True)
    recipe = make_recipe(
        values, {"data.limit": 600, "selection.hardest": 0.25, "selection.others": 0.25}
    )
    row = measure(recipe)
    assert row["num_images"] == 300


@pytest.mark.parametrize(
    "changes",
    [
        {"validation": 0.15},
        {"validation": 777},
        {"validation": 10, "limit": 1234},
        {"validation": 0},
    ],
)
def test_number_of_training_images_is_that_of_the_real_split(changes: dict[str, Any]) -> None:
    recipe = make_recipe({**TINY, "data": {"name": "mnist", **changes}})
    assert bench._num_training_images(recipe) == len(load_run_data(recipe).train)


def test_random_images_have_the_form_and_the_classes_of_the_data_set() -> None:
    images = bench._random_images(make_recipe(TINY_CIFAR10))
    assert images.shape == (3, 32, 32)
    assert images.class_counts() == [bench.NUM_RANDOM_IMAGES // 10] * 10


@pytest.fixture
def tiny_bench(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Return ``run_bench`` over two tiny recipes, with ceilings that cost nothing."""
    recipes = {
        "second": {**TINY, "name": "second", "data": {"name": "mnist", "limit": 300}},
        "first": {**TINY_CIFAR10, "name": "first"},
    }
    monkeypatch.setattr(bench, "NUM_RANDOM_IMAGES", 350)
    monkeypatch.setattr(bench, "MEASURED_S", 0.0)
    monkeypatch.setattr(bench, "measure_ceilings", lambda _device: CEILINGS)
    monkeypatch.setattr(bench, "packaged_recipes", lambda: dict.fromkeys(recipes))
    monkeypatch.setattr(bench, "load_recipe", lambda name: make_recipe(recipes[name]))
    return bench.run_bench


def test_result_is_json_and_keeps_the_catalogues_order(
    tiny_bench: Callable[..., dict[str, Any]],
) -> None:
    lines: list[str] = []
    result = tiny_bench("cpu", report=lines.append)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert [row["recipe"] for row in result["recipes"]] == ["second", "first"]
    assert lines == [
        "measuring the ceilings",
        "measuring second (1 of 2)",
        "measuring first (2 of 2)",
    ]
    assert result["hardware"]["device"] == "cpu"
    assert result["ceilings"]["gemm_fp32_gflop_per_s"] == 100.0
    assert "torch" in result["libraries"]


def test_time_that_is_left_is_shared_between_the_recipes_that_are_left(
    tiny_bench: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "perf_counter", lambda: 100.0)
    limits: list[float] = []
    monkeypatch.setattr(
        bench,
        "measure_recipe",
        lambda *arguments: limits.append(arguments[3]) or {"recipe": "", "precision": "fp32"},
    )
    monkeypatch.setattr(bench, "other_programs_cpu_s", lambda: None)
    result = tiny_bench("cpu", time_limit_s=40.0)
    assert limits == [120.0, 140.0]
    assert result["other_busy_cores"] is None


def test_bench_leaves_torch_as_it_was(tiny_bench: Callable[..., dict[str, Any]]) -> None:
    def state() -> tuple[object, ...]:
        return (
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            torch.get_rng_state().tolist(),
        )

    before = state()
    tiny_bench("cpu")
    assert state() == before


def test_unknown_device_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(DeviceError, match="there is no device 'abacus'"):
        bench.run_bench("abacus")


def advise(
    ceilings: Ceilings,
    precision: str = "fp32",
    busy: float | None = 0.0,
    recipe: Recipe | None = None,
) -> list[str]:
    rows = [{"recipe": "one", "precision": precision}]
    return bench.give_advice(ceilings, [recipe or make_recipe({})], rows, CPU, busy)


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "num_physical_cores", lambda: 2)
    monkeypatch.setattr(bench.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(bench.torch, "get_num_threads", lambda: 2)


@pytest.mark.usefixtures("two_cores")
def test_bf16_is_advised_only_where_it_is_faster_and_not_used() -> None:
    fast = Ceilings(100.0, 250.0, 80.0, 90.0)
    (sentence,) = advise(fast)
    assert sentence.startswith("bf16 multiplies matrices 2.5 times as fast as fp32 here")
    assert "--set precision=bf16 may be faster for one" in sentence
    assert advise(fast, "bf16") == []
    assert advise(Ceilings(100.0, 129.0, 80.0, 90.0)) == []


@pytest.mark.usefixtures("two_cores")
def test_fp32_is_advised_only_where_bf16_is_slower() -> None:
    (sentence,) = advise(CEILINGS)
    assert sentence == (
        "bf16 multiplies matrices at 0.50 times the speed of fp32 here: keep precision=fp32"
    )
    assert advise(Ceilings(100.0, None, 80.0, None)) == []


@pytest.mark.usefixtures("two_cores")
def test_more_threads_are_advised_only_where_cores_are_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    neutral = Ceilings(100.0, 100.0, 80.0, 80.0)
    assert advise(neutral) == []
    (sentence,) = advise(neutral, recipe=make_recipe({"threads": 1}))
    assert sentence.startswith("torch computes with 1 thread on 2 physical cores")
    monkeypatch.setattr(bench, "num_physical_cores", lambda: None)
    assert advise(neutral, recipe=make_recipe({"threads": 1})) == []


@pytest.mark.usefixtures("two_cores")
def test_busy_machine_is_said_only_where_it_took_cores_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    neutral = Ceilings(100.0, 100.0, 80.0, 80.0)
    assert advise(neutral, busy=0.05) == []
    (sentence,) = advise(neutral, busy=1.5)
    assert sentence.startswith("other programs kept 1.5 cores busy meanwhile")
    monkeypatch.setattr(bench.os, "cpu_count", lambda: 8)
    assert advise(neutral, busy=1.5) == []


def test_packaged_recipes_use_data_that_the_catalogue_counts() -> None:
    for name in packaged_recipes():
        assert bench._num_training_images(bench.load_recipe(name)) > 0
