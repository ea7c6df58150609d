"""One person's digits: a folder of single glyphs, each put into MNIST's frame."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from thumbnet.datasets.folder_files import DirectorySource
from thumbnet.datasets.folder_layout import arrange
from thumbnet.datasets.image_set import ImageSet
from thumbnet.errors import DataError
from thumbnet.evaluation.answering import seen_pixels
from thumbnet.frame import MnistFrame, to_grey
from thumbnet.images import IMAGE_SUFFIXES, decode_image
from thumbnet.training.made import DIGIT_NAMES

FEWEST = 3


@dataclass(frozen=True)
class Samples:
    """A person's digits, framed, uint8 ``(N, 1, 28, 28)``.

    Attributes:
        train: to train on.
        held_back: the others, at least one of each digit, which training never sees.
    """

    train: ImageSet
    held_back: ImageSet


def load_samples(folder: Path) -> Samples:
    """Read ``<digit>/…`` with pictures of single digits, of any size, dark or light ink.

    What is held back is what the test split of ``folder:FOLDER`` is: a fifth of each digit, at
    least one, always the same.

    Raises:
        DataError: there are fewer than three samples of a digit, other folders, or a picture that
            cannot be read.
    """
    if not folder.is_dir():
        raise DataError(
            "there is no such folder of samples", got=folder, expected="a folder with 0/ to 9/"
        )
    source = DirectorySource(folder)
    _check_counts(folder, source.files)
    layout = arrange(source.files, source.folders, title=folder.name, strip_any_top=False)
    if layout.class_names != DIGIT_NAMES:
        others = sorted(set(layout.class_names) - set(DIGIT_NAMES))
        raise DataError(
            "the folder of samples has other folders than those of the digits",
            got=", ".join(others),
            expected="0/ to 9/",
            fix="move them elsewhere",
        )
    sets = {
        split: ImageSet(
            f"samples {split}",
            _framed(source, [name for name, _ in images]),
            torch.tensor([label for _, label in images], dtype=torch.int64),
            layout.class_names,
        )
        for split, images in layout.images.items()
    }
    return Samples(train=sets["train"], held_back=sets["test"])


def _check_counts(folder: Path, names: list[str]) -> None:
    paths = [PurePosixPath(name) for name in names]
    counts = Counter(
        path.parts[0]
        for path in paths
        if path.suffix.lower() in IMAGE_SUFFIXES
        and len(path.parts) > 1
        and not any(part.startswith(".") for part in path.parts)
    )
    lacking = {name: FEWEST - counts[name] for name in DIGIT_NAMES if counts[name] < FEWEST}
    if lacking:
        raise DataError(
            "there are too few samples of some digits",
            got=", ".join(f"{counts[name]} of {name}" for name in lacking),
            expected=f"at least {FEWEST} of each digit, as {folder}/<digit>/…",
            fix="add " + ", ".join(f"{num} of {name}" for name, num in lacking.items()),
        )


def _framed(source: DirectorySource, names: list[str]) -> Tensor:
    frame = MnistFrame()
    framed = [
        seen_pixels(frame(to_grey(torch.from_numpy(decode_image(data, name))[None])))
        for name, data in source.read(names)
    ]
    return torch.stack(framed)
