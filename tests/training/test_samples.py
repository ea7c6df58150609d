"""A person's samples: how many there must be, how they are framed, which are held back."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from thumbnet.datasets.loading import load_dataset
from thumbnet.datasets.mnist import load_mnist
from thumbnet.errors import DataError, ImageError
from thumbnet.training.samples import load_samples


def write_samples(folder: Path, num: int, *, size_px: int = 28, dark: bool = False) -> Path:
    """Write ``num`` of MNIST's test images of each digit, white on black unless ``dark``."""
    images = load_mnist("test")
    for digit in range(10):
        (folder / str(digit)).mkdir(parents=True)
        for index in (images.labels == digit).nonzero().flatten()[:num].tolist():
            pixels = images.images[index, 0].numpy()
            image = Image.fromarray(255 - pixels if dark else pixels)
            image.resize((size_px, size_px)).save(folder / str(digit) / f"{index}.png")
    return folder


def test_held_back_samples_are_the_folders_test_split(tmp_path: Path) -> None:
    folder = write_samples(tmp_path / "mine", 7)
    samples = load_samples(folder)
    assert samples.train.class_counts() == [6] * 10
    assert samples.held_back.class_counts() == [1] * 10
    for found, split in ((samples.train, "train"), (samples.held_back, "test")):
        expected = load_dataset(f"folder:{folder}", split, channels=1, size_px=28)
        assert torch.equal(found.images, expected.images)
        assert torch.equal(found.labels, expected.labels)
        assert found.class_names == expected.class_names


def test_glyph_of_another_size_and_polarity_is_framed(tmp_path: Path) -> None:
    framed = load_samples(write_samples(tmp_path / "framed", 3))
    others = load_samples(write_samples(tmp_path / "others", 3, size_px=140, dark=True))
    for one, other in ((framed.train, others.train), (framed.held_back, others.held_back)):
        assert other.images.shape == one.images.shape
        difference = (one.images.double() - other.images.double()).abs().mean((1, 2, 3))
        assert float(difference.max()) < 25


def test_what_is_missing_of_which_digit_is_said(tmp_path: Path) -> None:
    folder = write_samples(tmp_path / "mine", 3)
    for path in list((folder / "7").iterdir())[1:]:
        path.unlink()
    next((folder / "2").iterdir()).rename(folder / "2" / ".hidden.png")
    (folder / "2" / "notes.txt").write_text("no picture", encoding="utf-8")
    expected = (
        r"too few samples.*\n  got: 2 of 2, 1 of 7\n.*at least 3.*\n  fix: add 1 of 2, 2 of 7$"
    )
    with pytest.raises(DataError, match=expected):
        load_samples(folder)


def test_empty_folder_lacks_all(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="add 3 of 0, 3 of 1, 3 of 2"):
        load_samples(tmp_path)


def test_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        load_samples(tmp_path / "missing")


def test_folder_of_another_class_is_refused(tmp_path: Path) -> None:
    folder = write_samples(tmp_path / "mine", 3)
    (folder / "7").rename(folder / "seven")
    (folder / "7").mkdir()
    for index in range(3):
        Image.new("L", (28, 28)).save(folder / "7" / f"{index}.png")
    with pytest.raises(DataError, match=r"other folders.*\n  got: seven"):
        load_samples(folder)


def test_bad_picture_is_named(tmp_path: Path) -> None:
    folder = write_samples(tmp_path / "mine", 3)
    (folder / "4" / "bad.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"4/bad\.png"):
        load_samples(folder)
