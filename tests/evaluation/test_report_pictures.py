from __future__ import annotations

import base64
import io

import numpy as np
import torch
from PIL import Image

from thumbnet.evaluation.report_pictures import (
    Answered,
    Shown,
    class_rows,
    evidence_rows,
    hardest_pictures,
    pair_rows,
    sample_pictures,
    suspicious_pictures,
)

NAMES = ("cat", "dog", "hen")


def made(num_classes: int = 3, num_images: int = 90) -> Answered:
    """Return pictures whose every pixel is their own index, half of them recognised."""
    generator = torch.Generator().manual_seed(4)
    labels = torch.arange(num_images) % num_classes
    logits = torch.randn(num_images, num_classes, generator=generator)
    logits[torch.arange(num_images), labels] += 1
    images = (torch.arange(num_images) % 256).to(torch.uint8)[:, None, None, None]
    names = NAMES if num_classes == 3 else [f"class {index}" for index in range(num_classes)]
    return Answered(images.expand(-1, 1, 4, 4), labels, logits.softmax(1), names)


def index_of(shown: Shown) -> int:
    picture = Image.open(io.BytesIO(base64.b64decode(shown.uri.partition(",")[2])))
    return int(np.asarray(picture)[0, 0])


def test_picture_says_label_prediction_and_both_probabilities() -> None:
    shares = torch.tensor([[0.0004, 0.9996, 0.0], [0.0, 0.312, 0.688]])
    images = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
    answered = Answered(images, torch.tensor([0, 2]), shares, NAMES)
    wrong, right = answered.shown([0, 1])
    assert wrong.alt == "cat, taken for dog"
    assert wrong.lines == ("cat → dog", ">\xa099.9\xa0% · <\xa00.1\xa0%")
    assert wrong.is_wrong
    assert right.alt == "hen"
    assert right.lines == ("hen → hen", "68.8\xa0% · 68.8\xa0%")
    assert not right.is_wrong
    assert answered.shown([0], with_lines=False)[0].lines == ()


def test_pairs_are_named_and_show_their_mistakes() -> None:
    answered = made()
    first = pair_rows(answered)[0]
    predictions = answered.probabilities.argmax(1)
    assert {first.first, first.second} < set(NAMES)
    assert 0 < len(first.pictures) <= 7
    for shown in first.pictures:
        index = index_of(shown)
        pair = {NAMES[answered.labels[index]], NAMES[predictions[index]]}
        assert pair == {first.first, first.second}
    num_mistakes = int((predictions != answered.labels).sum())
    count = first.num_first_as_second + first.num_second_as_first
    assert abs(first.share - count / num_mistakes) < 1e-9


def test_hardest_has_the_highest_loss() -> None:
    answered = made()
    shown = hardest_pictures(answered)
    own = answered.probabilities.gather(1, answered.labels[:, None])[:, 0]
    assert len(shown) == 20
    assert index_of(shown[0]) == int(own.argmin())


def test_many_classes_have_fewer_pictures_each() -> None:
    for num_classes, num_each, num_rows in ((3, 8, 3), (20, 5, 20), (100, 1, 100), (130, 1, 100)):
        rows = class_rows(made(num_classes, num_classes * 20))
        assert len(rows) == num_rows
        assert max(len(row.borderline) for row in rows) == num_each
        assert rows[1].name == ("dog" if num_classes == 3 else "class 1")


def test_suspicious_labels_are_counted_and_shown() -> None:
    answered = made()
    found = suspicious_pictures(answered)
    wrong = answered.probabilities.argmax(1) != answered.labels
    assert (found.num_images, found.num_disagreeing) == (90, int(wrong.sum()))
    assert all(shown.is_wrong for shown in found.pictures)
    assert len(found.pictures) == min(20, int(wrong.sum()))


def test_samples_have_their_labels() -> None:
    answered = made()
    shown = sample_pictures(answered.images[:4], answered.labels[:4], NAMES)
    assert [each.lines for each in shown] == [("cat",), ("dog",), ("hen",), ("cat",)]
    assert [index_of(each) for each in shown] == [0, 1, 2, 3]


def test_evidence_has_a_picture_and_two_maps_for_each_mistake() -> None:
    answered = made()
    maps = torch.zeros(2, 4, 4)
    maps[0, 1, 1], maps[1, 2, 2] = 3.0, -3.0
    evidence = evidence_rows(answered, [5, 7], maps, 2 * maps, [0.0, 0.0])
    assert evidence.limits == (3.0, 6.0)
    assert [index_of(row[0]) for row in evidence.rows] == [5, 7]
    assert all(len(row) == 3 for row in evidence.rows)
    laid = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(row[1].uri.partition(",")[2]))))
        for row in evidence.rows
    ]
    assert laid[0][1, 1].tolist() == [0x00, 0x72, 0xB2]
    assert laid[1][2, 2].tolist() == [0xD5, 0x5E, 0x00]
    assert evidence.rows[0][1].alt.endswith("map by occlusion")
