from __future__ import annotations

import pytest
import torch
from sklearn.metrics import confusion_matrix
from torch import Tensor

from thumbnet.errors import DataError, ModelError
from thumbnet.evaluation.examples import class_examples, confused_pairs, hardest, lead


def made_answers(num_images: int = 400, num_classes: int = 5) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    labels = torch.randint(0, num_classes, (num_images,), generator=generator)
    logits = 2 * torch.randn(num_images, num_classes, generator=generator)
    logits[torch.arange(num_images), labels] += 1
    return logits.double().softmax(1), labels


def test_pairs_have_the_counts_of_the_confusion_table() -> None:
    probabilities, labels = made_answers()
    table = confusion_matrix(labels, probabilities.argmax(1))
    pairs = confused_pairs(probabilities, labels, num_pairs=100)
    assert len(pairs) == 10
    num_mistakes = int(table.sum() - table.trace())
    for pair in pairs:
        assert pair.num_first_as_second == table[pair.first, pair.second]
        assert pair.num_second_as_first == table[pair.second, pair.first]
        assert pair.num_first_as_second >= pair.num_second_as_first
        assert pair.count == pair.num_first_as_second + pair.num_second_as_first
        assert pair.share == pytest.approx(pair.count / num_mistakes)
    counts = [pair.count for pair in pairs]
    assert counts == sorted(counts, reverse=True)
    assert sum(pair.share for pair in pairs) == pytest.approx(1)


def test_examples_of_a_pair_are_its_mistakes_the_most_confident_first() -> None:
    probabilities, labels = made_answers()
    (pair,) = confused_pairs(probabilities, labels, num_pairs=1, num_examples=1000)
    predictions = probabilities.argmax(1)
    assert len(pair.examples) == pair.count
    for index in pair.examples:
        found = {int(labels[index]), int(predictions[index])}
        assert found == {pair.first, pair.second}
    shown = [float(probabilities[index].max()) for index in pair.examples]
    assert shown == sorted(shown, reverse=True)
    (few,) = confused_pairs(probabilities, labels, num_pairs=1, num_examples=3)
    assert few.examples == pair.examples[:3]


def test_pairs_as_often_confused_keep_the_order_of_the_labels() -> None:
    labels = torch.tensor([3, 2, 1, 0])
    probabilities = torch.eye(4)[[2, 3, 0, 1]]
    pairs = confused_pairs(probabilities, labels)
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (2, 3)]
    assert [pair.share for pair in pairs] == [0.5, 0.5]


def test_without_mistakes_there_is_no_pair() -> None:
    assert confused_pairs(torch.eye(3), torch.arange(3)) == ()


def test_hardest_are_those_with_the_highest_cross_entropy() -> None:
    probabilities, labels = made_answers()
    losses = torch.nn.functional.nll_loss(probabilities.log(), labels, reduction="none")
    found = hardest(probabilities, labels, 7)
    assert found == tuple(losses.argsort(descending=True)[:7].tolist())


def test_lead_is_the_labels_probability_less_the_next() -> None:
    probabilities = torch.tensor([[0.6, 0.3, 0.1], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6]])
    found = lead(probabilities, torch.tensor([0, 2, 2]))
    torch.testing.assert_close(found, torch.tensor([0.3, -0.5, 0.4]).double(), rtol=0, atol=1e-7)


def test_typical_lead_by_most_and_borderline_by_least() -> None:
    probabilities, labels = made_answers()
    leads = lead(probabilities, labels)
    for label, examples in enumerate(class_examples(probabilities, labels, 4)):
        members = [index for index in range(400) if labels[index] == label]
        by_lead = sorted(members, key=lambda index: -float(leads[index]))
        by_distance = sorted(members, key=lambda index: abs(float(leads[index])))
        assert list(examples.typical) == by_lead[:4]
        assert list(examples.borderline) == by_distance[:4]


def test_image_is_shown_once_and_what_is_not_recognised_is_not_typical() -> None:
    probabilities = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    zero, one = class_examples(probabilities, torch.tensor([0, 0, 0, 1]), 5)
    assert zero.typical == (0, 1)
    assert zero.borderline == (2,)
    assert one.typical == ()
    assert one.borderline == (3,)


def test_class_without_an_image_has_no_examples() -> None:
    zero, one = class_examples(torch.eye(2)[[0, 0]], torch.tensor([0, 0]), 1)
    assert (len(zero.typical), len(zero.borderline)) == (1, 1)
    assert (one.typical, one.borderline) == ((), ())


@pytest.mark.parametrize("choose", [confused_pairs, hardest, lambda p, y: class_examples(p, y, 2)])
def test_what_does_not_fit_is_refused(choose: object) -> None:
    assert callable(choose)
    with pytest.raises(DataError, match="do not fit the model's scores"):
        choose(torch.eye(3), torch.tensor([0]))
    with pytest.raises(ModelError, match="not probabilities"):
        choose(2 * torch.eye(3), torch.arange(3))
