"""Looking for mistakes in a data set: duplicates, wrong labels, classes, and the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from thumbnet.datasets.catalog import CATALOG
from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.loading import FOLDER_PREFIX, load_dataset
from thumbnet.inspection.doctor.classes import class_findings
from thumbnet.inspection.doctor.duplicates import find_duplicates
from thumbnet.inspection.doctor.findings import Finding, ordered
from thumbnet.inspection.doctor.labels import Suspects, find_suspects
from thumbnet.inspection.doctor.picture_files import PictureFolder, read_pictures
from thumbnet.inspection.doctor.pixels import pixel_findings

Probabilities = Callable[[ImageSet], Tensor]
"""From a set to float ``(N, K)``: what networks say of each picture that did not train on it."""

NUM_SHOWN = 20
LEAST_FOR_LABELS = 100
LEAST_ACCURACY = 0.5
"""A network that is right less often than this cannot say which labels are wrong."""


def inspect_data(
    name: str,
    *,
    probabilities: Probabilities | None = None,
    report: Callable[[str], None] | None = None,
) -> list[Finding]:
    """Look for mistakes in a data set.

    Args:
        name: a catalogue name such as ``mnist``, ``folder:PATH``, or a folder's or archive's path.
        probabilities: to look for wrong labels with; without it they are not looked for. See
            ``thumbnet.training.out_of_fold.out_of_fold_probabilities``.
        report: told of downloads and of what takes long.

    Returns:
        What was found, the worst first.

    Raises:
        DataError: there is no such set, or its layout is none that can be read.
    """
    tell = report or (lambda _line: None)
    if name in CATALOG:
        info = CATALOG[name]
        train, test = (
            load_dataset(name, split, channels=info.channels, size_px=info.size_px, report=report)
            for split in ("train", "test")
        )
        folder = None
    else:
        path = Path(name.removeprefix(FOLDER_PREFIX)).expanduser()
        folder = read_pictures(path)
        train, test = folder.train, folder.test
    return ordered(_findings(name, train, test, folder, probabilities, tell))


def _findings(
    name: str,
    train: ImageSet,
    test: ImageSet,
    folder: PictureFolder | None,
    probabilities: Probabilities | None,
    tell: Callable[[str], None],
) -> Iterator[Finding]:
    if folder is not None:
        yield from folder.findings(name)
    yield from class_findings(name, train, test)
    yield from pixel_findings(name, train, test, _namer(len(train), folder))
    tell(f"comparing {len(train) + len(test):,} pictures with each other")
    yield from _duplicate_findings(name, train, test, folder)
    if probabilities is not None and len(train) >= LEAST_FOR_LABELS:
        yield from _label_findings(name, train, folder, probabilities)


def _namer(num_train: int, folder: PictureFolder | None) -> Callable[[int], str]:
    """Return a function from a picture's place in train, then test, to what a person calls it."""

    def name_of(index: int) -> str:
        split, place = ("train", index) if index < num_train else ("test", index - num_train)
        return folder.files[split][place] if folder is not None else f"{split} {place}"

    return name_of


def _duplicate_findings(
    name: str, train: ImageSet, test: ImageSet, folder: PictureFolder | None
) -> Iterator[Finding]:
    labels = torch.cat([train.labels, test.labels])
    pairs = find_duplicates(torch.cat([train.images, test.images]))
    name_of = _namer(len(train), folder)
    for kind, found in (("same", pairs.same), ("near", pairs.near)):
        first, second = found.T if len(found) else (found[:, 0], found[:, 0])
        crosses = (first < len(train)) & (second >= len(train))
        differs = labels[first] != labels[second]
        for code, chosen in (
            ("duplicates-across-splits", crosses),
            ("duplicates-with-other-label", differs),
            ("duplicates-inside", ~crosses & ~differs),
        ):
            if chosen.any():
                shown = [
                    f"{name_of(int(a))} = {name_of(int(b))}"
                    for a, b in found[chosen][:NUM_SHOWN].tolist()
                ]
                details = {"number": int(chosen.sum()), "pairs": shown}
                form = {"same": "data", "near": "data-near"}[kind]
                yield Finding(code, name, form=form, details=details)


def _label_findings(
    name: str,
    train: ImageSet,
    folder: PictureFolder | None,
    probabilities: Probabilities,
) -> Iterator[Finding]:
    predicted = probabilities(train)
    accuracy = float((predicted.argmax(1) == train.labels).double().mean())
    suspects = find_suspects(train.labels, predicted)
    if not len(suspects) or accuracy < LEAST_ACCURACY:
        return
    name_of = _namer(len(train), folder)
    names = train.class_names
    rows = [
        {
            "picture": name_of(index),
            "label": names[int(train.labels[index])],
            "suggested": names[suggested],
            "margin": round(margin, 4),
        }
        for index, suggested, margin in _rows(suspects)
    ]
    shown = [f"{row['picture']}: {row['label']}, perhaps {row['suggested']}" for row in rows]
    details = {
        "number": len(suspects),
        "accuracy": f"{accuracy:.1%}",
        "shown": shown[:NUM_SHOWN],
        "candidates": rows,
    }
    yield Finding("mislabelled-candidates", name, details=details)


def _rows(suspects: Suspects) -> list[tuple[int, int, float]]:
    return list(
        zip(
            suspects.indices.tolist(),
            suspects.suggested.tolist(),
            suspects.margins.tolist(),
            strict=True,
        )
    )
