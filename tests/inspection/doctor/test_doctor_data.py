from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torch import Tensor

from thumbnet.datasets.image_set import ImageSet
from thumbnet.datasets.mnist import load_mnist
from thumbnet.errors import DataError
from thumbnet.inspection.doctor import data as doctor_data
from thumbnet.inspection.doctor.classes import class_findings, order_findings
from thumbnet.inspection.doctor.data import inspect_data
from thumbnet.inspection.doctor.findings import Finding
from thumbnet.inspection.doctor.pixels import dark_ink

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return ``write(split=..., digits=...) -> folder`` with MNIST's own digits as PNG files."""

    def pictures(
        name: str = "digits", per_class: int = 30, classes: tuple[int, ...] = tuple(range(3))
    ) -> Path:
        digits = load_mnist("train")
        folder = tmp_path / name
        for label in classes:
            members = (digits.labels == label).nonzero().flatten()[:per_class]
            (folder / str(label)).mkdir(parents=True)
            for number, index in enumerate(members.tolist()):
                Image.fromarray(digits.images[index, 0].numpy()).save(
                    folder / str(label) / f"{number}.png"
                )
        return folder

    return pictures


def found(folder: Path) -> dict[str, Finding]:
    """Return the findings by code and form."""
    findings = inspect_data(str(folder))
    return {f"{each.code}/{each.form}".rstrip("/"): each for each in findings}


def test_folder_that_is_right_has_no_finding(write: Write) -> None:
    assert found(write()) == {}


def test_archive_and_prefix_are_read_alike(write: Write, tmp_path: Path) -> None:
    folder = write()
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    assert inspect_data(archive) == []
    assert inspect_data(f"folder:{folder}") == []


def test_bundled_mnist_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "thumbnet.datasets.catalog.load_mnist", lambda split: load_mnist(split).subset(range(600))
    )
    assert inspect_data("mnist") == []


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither a data set's name, a folder nor an archive"):
        inspect_data(str(tmp_path / "missing"))


def test_folder_without_classes_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no image"):
        inspect_data(str(tmp_path / "empty"))


def test_copies_across_the_splits_and_inside(write: Write, tmp_path: Path) -> None:
    whole = write()
    folder = tmp_path / "cut"
    shutil.copytree(whole, folder / "train")
    for label in "012":
        (folder / "test" / label).mkdir(parents=True)
        for number in range(5):
            # Mirrored at the diagonal they are others than those of train/.
            picture = np.array(Image.open(whole / label / f"{number}.png"))
            Image.fromarray(picture.T).save(folder / "test" / label / f"{number}.png")
    shutil.copy(folder / "train/1/0.png", folder / "test/1/again.png")
    shutil.copy(folder / "train/2/3.png", folder / "train/2/twice.png")
    shutil.copy(folder / "train/0/4.png", folder / "train/1/other.png")
    findings = found(folder)
    assert set(findings) == {
        "duplicates-across-splits/data",
        "duplicates-inside/data",
        "duplicates-with-other-label/data",
    }
    across = findings["duplicates-across-splits/data"].details
    assert across["number"] == 1
    assert across["pairs"] == ["train/1/0.png = test/1/again.png"]
    assert findings["duplicates-inside/data"].details["pairs"] == [
        "train/2/3.png = train/2/twice.png"
    ]
    assert findings["duplicates-with-other-label/data"].severity == "error"


def test_picture_saved_again_as_jpeg_is_nearly_the_same(write: Write) -> None:
    folder = write()
    Image.open(folder / "0/0.png").save(folder / "0/again.jpg", quality=90)
    (code,) = found(folder)
    assert code in ("duplicates-inside/data-near", "duplicates-across-splits/data-near")


def test_unreadable_and_even_pictures_are_named(write: Write) -> None:
    folder = write()
    (folder / "1/broken.png").write_bytes(b"no picture")
    Image.new("L", (28, 28), 40).save(folder / "2/blank.png")
    findings = found(folder)
    assert set(findings) == {"unreadable-pictures", "constant-pictures"}
    assert findings["unreadable-pictures"].details["pictures"][0].startswith("1/broken.png is not")
    assert findings["constant-pictures"].details["pictures"] == ["2/blank.png"]


def test_dark_ink_on_light_paper_is_said_of_digits(write: Write) -> None:
    folder = write()
    for path in folder.glob("*/*.png"):
        ImageOps.invert(Image.open(path)).save(path)
    assert set(found(folder)) == {"polarity/data"}


def test_mixed_polarity_is_said(write: Write) -> None:
    folder = write()
    for path in sorted(folder.glob("*/*.png"))[::2]:
        ImageOps.invert(Image.open(path)).save(path)
    assert set(found(folder)) == {"polarity/data-mixed"}


def test_polarity_of_other_things_is_no_mistake(write: Write) -> None:
    folder = write()
    for path in folder.glob("*/*.png"):
        ImageOps.invert(Image.open(path)).save(path)
    for name, label in zip(("cat", "dog", "fox"), "012", strict=True):
        (folder / label).rename(folder / name)
    assert found(folder) == {}


def test_ink_of_mnist_is_light() -> None:
    images = load_mnist("test").images[:200]
    assert dark_ink(images).double().mean() < 0.02
    assert dark_ink(255 - images).double().mean() > 0.98
    assert dark_ink((255 - images).repeat(1, 3, 1, 1)).double().mean() > 0.98


def test_grey_pictures_stored_in_colours_are_said(write: Write) -> None:
    folder = write()
    for path in folder.glob("*/*.png"):
        Image.open(path).convert("RGB").save(path)
    findings = found(folder)
    assert set(findings) == {"grey-as-rgb"}
    assert findings["grey-as-rgb"].details["number"] == 90


def test_one_picture_in_colours_is_not_grey(write: Write) -> None:
    folder = write()
    for path in folder.glob("*/*.png"):
        Image.open(path).convert("RGB").save(path)
    image = Image.open(folder / "0/0.png")
    image.putpixel((0, 0), (200, 0, 0))
    image.save(folder / "0/0.png")
    assert "grey-as-rgb" not in found(folder)


@pytest.mark.parametrize("size", [(300, 300), (28, 80)])
def test_sizes_that_differ_widely_are_said(write: Write, size: tuple[int, int]) -> None:
    folder = write()
    Image.open(folder / "0/0.png").resize(size).save(folder / "0/0.png")
    findings = found(folder)
    assert "mixed-sizes" in findings
    width, height = size
    assert findings["mixed-sizes"].details["largest"] == f"0/0.png ({width}×{height})"


def test_sizes_that_differ_a_little_are_not(write: Write) -> None:
    folder = write()
    Image.open(folder / "0/0.png").resize((40, 36)).save(folder / "0/0.png")
    assert "mixed-sizes" not in found(folder)


def test_uneven_and_tiny_classes(make_images: Callable[..., ImageSet]) -> None:
    train = make_images([0] * 100 + [1] * 24 + [2] * 19)
    test = make_images([0] * 9 + [1] * 9 + [2] * 4)
    findings = {f"{each.code}/{each.form}": each for each in class_findings("x", train, test)}
    assert set(findings) == {"class-imbalance/", "tiny-class/train", "tiny-class/test"}
    details = findings["class-imbalance/"].details
    assert (details["largest"], details["smallest"], details["ratio"]) == ("a", "c", "5.3")
    assert findings["tiny-class/train"].details["classes"] == ["c (19)"]


def test_even_classes_have_no_finding(make_images: Callable[..., ImageSet]) -> None:
    train, test = make_images([0, 1, 2] * 40 + [0] * 80), make_images([0, 1, 2] * 5)
    assert list(class_findings("x", train, test)) == []


@pytest.mark.parametrize(
    ("names", "form"),
    [
        (["0", "1", "2", "10"], ""),
        (["class2", "class10"], ""),
        (["eight", "five", "four", "zero"], "words"),
    ],
)
def test_order_that_is_not_that_of_the_classes(names: list[str], form: str) -> None:
    (finding,) = order_findings("x", names)
    assert (finding.code, finding.form) == ("class-order", form)
    finding.words("zh")


@pytest.mark.parametrize(
    "names", [list("0123456789"), ["00", "01", "10"], ["cat", "Dog", "eel"], ["one", "cat"]]
)
def test_order_that_is_that_of_the_classes(names: list[str]) -> None:
    assert list(order_findings("x", names)) == []


def probabilities_of(labels: Tensor, sure: dict[int, int]) -> Callable[[ImageSet], Tensor]:
    """Return what would come of networks that know ``labels``, and are sure of other ones."""

    def predict(images: ImageSet) -> Tensor:
        known = labels.clone()
        for index, label in sure.items():
            known[index] = label
        return 0.9 * torch.eye(images.num_classes)[known] + 0.1 / images.num_classes

    return predict


def test_suspicious_labels_are_listed_with_what_they_may_be(write: Write) -> None:
    folder = write(per_class=50)
    # A fifth of each class is cut for the test set, so 40 of 50 are left.
    labels = torch.arange(3).repeat_interleave(40)
    findings = inspect_data(str(folder), probabilities=probabilities_of(labels, {5: 2, 90: 0}))
    (finding,) = findings
    assert finding.code == "mislabelled-candidates"
    rows = finding.details["candidates"]
    assert [(row["label"], row["suggested"]) for row in rows] == [("0", "2"), ("2", "0")]
    assert all(row["picture"].startswith(f"{row['label']}/") for row in rows)
    assert finding.details["accuracy"] == "98.3%"


def test_labels_are_not_judged_by_networks_that_know_nothing(write: Write) -> None:
    wrong = (torch.arange(3).repeat_interleave(40) + 1) % 3
    folder = write(per_class=50)
    assert inspect_data(str(folder), probabilities=probabilities_of(wrong, {})) == []


def test_few_pictures_are_not_trained_on(write: Write) -> None:
    def never(_images: ImageSet) -> Tensor:
        raise AssertionError("a network was trained")

    assert inspect_data(str(write()), probabilities=never) == []
    assert doctor_data.LEAST_FOR_LABELS > 72
