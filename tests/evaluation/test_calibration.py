import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from thumbnet.errors import DataError, ModelError
from thumbnet.evaluation.calibration import (
    calibration_error_of_bins,
    expected_calibration_error,
    reliability_bins,
)


def make_probabilities(num_images, seed=0, num_classes=4):
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(num_images, num_classes, generator=generator)
    labels = torch.randint(num_classes, (num_images,), generator=generator)
    return torch.softmax(logits, dim=1), labels


def slow_calibration_error(probabilities, labels, num_bins):
    rows = [
        (max(row), row.index(max(row)) == label)
        for row, label in zip(probabilities.double().tolist(), labels.tolist(), strict=True)
    ]
    error = 0.0
    for index in range(num_bins):
        low, high = index / num_bins, (index + 1) / num_bins
        inside = [row for row in rows if low < row[0] <= high]
        if inside:
            confidence = sum(row[0] for row in inside) / len(inside)
            accuracy = sum(row[1] for row in inside) / len(inside)
            error += len(inside) / len(rows) * abs(accuracy - confidence)
    return error


@settings(max_examples=50, deadline=None)
@given(num_images=st.integers(1, 60), num_bins=st.integers(1, 30), seed=st.integers(0, 2**31 - 1))
def test_calibration_error_matches_a_slow_loop(num_images, num_bins, seed):
    # A last digit of rounding may carry a softmax sum past 1, which the slow loop does not bin.
    probabilities, labels = make_probabilities(num_images, seed)
    probabilities = probabilities.clamp(max=1.0)
    expected = slow_calibration_error(probabilities, labels, num_bins)
    got = expected_calibration_error(probabilities, labels, num_bins)
    assert got == pytest.approx(expected, abs=1e-12)


def test_confidence_on_an_edge_belongs_to_the_lower_bin():
    probabilities = torch.tensor([[0.5, 0.5], [0.75, 0.25], [1.0, 0.0]])
    bins = reliability_bins(probabilities, torch.tensor([0, 0, 0]), num_bins=4)
    assert [each.num_images for each in bins] == [0, 1, 1, 1]


def test_bins_cover_0_to_1_and_empty_ones_have_no_accuracy():
    bins = reliability_bins(torch.tensor([[0.9, 0.1], [0.8, 0.2]]), torch.tensor([0, 1]), 2)
    assert [(each.low, each.high) for each in bins] == [(0.0, 0.5), (0.5, 1.0)]
    assert (bins[0].num_images, bins[0].accuracy, bins[0].mean_confidence) == (0, None, None)
    assert bins[1].accuracy == 0.5
    assert bins[1].mean_confidence == pytest.approx(0.85)
    assert calibration_error_of_bins(bins) == pytest.approx(0.35)


def test_certain_and_right_is_perfectly_calibrated_and_certain_and_wrong_is_not():
    certain = torch.eye(3)
    assert expected_calibration_error(certain, torch.tensor([0, 1, 2])) == 0.0
    assert expected_calibration_error(certain, torch.tensor([1, 2, 0])) == 1.0


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        (torch.tensor([[0.5, 0.5], [3.0, 1.0]]), "row 1 has sum 4"),
        (torch.tensor([[1.5, -0.5], [0.5, 0.5]]), "minimum -0.5"),
        (torch.tensor([[0.5, 0.5], [float("nan"), 1.0]]), "NaN or infinity for 1 of 2"),
    ],
)
def test_scores_that_are_no_distribution_raise_a_model_error(probabilities, message):
    with pytest.raises(ModelError, match=message):
        expected_calibration_error(probabilities, torch.tensor([0, 1]))


def test_no_image_no_bin_and_a_wrong_shape_raise_a_data_error():
    probabilities, labels = make_probabilities(5)
    with pytest.raises(DataError, match="nothing to evaluate"):
        reliability_bins(probabilities[:0], labels[:0])
    with pytest.raises(DataError, match="got: 0"):
        reliability_bins(probabilities, labels, num_bins=0)
    with pytest.raises(DataError, match="scores have the wrong form"):
        reliability_bins(torch.tensor(1.0), labels)
    with pytest.raises(DataError, match=r"torch.int64 \(5,\)"):
        reliability_bins(probabilities, labels[:3])
