"""The statistics of a comparison, against scipy and slow loops."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from thumbnet.errors import DataError
from thumbnet.evaluation.comparison import (
    combined_p,
    estimate,
    holm,
    mcnemar,
    mean_curve,
    median_time_to,
    pack_bits,
    paired_difference,
    paired_log_ratio,
    unpack_bits,
)

A = [0.9712, 0.9731, 0.9698, 0.9725, 0.9740]
B = [0.9690, 0.9722, 0.9701, 0.9688, 0.9715]


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_interval_of_a_mean_is_scipys(confidence: float) -> None:
    expected = stats.t.interval(confidence, len(A) - 1, loc=np.mean(A), scale=stats.sem(A))
    assert estimate(A).interval(confidence) == pytest.approx(expected, rel=1e-9)


def test_paired_difference_is_scipys() -> None:
    found = paired_difference(A, B)
    expected = stats.ttest_rel(A, B)
    assert found.value == pytest.approx(statistics.fmean(A) - statistics.fmean(B))
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-8)
    assert found.interval() == pytest.approx(tuple(expected.confidence_interval()), rel=1e-8)


def test_log_ratio_is_the_geometric_mean() -> None:
    found = paired_log_ratio([2.0, 8.0, 4.0], [1.0, 2.0, 2.0])
    assert math.exp(found.value) == pytest.approx((2 * 4 * 2) ** (1 / 3))
    assert found.p_value == pytest.approx(stats.ttest_1samp(np.log([2, 4, 2]), 0).pvalue)


def test_one_value_has_no_interval() -> None:
    found = estimate([0.5])
    assert (found.value, found.interval(), found.p_value) == (0.5, None, None)


def test_values_without_spread_have_no_p_value_in_spite_of_rounding() -> None:
    # 0.97 - 0.96 and 0.92 - 0.91 differ in the last bit.
    found = paired_difference([0.97, 0.92, 0.5], [0.96, 0.91, 0.49])
    assert found.value == pytest.approx(0.01)
    assert found.standard_error == 0
    assert found.p_value is None


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ([], [], "finite values"),
        ([1.0, math.nan], [1.0, 1.0], "finite values"),
        ([1.0], [1.0, 2.0], "as many values"),
    ],
)
def test_values_that_cannot_be_compared_are_refused(
    a: list[float], b: list[float], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        paired_difference(a, b)


def test_ratio_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="positive"):
        paired_log_ratio([1.0, 0.0], [1.0, 1.0])


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 5))
def test_mcnemar_is_the_binomial_test(only_a: int, only_b: int, both: int) -> None:
    right_a = np.array([True] * only_a + [False] * only_b + [True] * both, dtype=bool)
    right_b = np.array([False] * only_a + [True] * only_b + [True] * both, dtype=bool)
    found = mcnemar(right_a, right_b)
    assert (found.only_a, found.only_b) == (only_a, only_b)
    total = only_a + only_b
    expected = stats.binomtest(only_a, total).pvalue if total else 1.0
    assert found.p_exact == pytest.approx(expected, rel=1e-9)
    assert found.p_mid == pytest.approx(slow_mid_p(only_a, only_b))


def slow_mid_p(only_a: int, only_b: int) -> float:
    """Sum what is more extreme, and half of what is as extreme as what was seen."""
    total = only_a + only_b
    distance = abs(only_a - only_b)
    if not total:
        return 1.0
    probability = 0.0
    for count in range(total + 1):
        weight = math.comb(total, count) / 2**total
        other = abs(2 * count - total)
        probability += weight * (1.0 if other > distance else 0.5 if other == distance else 0.0)
    return probability


def test_mcnemar_needs_the_same_images() -> None:
    with pytest.raises(DataError, match="same images"):
        mcnemar(np.ones(3, dtype=bool), np.ones(4, dtype=bool))


def test_combined_p_is_valid_where_all_tests_are_the_same() -> None:
    # The worst case for methods that multiply: one test, reported five times.
    generator = np.random.default_rng(0)
    p_values = generator.random(2000)
    wrong = sum(combined_p([p] * 5) <= 0.05 for p in p_values)
    assert wrong / len(p_values) <= 0.05
    assert combined_p([0.9, 0.8, 0.7]) == 1.0
    assert combined_p([0.01, 0.02, 0.9]) == 0.04


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for alpha in (0.01, 0.05, 0.3, 0.7):
        rejected = set()
        for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
            if p_values[index] * (len(p_values) - rank) > alpha:
                break
            rejected.add(index)
        assert {i for i, p in enumerate(adjusted) if p <= alpha} == rejected


def test_holm_of_known_values() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.mark.parametrize("num_never", range(6))
def test_median_time_is_that_of_kaplan_and_meier(num_never: int) -> None:
    times = [3.0, 1.0, 4.0, 1.5, 9.0][num_never:] + [None] * num_never
    for order in itertools.islice(itertools.permutations(times), 20):
        assert median_time_to(order) == kaplan_meier_median(times)


def kaplan_meier_median(times: list[float | None]) -> float | None:
    end = 100.0
    data = stats.CensoredData(
        uncensored=[time for time in times if time is not None],
        right=[end for time in times if time is None],
    )
    survival = stats.ecdf(data).sf
    below = survival.quantiles[(survival.probabilities <= 0.5) & (survival.quantiles < end)]
    return float(below[0]) if len(below) else None


def test_median_time_counts_runs_that_never_arrived() -> None:
    assert median_time_to([1, None, None]) is None
    assert median_time_to([1, 5, None]) == 5
    assert median_time_to([1, 5, None, None]) == 5
    assert median_time_to([]) is None


def test_mean_curve_ends_with_the_shortest_run() -> None:
    means = mean_curve([[1.0, 2.0, 3.0], [3.0, 6.0]])
    assert [mean.value for mean in means] == [2.0, 4.0]


@given(st.lists(st.booleans(), max_size=40))
def test_bits_survive_packing(bits: list[bool]) -> None:
    assert unpack_bits(pack_bits(bits), len(bits)).tolist() == bits
