"""The proxy picks what is hard: images with wrong labels are among the hardest."""

from __future__ import annotations

import torch

from thumbnet.datasets.image_set import ImageSet
from thumbnet.training.batches import Normalisation
from thumbnet.training.recipe import SelectionSection
from thumbnet.training.selection import select_images

NORMALISATION = Normalisation(255.0, (), ())


def _halves(num_images: int = 2000, num_wrong: int = 100) -> ImageSet:
    """Bright above (class 0) or below (class 1); the first ``num_wrong`` labels are wrong."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2, (num_images,), generator=generator)
    images = torch.randint(0, 40, (num_images, 1, 8, 8), generator=generator, dtype=torch.uint8)
    images[labels == 0, :, :4] += 200
    images[labels == 1, :, 4:] += 200
    labels[:num_wrong] = 1 - labels[:num_wrong]
    return ImageSet("halves", images, labels, ("above", "below"))


def _select(section: SelectionSection, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(0)
    return select_images(_halves(), section, NORMALISATION, seed, torch.device("cpu"))


def test_wrongly_labelled_images_are_the_hardest() -> None:
    chosen = _select(SelectionSection(hardest=0.05, proxy_width=16))

    assert chosen.tolist() == list(range(100))


def test_others_are_drawn_from_the_rest_without_repetition() -> None:
    chosen = _select(SelectionSection(hardest=0.05, others=0.1, proxy_width=16))

    assert len(chosen) == len(set(chosen.tolist())) == 300
    assert set(range(100)) < set(chosen.tolist())


def test_seed_decides_who_the_others_are() -> None:
    section = SelectionSection(hardest=0.05, others=0.1, proxy_width=16)

    assert torch.equal(_select(section, 1), _select(section, 1))
    assert not torch.equal(_select(section, 1), _select(section, 2))
