"""Made pictures, framed like the real ones: digits of other hands, and what is no digit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.made_digits import make_digits
from thumbnet.datasets.negatives import FIT_KINDS, make_negatives
from thumbnet.datasets.redrawn_digits import redraw_digits
from thumbnet.errors import DataError
from thumbnet.frame import frame_ink
from thumbnet.training.randomness import derive_seed
from thumbnet.training.recipe import MadeSection

DIGIT_NAMES = tuple("0123456789")
MakeDigits = Callable[[int, int], tuple[np.ndarray, np.ndarray]]

# Handwriting is what a recogniser of digits meets most.
_WEIGHTS = {"stroke-letters": 3.0, "font-letters": 2.0, "two-digits": 1.5, "drawings": 1.5}


def framed_negatives(kind: str, num: int, seed: int, digits: Tensor) -> Tensor:
    """Return ``num`` pictures of ``kind`` in MNIST's frame, uint8 ``(num, 1, 28, 28)``.

    Args:
        kind: see ``thumbnet.datasets.negatives``.
        num: how many.
        seed: chooses them.
        digits: uint8 ``(M, 1, 28, 28)``, which some kinds cut or join.
    """
    return _framed(make_negatives(kind, num, seed, digits[:, 0].numpy()))


def fitting_negatives(num: int, seed: int, digits: Tensor) -> Tensor:
    """Return about ``num`` pictures of all kinds for fitting, uint8 ``(n, 1, 28, 28)``."""
    weights = [_WEIGHTS.get(kind, 1.0) for kind in FIT_KINDS]
    return torch.cat(
        [
            framed_negatives(kind, max(1, round(num * weight / sum(weights))), seed, digits)
            for kind, weight in zip(FIT_KINDS, weights, strict=True)
        ]
    )


def framed_digits(num: int, seed: int, make: MakeDigits = make_digits) -> tuple[Tensor, Tensor]:
    """Return made digits in MNIST's frame, uint8 ``(num, 1, 28, 28)``, and labels ``(num,)``."""
    pictures, labels = make(num, seed)
    return _framed(pictures), torch.from_numpy(labels)


def with_made_pictures(images: ImageSet, section: MadeSection, seed: int) -> ImageSet:
    """Return ``images`` with what ``section`` adds; negatives are a last class without a name.

    All is drawn from ``seed``, and cut and joined from ``images`` alone.

    Raises:
        DataError: the classes are not 0 to 9: letters are among the negatives.
    """
    pictures, labels = [images.images], [images.labels]
    if images.class_names != DIGIT_NAMES:
        raise DataError(
            "made pictures need the ten digits as classes",
            got=", ".join(images.class_names[:12]),
            expected=", ".join(DIGIT_NAMES),
            fix="leave out the section [made]",
        )
    if section.digits:
        more, of = framed_digits(
            round(section.digits * len(images)), derive_seed(seed, "made", 0) % 2**32
        )
        pictures.append(more)
        labels.append(of)
    if section.redrawn:
        drawn, of_which = redraw_digits(
            images.images[:, 0].numpy(),
            round(section.redrawn * len(images)),
            derive_seed(seed, "made", 3) % 2**32,
        )
        pictures.append(_framed(drawn))
        labels.append(images.labels[torch.from_numpy(of_which)])
    if section.negatives:
        more = fitting_negatives(
            round(section.negatives * len(images)),
            derive_seed(seed, "made", 1) % 2**32,
            images.images,
        )
        pictures.append(more)
        labels.append(torch.full((len(more),), images.num_classes))
    names = images.class_names + (("",) if section.negatives else ())
    return ImageSet(
        f"{images.name} and made pictures", torch.cat(pictures), torch.cat(labels), names
    )


def _framed(pictures: np.ndarray) -> Tensor:
    chunks = torch.split(torch.from_numpy(pictures), 1000)
    framed = [frame_ink(chunk.float()).round().to(torch.uint8) for chunk in chunks]
    return torch.cat(framed)[:, None]
