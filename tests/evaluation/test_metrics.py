import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from thumbnet.errors import DataError, ModelError
from thumbnet.evaluation.metrics import Evaluation, evaluate_logits, wilson_interval

NAMES = tuple("abcde")


def make_logits(num_images=200, num_classes=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(num_classes, (num_images,), generator=generator)
    logits = torch.randn(num_images, num_classes, generator=generator)
    logits[torch.arange(num_images), labels] += 1.0
    return logits, labels


def test_per_class_scores_match_scikit_learn():
    logits, labels = make_logits()
    evaluation = evaluate_logits(logits, labels, NAMES)
    expected = precision_recall_fscore_support(labels, logits.argmax(1), zero_division=0)
    scores = [(s.precision, s.recall, s.f1, s.num_images) for s in evaluation.per_class]
    np.testing.assert_allclose(np.array(scores).T, np.array(expected), rtol=1e-12)
    assert evaluation.class_names == NAMES


def test_class_that_is_never_predicted_nor_present_scores_zero():
    logits = torch.tensor([[5.0, 0.0, 0.0, 1.0], [0.0, 5.0, 0.0, 1.0], [5.0, 0.0, 0.0, 1.0]])
    labels = torch.tensor([0, 1, 2])
    evaluation = evaluate_logits(logits, labels, tuple("abcd"))
    expected = precision_recall_fscore_support(
        labels, logits.argmax(1), labels=range(4), zero_division=0
    )
    scores = [(s.precision, s.recall, s.f1, s.num_images) for s in evaluation.per_class]
    np.testing.assert_allclose(np.array(scores).T, np.array(expected))
    assert scores[2] == (0.0, 0.0, 0.0, 1)
    assert scores[3] == (0.0, 0.0, 0.0, 0)


def test_confusion_has_true_rows_and_predicted_columns_as_scikit_learn():
    logits, labels = make_logits()
    evaluation = evaluate_logits(logits, labels, NAMES)
    expected = confusion_matrix(labels, logits.argmax(1), labels=range(5))
    assert [list(row) for row in evaluation.confusion] == expected.tolist()


def test_loss_matches_scikit_learn_log_loss():
    logits, labels = make_logits()
    expected = log_loss(labels, torch.softmax(logits.double(), 1).numpy(), labels=range(5))
    assert evaluate_logits(logits, labels, NAMES).loss == pytest.approx(expected, rel=1e-9)


def test_loss_is_exact_where_a_float32_softmax_has_saturated():
    logits = torch.tensor([[200.0, 0.0]])
    assert evaluate_logits(logits, torch.tensor([1]), ("a", "b")).loss == pytest.approx(200.0)


def test_loss_is_the_mean_over_images_not_over_batches():
    logits, labels = make_logits(num_images=7)
    each = torch.nn.functional.cross_entropy(logits.double(), labels, reduction="none")
    mean_of_batch_means = (each[:4].mean() + each[4:].mean()) / 2
    loss = evaluate_logits(logits, labels, NAMES).loss
    assert loss == pytest.approx(float(each.mean()), rel=1e-12)
    assert loss != pytest.approx(float(mean_of_batch_means), rel=1e-3)


def test_temperature_changes_loss_and_calibration_but_no_prediction():
    logits, labels = make_logits()
    plain = evaluate_logits(logits, labels, NAMES)
    warm = evaluate_logits(logits, labels, NAMES, temperature=2.0)
    halved = torch.nn.functional.cross_entropy(logits.double() / 2, labels)
    assert warm.loss == pytest.approx(float(halved), rel=1e-12)
    assert warm.expected_calibration_error != plain.expected_calibration_error
    assert warm.confusion == plain.confusion


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_floating_point_type_is_computed_in_float64(dtype):
    logits, labels = make_logits()
    logits = logits.to(dtype).requires_grad_()
    expected = torch.nn.functional.cross_entropy(logits.detach().double(), labels)
    assert evaluate_logits(logits, labels, NAMES).loss == pytest.approx(float(expected), rel=1e-12)


def test_evaluation_survives_json_unchanged():
    evaluation = evaluate_logits(*make_logits(), NAMES)
    fields = evaluation.to_dict()
    assert list(fields) == list(Evaluation.__dataclass_fields__)
    assert Evaluation.from_dict(json.loads(json.dumps(fields, allow_nan=False))) == evaluation


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda fields: fields.pop("accuracy_interval"), "accuracy_interval"),
        (lambda fields: fields.pop("loss"), "loss"),
        (lambda fields: fields.update(colour="red"), "colour"),
        (lambda fields: fields.update(per_class=[{"name": "a"}]), "precision"),
        (lambda fields: fields.update(confusion=3), "not iterable"),
    ],
)
def test_damaged_stored_evaluation_is_named(change, message):
    fields = evaluate_logits(*make_logits(), NAMES).to_dict()
    change(fields)
    with pytest.raises(DataError, match=rf"stored evaluation cannot be read .*{message}"):
        Evaluation.from_dict(fields)


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (torch.zeros(0, 5), torch.zeros(0, dtype=torch.int64), "nothing to evaluate"),
        (torch.zeros(3, 4), torch.tensor([0, 1, 2]), r"got: torch.float32 \(3, 4\)"),
        (torch.zeros(3), torch.tensor([0, 1, 2]), r"expected: \(N, 5\)"),
        (torch.zeros(3, 5), torch.tensor([0, 1]), r"got: torch.int64 \(2,\)"),
        (torch.zeros(3, 5), torch.tensor([0.0, 1.0, 2.0]), r"got: torch.float32 \(3,\)"),
        (torch.zeros(3, 5), torch.tensor([0, 1, 5]), "labels from 0 to 5"),
        (torch.zeros(3, 5), torch.tensor([-1, 1, 4]), "labels from -1 to 4"),
    ],
)
def test_arrays_that_do_not_fit_raise_a_data_error(logits, labels, message):
    with pytest.raises(DataError, match=message):
        evaluate_logits(logits, labels, NAMES)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_logits_that_are_not_finite_raise_a_model_error(value):
    logits, labels = make_logits(num_images=9)
    logits[4, 2] = value
    with pytest.raises(ModelError, match="NaN or infinity for 1 of 9 images"):
        evaluate_logits(logits, labels, NAMES)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan, math.inf])
def test_temperature_out_of_range_raises_a_model_error(temperature):
    with pytest.raises(ModelError, match="temperature is out of range"):
        evaluate_logits(*make_logits(), NAMES, temperature=temperature)


@pytest.mark.parametrize(
    ("successes", "trials", "confidence"),
    [(0, 1, 0.95), (1, 1, 0.95), (9873, 10_000, 0.95), (0, 50, 0.99), (50, 50, 0.5), (3, 7, 0.9)],
)
def test_wilson_interval_matches_scipy(successes, trials, confidence):
    expected = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    interval = wilson_interval(successes, trials, confidence)
    assert interval == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(trials=st.integers(1, 10**7), data=st.data())
def test_wilson_interval_contains_the_proportion_and_stays_inside_0_and_1(trials, data):
    successes = data.draw(st.integers(0, trials))
    low, high = wilson_interval(successes, trials)
    assert 0.0 <= low <= successes / trials <= high <= 1.0
    assert low < high


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (3, 2), (-1, 5)])
def test_impossible_counts_raise_a_data_error(successes, trials):
    with pytest.raises(DataError, match=f"got: {successes} successes of {trials} trials"):
        wilson_interval(successes, trials)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_impossible_confidence_raises_a_data_error(confidence):
    with pytest.raises(DataError, match=f"got: {confidence}"):
        wilson_interval(1, 2, confidence)


@settings(max_examples=40, deadline=None)
@given(num_images=st.integers(1, 40), num_classes=st.integers(1, 6), seed=st.integers(0, 2**31 - 1))
def test_counts_agree_with_each_other(num_images, num_classes, seed):
    logits, labels = make_logits(num_images, num_classes, seed)
    evaluation = evaluate_logits(logits, labels, [f"class {i}" for i in range(num_classes)])
    confusion = np.array(evaluation.confusion)
    assert confusion.sum() == evaluation.num_images == num_images
    assert confusion.trace() == evaluation.num_correct
    assert confusion.sum(axis=1).tolist() == [s.num_images for s in evaluation.per_class]
    low, high = evaluation.accuracy_interval
    assert low <= evaluation.accuracy == evaluation.num_correct / num_images <= high
    assert 0 <= evaluation.expected_calibration_error <= 1
