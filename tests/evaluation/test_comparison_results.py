"""From runs to the figures of a comparison."""

from __future__ import annotations

import json

import pytest
from comparison_runs import NUM_IMAGES, made_run, made_side
from scipy import stats

from thumbnet.evaluation.comparison_results import Side, compare_sides, default_target

A, B = [0.90, 0.92, 0.915], [0.80, 0.83, 0.81]


def test_accuracy_difference_and_its_test_are_scipys() -> None:
    results = compare_sides([made_side("a", A), made_side("b", B)])
    found = results["pairs"][0]["measures"]["accuracy"]
    expected = stats.ttest_rel(A, B)
    interval = expected.confidence_interval()
    assert found["value"] == pytest.approx(sum(A) / 3 - sum(B) / 3)
    assert (found["low"], found["high"]) == pytest.approx((interval.low, interval.high), rel=1e-8)
    assert found["p_value"] == found["p_holm"] == pytest.approx(expected.pvalue, rel=1e-8)
    assert found["kind"] == "higher"
    side = results["sides"][0]["accuracy"]
    assert side["mean"] == pytest.approx(sum(A) / 3)
    assert (side["low"], side["high"]) == pytest.approx(
        stats.t.interval(0.95, 2, loc=side["mean"], scale=stats.sem(A))
    )


def test_runs_are_paired_by_seed_and_not_by_place() -> None:
    b = Side("b", [made_run(seed, B[seed - 1]) for seed in (3, 1, 2)], (), {})
    shuffled = compare_sides([made_side("a", A), b])["pairs"][0]["measures"]["accuracy"]
    in_order = compare_sides([made_side("a", A), made_side("b", B)])["pairs"][0]["measures"]
    assert shuffled == in_order["accuracy"]


def test_mcnemar_is_of_each_seed() -> None:
    tests = compare_sides([made_side("a", A), made_side("b", B)])["pairs"][0]["mcnemar"]
    first = tests["seeds"][0]
    assert (first["seed"], first["only_a"], first["only_b"]) == (1, round(0.1 * NUM_IMAGES), 0)
    assert first["p_exact"] == pytest.approx(stats.binomtest(20, 20).pvalue)
    p_values = sorted(row["p_exact"] for row in tests["seeds"])
    assert tests["median_p_exact"] == p_values[1]
    assert tests["combined_p_exact"] == 2 * p_values[1]


def test_every_pair_is_compared_unless_some_are_named() -> None:
    sides = [made_side(name, A) for name in "abc"]
    names = [(pair["a"], pair["b"]) for pair in compare_sides(sides)["pairs"]]
    assert names == [("a", "b"), ("a", "c"), ("b", "c")]
    named = compare_sides(sides, pairs=[(2, 0)])["pairs"]
    assert [(pair["a"], pair["b"]) for pair in named] == [("c", "a")]


def test_p_values_are_corrected_for_all_pairs() -> None:
    sides = [made_side("a", A), made_side("b", B), made_side("c", [0.7, 0.75, 0.72])]
    pairs = compare_sides(sides)["pairs"]
    p_values = [pair["measures"]["accuracy"]["p_value"] for pair in pairs]
    smallest = min(range(3), key=p_values.__getitem__)
    corrected = pairs[smallest]["measures"]["accuracy"]
    assert corrected["p_holm"] == pytest.approx(3 * p_values[smallest])
    assert corrected["num_pairs"] == 3


def test_times_are_compared_as_ratios() -> None:
    fast = [made_run(seed, 0.9, train_s=time) for seed, time in enumerate([1.0, 1.1, 1.2], 1)]
    slow = [made_run(seed, 0.9, train_s=time) for seed, time in enumerate([2.0, 2.1, 2.6], 1)]
    sides = [Side("slow", slow, (), {}), Side("fast", fast, (), {})]
    found = compare_sides(sides)["pairs"][0]["measures"]["train_s"]
    assert found["value"] == pytest.approx((2.0 * 2.1 / 1.1 * 2.6 / 1.2) ** (1 / 3))
    assert found["low"] > 1.7
    assert found["kind"] == "higher"


def test_time_to_target_is_of_the_first_epoch_that_reached_it() -> None:
    runs = [made_run(1, 0.9, (0.3, 0.8, 0.7, 0.9), train_s=4.0)]
    side = compare_sides([Side("a", runs, (), {}), made_side("b", [0.9])], 0.8)["sides"][0]
    assert side["runs"][0]["epochs_to_target"] == 2
    assert side["runs"][0]["seconds_to_target"] == 2.0


def test_side_that_seldom_reaches_the_target_has_no_median_and_no_ratio() -> None:
    runs = [made_run(1, 0.9, (0.9,)), made_run(2, 0.9, (0.5,)), made_run(3, 0.9, (0.6,))]
    results = compare_sides([Side("a", runs, (), {}), made_side("b", A)], 0.8)
    reached = results["sides"][0]["to_target"]
    assert reached == {
        "num_reached": 1,
        "num_runs": 3,
        "median_epochs": None,
        "median_seconds": None,
    }
    found = results["pairs"][0]["measures"]["epochs_to_target"]
    assert (found["kind"], found["value"]) == ("missing", None)


def test_target_by_default_is_what_every_run_reached() -> None:
    runs = [made_run(1, 0.9, (0.3, 0.9876, 0.9)), made_run(2, 0.9, (0.9, 0.9921))]
    assert default_target([Side("a", runs, (), {})]) == 0.987
    without = [made_run(1, 0.9, (None,))]
    assert default_target([Side("a", without, (), {})]) is None


def test_diverged_run_leaves_no_verdict() -> None:
    a = Side("a", [made_run(1, 0.9), made_run(3, 0.91)], (2,), {})
    results = compare_sides([a, made_side("b", B)])
    pair = results["pairs"][0]
    assert pair["diverged"] == [{"side": "a", "count": 1, "seeds": 3}]
    assert pair["measures"]["accuracy"]["kind"] == "diverged"
    assert pair["measures"]["accuracy"]["value"] == pytest.approx(0.1)
    assert results["sides"][0]["to_target"]["num_runs"] == 3
    assert results["sides"][0]["diverged_seeds"] == [2]


def test_side_without_any_run_is_shown_without_figures() -> None:
    results = compare_sides([Side("a", (), (1, 2, 3), {}), made_side("b", B)])
    assert results["sides"][0]["accuracy"]["mean"] is None
    assert results["pairs"][0]["measures"]["accuracy"]["value"] is None
    assert results["pairs"][0]["mcnemar"]["median_p_exact"] is None


def test_results_are_json() -> None:
    results = compare_sides([made_side("a", A), made_side("b", B)])
    assert json.loads(json.dumps(results, allow_nan=False)) == results


def test_two_seeds_may_give_intervals_that_no_number_holds() -> None:
    fast = Side("fast", [made_run(1, 0.9, train_s=1.0), made_run(2, 0.9, train_s=1e-30)], (), {})
    slow = Side("slow", [made_run(1, 0.9, train_s=1.0), made_run(2, 0.9, train_s=1.0)], (), {})
    found = compare_sides([slow, fast])["pairs"][0]["measures"]["train_s"]
    assert found["kind"] == "few-seeds"
    json.dumps(found, allow_nan=False)
