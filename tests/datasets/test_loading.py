from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thumbnet.datasets import loading
from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.loading import load_dataset
from thumbnet.errors import DataError


def _make_folder(root: Path) -> Path:
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for number in range(5):
            pixels = generator.integers(0, 256, (9, 7, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


def test_catalogue_name_loads_the_set() -> None:
    images = load_dataset("mnist", "test", channels=1, size_px=28)
    assert (images.name, len(images)) == ("mnist test", 10_000)


def test_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(DataError, match=r"got: mnits(.|\n)*did you mean 'mnist'\?"):
        load_dataset("mnits", "train", channels=1, size_px=28)


@pytest.mark.parametrize(("channels", "size_px"), [(3, 28), (1, 32)])
def test_catalogue_set_of_another_form_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tiny_images: ImageSet, channels: int, size_px: int
) -> None:
    monkeypatch.setattr(loading, "load_catalog", lambda *_, **__: tiny_images)
    message = (
        rf"images of 'mnist'(.|\n)*got: .*\(1, 8, 8\)\n  expected: \({channels}, {size_px}, "
        rf"{size_px}\)\n  fix: --set input.channels=1 --set input.size_px=8 --set input.mean=train"
    )
    with pytest.raises(DataError, match=message):
        load_dataset("mnist", "train", channels=channels, size_px=size_px)


@pytest.mark.parametrize(("channels", "size_px"), [(1, 8), (3, 12)])
def test_folder_takes_the_asked_for_form(tmp_path: Path, channels: int, size_px: int) -> None:
    path = _make_folder(tmp_path / "pets")
    train = load_dataset(f"folder:{path}", "train", channels=channels, size_px=size_px)
    assert train.shape == (channels, size_px, size_px)
    assert train.class_names == ("cat", "dog")


def test_folder_may_begin_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    _make_folder(tmp_path / "pets")
    assert len(load_dataset("folder:~/pets", "train", channels=1, size_px=8)) > 0


def test_unreadable_files_are_refused_or_passed_over_and_reported(tmp_path: Path) -> None:
    path = _make_folder(tmp_path / "pets")
    (path / "cat" / "bad.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"bad\.png"):
        load_dataset(f"folder:{path}", "train", channels=1, size_px=8)
    told: list[str] = []
    for split in ("train", "test"):
        load_dataset(
            f"folder:{path}", split, channels=1, size_px=8, skip_bad=True, report=told.append
        )
    assert any("bad.png" in line for line in told)


def test_folder_that_is_missing_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        load_dataset(f"folder:{tmp_path / 'nowhere'}", "train", channels=1, size_px=8)
