"""Folders and archives of small pictures, against the pictures that were put in."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from folder_files import CLASS_FILES, SPLIT_FILES, load, values, write

from thumbnet.errors import DataError

pytestmark = pytest.mark.usefixtures("cache_root")

CIFAR10 = Path(__file__).parents[2] / "../shared/data/cifar10.zip"


def test_splits_and_classes_come_from_the_folders(tmp_path: Path) -> None:
    train, lines = load(write(tmp_path / "pets", SPLIT_FILES))
    assert (train.name, train.class_names, lines) == ("pets train", ("2", "10"), [])
    assert train.labels.tolist() == [0, 0, 0, 1]
    assert values(train) == [1, 2, 9, 3]
    test, _ = load(tmp_path / "pets", "test")
    assert (test.name, test.class_names) == ("pets test", ("2", "10"))
    assert (test.labels.tolist(), values(test)) == ([0, 1], [4, 5])


def test_pixels_are_fitted_to_the_asked_form(tmp_path: Path) -> None:
    loaded, _ = load(write(tmp_path, SPLIT_FILES), channels=3, size_px=5)
    assert loaded.shape == (3, 5, 5)
    assert loaded.images.dtype == torch.uint8
    assert torch.equal(loaded.images[0], torch.full((3, 5, 5), 1, dtype=torch.uint8))


@pytest.mark.parametrize("wrapping", ["", "pets/", "./pets/"])
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"])
@pytest.mark.parametrize("files", [SPLIT_FILES, CLASS_FILES])
def test_an_archive_gives_the_same_set_as_its_folder(
    tmp_path: Path, kind: str, wrapping: str, files: dict[str, int | bytes]
) -> None:
    root = write(tmp_path / "pets", files)
    path = tmp_path / f"pets.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as target:
            for name in files:
                target.write(root / name, wrapping + name)
    else:
        with tarfile.open(path, "w:" + {"tar": "", "tgz": "gz"}.get(kind, kind[4:])) as target:
            for name in files:
                target.add(root / name, wrapping + name)
    for split in ("train", "test"):
        packed, loose = load(path, split)[0], load(root, split)[0]
        assert (packed.content_hash, packed.name) == (loose.content_hash, f"pets {split}")


def test_the_current_folder_has_its_name_with_every_dot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path / "my.pets", SPLIT_FILES))
    assert load(Path())[0].name == "my.pets train"


def test_a_single_folder_with_both_splits_inside_is_looked_into(tmp_path: Path) -> None:
    write(tmp_path / "outer/inner", SPLIT_FILES)
    assert values(load(tmp_path / "outer")[0]) == [1, 2, 9, 3]


def test_a_single_folder_of_classes_counts_as_one_class(tmp_path: Path) -> None:
    write(tmp_path / "outer/animals", CLASS_FILES)
    with pytest.raises(DataError, match=r"fewer than two classes\n  got: animals"):
        load(tmp_path / "outer")


def test_a_fifth_of_each_class_is_cut_for_the_test_split(tmp_path: Path) -> None:
    root = write(tmp_path, CLASS_FILES)
    train, test = load(root)[0], load(root, "test")[0]
    assert (train.class_counts(), test.class_counts()) == ([10, 1, 2], [3, 1, 1])
    assert sorted(values(train) + values(test)) == sorted(CLASS_FILES.values())
    assert values(train) == sorted(values(train))


def test_the_cut_is_the_same_everywhere_and_for_ever(tmp_path: Path) -> None:
    test, _ = load(write(tmp_path, CLASS_FILES), "test")
    # Worked out by itself from the SHA-256 of "thumbnet test split 1/cat/0.png" and so on.
    assert values(test) == [4, 6, 7, 100, 202]


def test_the_cut_does_not_depend_on_the_generators_of_training(tmp_path: Path) -> None:
    root = write(tmp_path, CLASS_FILES)
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        np.random.seed(seed)
        found.append(values(load(root, "test", size_px=2 + seed)[0]))
    assert found[0] == found[1]


def test_hidden_and_system_files_are_ignored_silently_and_others_are_counted(
    tmp_path: Path,
) -> None:
    junk = {
        "__MACOSX/train/2/._a9.png": b"x",
        "train/2/.DS_Store": b"x",
        "train/2/._a9.png": b"x",
        "train/.cache/x.png": b"x",
        "test/2/Thumbs.db": b"x",
        ".git/config": b"x",
        "README.md": b"x",
        "train/2/labels.csv": b"x",
    }
    loaded, lines = load(write(tmp_path / "pets", SPLIT_FILES | junk))
    assert values(loaded) == [1, 2, 9, 3]
    assert lines == ["'pets': ignored 2 files that are not images"]


@pytest.mark.parametrize("name", ["val", "validation", "extra"])
def test_a_folder_beside_the_splits_is_ignored_with_a_line(tmp_path: Path, name: str) -> None:
    loaded, lines = load(write(tmp_path / "pets", SPLIT_FILES | {f"{name}/2/v.png": 77}))
    assert values(loaded) == [1, 2, 9, 3]
    assert lines == [f"'pets': ignored {name}/, because only train/ and test/ are read"]


def test_images_outside_every_class_are_ignored_with_a_line(tmp_path: Path) -> None:
    root = write(tmp_path / "pets", SPLIT_FILES | {"train/loose.png": 77, "loose.png": 78})
    loaded, lines = load(root)
    assert values(loaded) == [1, 2, 9, 3]
    assert lines == ["'pets': ignored 2 images that lie in no class folder"]


def test_a_class_without_a_test_image_is_told(tmp_path: Path) -> None:
    loaded, lines = load(write(tmp_path / "pets", SPLIT_FILES | {"train/bee/x.png": 8}), "test")
    assert loaded.class_names == ("2", "10", "bee")
    assert lines == ["'pets': no test image of bee"]


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    root = write(tmp_path, {f"{name}/{i}.png": i for name in ("bus", "train") for i in range(5)})
    assert load(root)[0].class_names == ("bus", "train")


def test_links_to_folders_are_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", SPLIT_FILES)
    (tmp_path / "pets").mkdir()
    for split in ("train", "test"):
        (tmp_path / "pets" / split).symlink_to(tmp_path / "elsewhere" / split)
    assert values(load(tmp_path / "pets")[0]) == [1, 2, 9, 3]


def test_a_link_to_its_own_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path, SPLIT_FILES)
    (tmp_path / "train/2/again").symlink_to(tmp_path)
    with pytest.raises(DataError, match="contains a link to itself"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"README.md": b"x", "a/x.txt": b"x"}, r"has no image\n  got: 2 other files"),
        ({"a/1.png": 1, "a/2.png": 1}, r"fewer than two classes\n  got: a\n  expected: at least 2"),
        ({"1.png": 1, "2.png": 1}, r"fewer than two classes\n  got: no class folder"),
        ({"train/a/1.png": 1, "test/a/1.png": 1}, r"fewer than two classes\n  got: a\n"),
        (CLASS_FILES | {"fox/x.txt": b"x"}, r"no image to train on\n  got: fox\n"),
        (SPLIT_FILES | {"train/fox/x.txt": b"x"}, r"no image to train on\n  got: fox\n"),
        (CLASS_FILES | {"fox/1.png": 1}, r"classes of a single image\n  got: fox\n.*at least 2"),
        (SPLIT_FILES | {"test/fox/1.png": 1}, r"in test/ that are not in train/\n  got: fox\n"),
        (
            {"train/a/1.png": 1, "train/b/1.png": 1, "val/a/1.png": 1},
            r"has train/ without test/\n  got: train/, val/\n.*only train/ and test/ are read",
        ),
        ({"test/a/1.png": 1, "test/b/1.png": 1}, r"has test/ without train/\n  got: test/"),
        ({"train/a/1.png": 1, "train/b/1.png": 1, "x/1.png": 1}, "has train/ without test/"),
        (
            {"train/a/1.png": 1, "train/b/1.png": 1, "test/a/x.txt": b"x"},
            "has no image in test/",
        ),
    ],
)
def test_layouts_that_cannot_be_used_are_refused(
    tmp_path: Path, files: dict[str, int | bytes], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(write(tmp_path, files))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no image\n  got: 0 other files"):
        load(tmp_path)


def test_an_empty_class_folder_is_refused(tmp_path: Path) -> None:
    (write(tmp_path, CLASS_FILES) / "fox").mkdir()
    with pytest.raises(DataError, match=r"no image to train on\n  got: fox"):
        load(tmp_path)


def test_paths_that_are_no_data_set_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such folder or archive"):
        load(tmp_path / "nowhere")
    (tmp_path / "x.rar").write_bytes(b"x")
    with pytest.raises(DataError, match=r"neither a folder nor an archive(.|\n)*\.tar\.xz"):
        load(tmp_path / "x.rar")


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"x")
    with pytest.raises(DataError, match=r"'x\.zip' is damaged"):
        load(tmp_path / "x.zip")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "validation"}, "no such split\n  got: validation\n  expected: train or test"),
        ({"channels": 4}, "4 channels, 2 pixels"),
        ({"size_px": 0}, "1 channels, 0 pixels"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(write(tmp_path, SPLIT_FILES), **options)


@pytest.mark.slow
@pytest.mark.skipif(not CIFAR10.is_file(), reason=f"{CIFAR10} is not here")
def test_cifar10_has_its_published_counts_and_statistics() -> None:
    train, lines = load(CIFAR10, channels=3, size_px=32)
    assert (train.class_counts(), lines) == ([5000] * 10, [])
    mean, deviation = train.pixel_statistics()
    assert [round(value, 8) for value in mean] == [0.49139968, 0.48215841, 0.44653091]
    assert [round(value, 8) for value in deviation] == [0.24703223, 0.24348513, 0.26158784]
    assert load(CIFAR10, "test", channels=3, size_px=32)[0].class_counts() == [1000] * 10
