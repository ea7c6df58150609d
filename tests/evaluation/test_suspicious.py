from __future__ import annotations

import torch

from thumbnet.evaluation.suspicious import suspicious_labels


def pictures(*values: int) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 2, 2)


def test_labels_that_the_network_believes_least_come_first() -> None:
    probabilities = torch.tensor(
        [[0.9, 0.1, 0.0], [0.4, 0.5, 0.1], [0.05, 0.9, 0.05], [0.1, 0.0, 0.9], [0.5, 0.5, 0.0]]
    )
    labels = torch.tensor([0, 0, 2, 2, 1])
    found = suspicious_labels(probabilities, labels, pictures(0, 1, 2, 3, 4))
    assert found == (2, 1)
    assert suspicious_labels(probabilities, labels, pictures(0, 1, 2, 3, 4), count=1) == (2,)


def test_planted_wrong_labels_are_found() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.randint(0, 10, (500,), generator=generator)
    logits = torch.randn(500, 10, generator=generator)
    logits[torch.arange(500), truth] += 6
    labels, planted = truth.clone(), torch.arange(0, 500, 50)
    labels[planted] = (truth[planted] + 3) % 10
    images = torch.arange(500).to(torch.int16).view(torch.uint8).view(500, 1, 2, 1)
    found = suspicious_labels(logits.softmax(1), labels, images, count=10)
    assert set(found) == set(planted.tolist())


def test_picture_that_is_there_many_times_is_listed_once() -> None:
    probabilities = torch.tensor([[0.1, 0.9]]).expand(5, 2)
    labels = torch.zeros(5, dtype=torch.int64)
    assert suspicious_labels(probabilities, labels, pictures(7, 7, 8, 7, 8)) == (0, 2)


def test_network_that_agrees_with_every_label_suspects_none() -> None:
    assert suspicious_labels(torch.eye(3), torch.arange(3), pictures(0, 1, 2)) == ()
