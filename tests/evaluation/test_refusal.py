"""Temperature, refusal threshold and coverage against scipy and slow loops."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn import functional

from thumbnet.evaluation.refusal import coverage_curve, fit_temperature, fit_threshold

SCORES = st.lists(st.sampled_from([i / 20 for i in range(21)]), min_size=1, max_size=40)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _calibrated(num_images: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return logits and labels that are drawn from the logits' own probabilities."""
    logits = 2 * torch.randn(num_images, 5, generator=_generator(seed), dtype=torch.float64)
    labels = torch.multinomial(logits.softmax(1), 1, generator=_generator(seed + 1))[:, 0]
    return logits, labels


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5, 6.0])
def test_temperature_recovers_the_one_that_made_the_logits(temperature: float) -> None:
    logits, labels = _calibrated(20_000)
    fitted = fit_temperature((logits * temperature).float(), labels)
    assert fitted == pytest.approx(temperature, rel=0.04)


@pytest.mark.parametrize("seed", range(4))
def test_temperature_is_scipys_minimum(seed: int) -> None:
    logits, labels = _calibrated(500, seed)
    logits = logits * (0.4 + 0.7 * seed)

    def loss(logarithm: float) -> float:
        return float(functional.cross_entropy(logits / math.exp(logarithm), labels))

    best = minimize_scalar(loss, bounds=(math.log(0.1), math.log(10)), method="bounded")
    assert fit_temperature(logits, labels) == pytest.approx(math.exp(best.x), rel=0.01)


def test_temperature_stays_in_its_range() -> None:
    sure = torch.eye(3) * 5
    assert fit_temperature(sure, torch.arange(3)) == pytest.approx(0.1)
    assert fit_temperature(sure * 100, torch.tensor([1, 2, 0])) == pytest.approx(10)


def test_temperature_of_logits_that_overflow_float32_softmax_is_finite() -> None:
    logits = torch.tensor([[500.0, 0.0], [0.0, 500.0], [300.0, 0.0]])
    assert math.isfinite(fit_temperature(logits, torch.tensor([0, 1, 1])))


@given(SCORES, st.sampled_from([0.0, 0.005, 0.05, 0.1, 0.3, 0.29]))
def test_threshold_without_negatives_refuses_no_more_than_allowed(
    scores: list[float], allowed: float
) -> None:
    known = torch.tensor(scores)
    found = fit_threshold(known, None, allowed)
    refused = float((known.double() < found.value).double().mean())
    assert refused == found.false_refusals <= allowed
    assert found.refusals is None
    # Not one score higher could the threshold be.
    higher = known.double()[known.double() > found.value]
    if len(higher):
        assert float((known.double() < higher.min()).double().mean()) > allowed


@given(SCORES, SCORES, st.sampled_from([0.0, 0.005, 0.1, 0.3, 1.0]))
def test_threshold_errs_least_of_all_that_are_allowed(
    known_scores: list[float], negative_scores: list[float], allowed: float
) -> None:
    known = torch.tensor(known_scores).double()
    negatives = torch.tensor(negative_scores).double()
    found = fit_threshold(known, negatives, allowed)
    errors = []
    for step in range(-1, 43):
        value = step / 40 + 0.001
        false_refusals = sum(score < value for score in known_scores) / len(known)
        accepted = sum(score >= value for score in negative_scores) / len(negatives)
        if false_refusals <= allowed:
            errors.append(false_refusals + accepted)
    assert found.refusals is not None
    assert found.false_refusals == float((known < found.value).double().mean()) <= allowed
    assert found.refusals == float((negatives < found.value).double().mean())
    # Beyond the largest known score no threshold is considered unless all may be refused.
    if allowed < 1:
        assert found.false_refusals + 1 - found.refusals == pytest.approx(min(errors), abs=1e-12)


def test_separable_scores_are_separated() -> None:
    found = fit_threshold(torch.tensor([0.9, 0.8, 0.95]), torch.tensor([0.1, 0.3, 0.2, 0.5]))
    assert 0.5 < found.value <= 0.8001
    assert (found.false_refusals, found.refusals) == (0.0, 1.0)


def test_negatives_above_all_known_images_are_not_worth_refusing() -> None:
    found = fit_threshold(torch.linspace(0.2, 0.6, 50), torch.full((9,), 0.9))
    assert (found.false_refusals, found.refusals) == (0.0, 0.0)


def test_scores_of_float32_are_refused_by_the_same_comparison() -> None:
    known = torch.rand(1000, generator=_generator(0))
    found = fit_threshold(known, None, 0.005)
    assert int((known < found.value).sum()) == 5


@pytest.mark.parametrize(("num_images", "num_points"), [(1, 50), (7, 3), (100, 50), (173, 20)])
def test_coverage_curve_equals_a_slow_loop(num_images: int, num_points: int) -> None:
    scores = torch.rand(num_images, generator=_generator(0))
    is_right = torch.rand(num_images, generator=_generator(1)) < scores
    ranked = sorted(zip(scores.tolist(), is_right.tolist(), strict=True), reverse=True)
    curve = coverage_curve(scores, is_right, num_points)
    assert len(curve) == num_points
    for index, point in enumerate(curve, start=1):
        count = math.ceil(index * num_images / num_points)
        assert point["coverage"] == count / num_images
        assert point["accuracy"] == pytest.approx(sum(r for _, r in ranked[:count]) / count)
        assert point["score"] == ranked[count - 1][0]
    assert curve[-1]["coverage"] == 1


def test_coverage_curve_of_very_many_images_ends_with_all_of_them() -> None:
    # 50 × this is no float32.
    num_images = 1_000_003
    curve = coverage_curve(torch.zeros(num_images), torch.ones(num_images, dtype=torch.bool))
    assert curve[-1] == {"coverage": 1.0, "accuracy": 1.0, "score": 0.0}


def test_accuracy_rises_where_less_is_answered() -> None:
    logits, labels = _calibrated(5000)
    scores, predicted = logits.softmax(1).max(1)
    curve = coverage_curve(scores, predicted == labels)
    assert curve[4]["accuracy"] > curve[24]["accuracy"] > curve[49]["accuracy"]
    assert [point["score"] for point in curve] == sorted(
        (point["score"] for point in curve), reverse=True
    )
