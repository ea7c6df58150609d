from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from torch import Tensor

from thumbnet.datasets.mnist import load_mnist
from thumbnet.inspection.doctor.labels import (
    confident_joint,
    find_suspects,
    normalised_margins,
    thresholds,
)


def slow_suspects(labels: list[int], rows: list[list[float]]) -> dict[str, Any]:
    """Do what the paper says, one picture after the other, in plain Python."""
    num_classes = len(rows[0])
    limits = []
    for label in range(num_classes):
        own = [
            row[label] for row, own_label in zip(rows, labels, strict=True) if own_label == label
        ]
        limits.append(sum(own) / len(own) if own else None)
    joint = [[0] * num_classes for _ in range(num_classes)]
    suspects = []
    for index, (row, own_label) in enumerate(zip(rows, labels, strict=True)):
        reached = [
            label
            for label in range(num_classes)
            if limits[label] is not None and row[label] >= limits[label]
        ]
        if not reached:
            continue
        counted = max(reached, key=lambda label: (row[label], -label))
        joint[own_label][counted] += 1
        if counted != own_label:
            others = [row[label] for label in range(num_classes) if label != own_label]
            suspects.append((row[own_label] - max(others), index, counted))
    suspects.sort()
    return {"limits": limits, "joint": joint, "suspects": suspects}


@given(st.integers(2, 5), st.integers(5, 40), st.integers(0, 2**20))
def test_agrees_with_the_paper_done_slowly(num_classes: int, count: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, num_classes, (count,), generator=generator)
    logits = 2 * torch.randn(count, num_classes, generator=generator, dtype=torch.float64)
    rows = logits.softmax(1)
    slow = slow_suspects(labels.tolist(), rows.tolist())
    found = find_suspects(labels, rows)
    assert confident_joint(labels, rows).tolist() == slow["joint"]
    assert found.joint.tolist() == slow["joint"]
    assert found.indices.tolist() == [index for _, index, _ in slow["suspects"]]
    assert found.suggested.tolist() == [counted for _, _, counted in slow["suspects"]]
    assert found.margins.tolist() == pytest.approx([margin for margin, _, _ in slow["suspects"]])


def test_class_without_pictures_is_never_suggested() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    rows = torch.tensor([[0.1, 0.0, 0.9], [0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.8, 0.2, 0.0]])
    assert float(thresholds(labels, rows)[2]) > 1
    assert 2 not in find_suspects(labels, rows).suggested.tolist()


def test_margin_is_the_given_labels_lead() -> None:
    rows = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    margins = normalised_margins(torch.tensor([0, 1]), rows)
    assert margins.tolist() == pytest.approx([0.5, -0.3])


def test_no_label_is_suspected_where_the_model_agrees() -> None:
    labels = torch.tensor([0, 1, 2, 0])
    assert len(find_suspects(labels, torch.eye(3)[labels])) == 0


@pytest.fixture(scope="module")
def flipped_digits() -> tuple[Tensor, Tensor, Tensor]:
    """Given labels, which of them were changed on purpose, and another program's probabilities."""
    images = load_mnist("train").subset(range(1500))
    generator = torch.Generator().manual_seed(1)
    flipped = torch.rand(len(images), generator=generator) < 0.06
    shift = torch.randint(1, 10, (len(images),), generator=generator)
    labels = torch.where(flipped, (images.labels + shift) % 10, images.labels)
    pixels = images.images[:, :, ::2, ::2].flatten(1).numpy().astype(np.float64) / 255
    model = LogisticRegression(C=0.05, max_iter=200)
    rows = cross_val_predict(model, pixels, labels.numpy(), cv=3, method="predict_proba")
    return labels, flipped, torch.from_numpy(rows)


def test_labels_changed_on_purpose_are_found(flipped_digits: tuple[Tensor, Tensor, Tensor]) -> None:
    labels, flipped, rows = flipped_digits
    margins = normalised_margins(labels, rows)
    assert roc_auc_score(flipped.numpy(), -margins.numpy()) > 0.97
    suspects = find_suspects(labels, rows)
    hits = flipped[suspects.indices]
    # The ranking puts those that were changed first.
    assert hits[:40].double().mean() > 0.75
    assert hits.sum() / flipped.sum() > 0.5
