"""What the network for rows says, decoded: against summing over every alignment."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest

from thumbnet.reading.row_recogniser import NONE, RowAnswer, RowRecogniser


def answer_of(*places: tuple[int, float]) -> RowAnswer:
    """Return an answer that sees a class at each place with a probability."""
    probabilities = np.zeros((len(places), NONE + 1))
    for row, (label, probability) in zip(probabilities, places, strict=True):
        row[:] = (1 - probability) / NONE
        row[label] = probability
    return RowAnswer(np.log(probabilities).astype(np.float32))


def said(alignment: tuple[int, ...]) -> str:
    return "".join(str(label) for label, _ in groupby(alignment) if label != NONE)


def test_a_digit_seen_at_several_places_is_one_and_two_are_parted_by_none() -> None:
    answer = answer_of((3, 0.6), (3, 0.9), (NONE, 0.8), (3, 0.7), (7, 0.9), (NONE, 0.9))
    assert answer.text == "337"
    assert answer.places == [1, 3, 4]
    assert answer.probabilities.shape == (3, 10)
    assert answer.probabilities.sum(1) == pytest.approx(1)
    assert answer.probabilities[0, 3] == pytest.approx(0.9 / (0.9 + 9 * 0.01))


def test_nothing_seen_is_an_empty_text() -> None:
    answer = answer_of((NONE, 0.9), (NONE, 0.8))
    assert answer.text == ""
    assert answer.probabilities.shape == (0, 10)
    assert answer.log_likelihood("") == pytest.approx(np.log(0.9 * 0.8), abs=1e-5)


def test_a_digit_that_cannot_occur_is_not_read() -> None:
    answer = answer_of((1, 0.9), (NONE, 0.9), (7, 0.9))
    answer.log_probabilities[2, 2] = np.log(0.05)
    assert answer.allowing("0123456789").text == "17"
    restricted = answer.allowing("0123456")
    assert restricted.text == "12"
    assert np.exp(restricted.log_probabilities).sum(1) == pytest.approx(1, abs=1e-5)
    assert restricted.log_likelihood("17") < -1e6


@pytest.mark.parametrize("seed", range(5))
def test_the_likelihood_is_the_sum_over_all_alignments(seed: int) -> None:
    rng = np.random.default_rng(seed)
    num = 5
    # Only two digits and none occur, so that all alignments can be counted.
    classes = (1, 2, NONE)
    probabilities = np.full((num, NONE + 1), 1e-30)
    probabilities[:, classes] = rng.dirichlet(np.ones(3), num)
    answer = RowAnswer(np.log(probabilities).astype(np.float32))
    sums: dict[str, float] = {}
    for alignment in product(classes, repeat=num):
        text = said(alignment)
        likely = float(np.prod([probabilities[i, label] for i, label in enumerate(alignment)]))
        sums[text] = sums.get(text, 0.0) + likely
    for text, likely in sums.items():
        assert np.exp(answer.log_likelihood(text)) == pytest.approx(likely, rel=1e-4)
    assert answer.log_likelihood("111111") < -1e6


def test_the_bundled_network_reads_rows_of_any_length_in_the_order_given() -> None:
    recogniser = RowRecogniser.load(threads=1)
    rng = np.random.default_rng(0)
    strips = [np.zeros((2, 32, width), np.uint8) for width in (40, 17, 300, 24)]
    strips[0][:, 6:26, 18:21] = 255  # a 1
    strips[2][:, 6:26, 30:270:24] = rng.integers(200, 256)
    answers = recogniser.read(strips)
    assert [len(answer.log_probabilities) for answer in answers] == [20, 9, 150, 12]
    assert answers[0].text == "1"
    assert answers[1].text == answers[3].text == ""
    for answer in answers:
        assert np.exp(answer.log_probabilities).sum(1) == pytest.approx(1, abs=1e-4)
    assert recogniser.read([]) == []
