"""What every test starts from: a cache of its own, no network, and a very small data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from thumbnet.datasets.image_set import ImageSet

# No test times: a deadline fails on a busy machine.
settings.register_profile("thumbnet", deadline=None, max_examples=50)
settings.load_profile("thumbnet")

MakeImages = Callable[..., ImageSet]


@pytest.fixture(autouse=True)
def _own_cache_and_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THUMBNET_HOME", str(tmp_path / "thumbnet-home"))
    monkeypatch.setenv("THUMBNET_OFFLINE", "1")
    monkeypatch.delenv("THUMBNET_DATA", raising=False)


@pytest.fixture
def make_images() -> MakeImages:
    """Return ``make(labels, channels=1, size_px=8) -> ImageSet`` of fixed random pixels."""

    def make(
        labels: Sequence[int], channels: int = 1, size_px: int = 8, num_classes: int | None = None
    ) -> ImageSet:
        generator = torch.Generator().manual_seed(len(labels))
        shape = (len(labels), channels, size_px, size_px)
        images = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
        count = num_classes or max(labels, default=0) + 1
        names = tuple("abcdefghijklmnopqrstuvwxyz"[:count])
        return ImageSet("tiny train", images, torch.tensor(labels, dtype=torch.int64), names)

    return make


@pytest.fixture
def tiny_images(make_images: MakeImages) -> ImageSet:
    """Thirty grey 8×8 pictures of three classes, in turn."""
    return make_images([0, 1, 2] * 10)
