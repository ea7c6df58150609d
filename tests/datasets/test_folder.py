"""Folders and archives of small pictures, against the pictures that were put in."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from thumbnet.datasets import decode_cache, folder, folder_decoding
from thumbnet.datasets.folder import load_folder
from thumbnet.datasets.image_set import ImageSet
from thumbnet.errors import DataError

CIFAR10 = Path(__file__).parents[2] / "../shared/data/cifar10.zip"


@pytest.fixture(autouse=True)
def cache_root(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("THUMBNET_HOME", str(home))
    return home


def picture(value: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (2, 2), value).save(file, "PNG")
    return file.getvalue()


def write(root: Path, files: dict[str, int | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(content) if isinstance(content, int) else content)
    return root


def load(path: Path, split: str = "train", **options: object) -> tuple[ImageSet, list[str]]:
    lines: list[str] = []
    arguments = {"channels": 1, "size_px": 2, "split": split, "warn": lines.append, **options}
    return load_folder(path, **arguments), lines


def values(loaded: ImageSet) -> list[int]:
    """The grey value of each (uniform) picture."""
    return loaded.images[:, 0, 0, 0].tolist()


SPLIT_FILES: dict[str, int | bytes] = {
    "train/10/b.png": 3,
    "train/2/a10.png": 2,
    "train/2/a9.png": 1,
    "train/2/deep/er/a.png": 9,
    "test/10/z.png": 5,
    "test/2/y.png": 4,
}
CLASS_FILES: dict[str, int | bytes] = {
    **{f"cat/{index}.png": index for index in range(13)},
    **{f"dog/{index}.png": 100 + index for index in range(2)},
    **{f"eel/{index}.png": 200 + index for index in range(3)},
}


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


BAD_FILES = {f"train/2/bad{index}.png": b"not a picture" for index in range(6)} | {
    "train/2/cut.png": picture(1)[:44],
    "train/2/empty.png": b"",
}


def test_unreadable_images_are_listed_with_their_reasons(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has 8 unreadable images") as caught:
        load(write(tmp_path, SPLIT_FILES | BAD_FILES))
    message = str(caught.value)
    for index in range(5):
        assert f"train/2/bad{index}.png is not a picture that can be read" in message
    assert "bad5" not in message
    assert message.endswith("fix: repair or remove them, or leave them out with --skip-bad")


def test_unreadable_images_are_skipped_when_asked(tmp_path: Path) -> None:
    loaded, lines = load(write(tmp_path, SPLIT_FILES | BAD_FILES), skip_bad=True)
    assert values(loaded) == [1, 2, 9, 3]
    assert len(lines) == 1
    assert "skipped 8 unreadable images: train/2/bad0.png is not a picture" in lines[0]
    with pytest.raises(DataError, match="8 unreadable"):
        load(tmp_path)


def test_skipping_leaves_the_cut_as_if_the_bad_files_were_not_there(tmp_path: Path) -> None:
    clean = write(tmp_path / "clean", CLASS_FILES)
    bad = write(tmp_path / "bad", CLASS_FILES | {f"cat/x{i}.png": b"?" for i in range(9)})
    for split in ("train", "test"):
        expected = load(clean, split)[0].content_hash
        assert load(bad, split, skip_bad=True)[0].content_hash == expected


def test_a_class_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path, SPLIT_FILES | {"train/10/b.png": b"?"})
    with pytest.raises(DataError, match=r"no image to train on\n  got: 10"):
        load(root, skip_bad=True)


@pytest.mark.parametrize(("during", "last_allowed"), [("hashing", 0), ("decoding", 1)])
def test_a_file_without_read_access_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, during: str, last_allowed: int
) -> None:
    root, really_open, openings = write(tmp_path, SPLIT_FILES), Path.open, []

    def guarded(path: Path, *arguments: str) -> object:
        if path.name == "a9.png":
            openings.append(during)
            if len(openings) > last_allowed:
                raise PermissionError(13, "Permission denied", str(path))
        return really_open(path, *arguments)

    monkeypatch.setattr(Path, "open", guarded)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)\n  got: .*/a9\.png"):
        load(root)
    assert len(openings) == last_allowed + 1


def forbid_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_arguments: object) -> None:
        raise AssertionError("something was decoded again")

    monkeypatch.setattr(folder, "decode_files", never)


def only_entry(cache_root: Path) -> Path:
    (entry,) = (cache_root / "folders").iterdir()
    return entry


def test_a_second_load_decodes_nothing_and_tells_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_root: Path
) -> None:
    root = write(tmp_path, SPLIT_FILES | BAD_FILES | {"val/2/x.png": 1})
    first, lines = load(root, skip_bad=True)
    forbid_decoding(monkeypatch)
    again, lines_again = load(root, skip_bad=True)
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.labels, again.labels)
    assert (first.name, first.class_names, lines) == (again.name, again.class_names, lines_again)
    assert load(root, "test", skip_bad=True)[0].class_counts() == [1, 1]
    assert only_entry(cache_root).suffix == ".safetensors"


@pytest.mark.parametrize("change", ["pixel", "name", "new", "form", "skip_bad"])
def test_whatever_changes_the_result_is_decoded_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    root = write(tmp_path, SPLIT_FILES)
    load(root)
    options: dict[str, object] = {}
    times = (root / "train/2/a9.png").stat()
    if change == "pixel":
        (root / "train/2/a9.png").write_bytes(picture(66))
        os.utime(root / "train/2/a9.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    elif change == "name":
        (root / "train/2/a9.png").rename(root / "train/2/a99.png")
    elif change == "new":
        write(root, {"train/2/new.png": 1})
    else:
        options = {"size_px": 3} if change == "form" else {"skip_bad": True}
    forbid_decoding(monkeypatch)
    with pytest.raises(AssertionError, match="decoded again"):
        load(root, **options)


def test_times_of_files_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path, SPLIT_FILES)
    load(root)
    for name in SPLIT_FILES:
        os.utime(root / name, (1, 1))
    forbid_decoding(monkeypatch)
    load(root)


@pytest.mark.parametrize("damage", ["header", "pixel", "cut off", "empty", "a folder"])
def test_a_damaged_entry_is_rebuilt(tmp_path: Path, cache_root: Path, damage: str) -> None:
    root = write(tmp_path, SPLIT_FILES)
    expected = load(root)[0].content_hash
    entry = only_entry(cache_root)
    intact = entry.read_bytes()
    data = bytearray(intact)
    if damage in ("header", "pixel"):
        position = data.index(bytes([1] * 4 + [2] * 4)) if damage == "pixel" else 20
        data[position] ^= 1
    entry.write_bytes({"cut off": data[:-3], "empty": b""}.get(damage, data))
    if damage == "a folder":
        entry.unlink()
        entry.mkdir()
    loaded, lines = load(root)
    assert loaded.content_hash == expected
    if damage == "a folder":
        assert "could not be kept for the next time" in lines[0]
    else:
        assert entry.read_bytes() == intact


def test_a_cache_that_cannot_be_written_costs_one_line(tmp_path: Path, cache_root: Path) -> None:
    (cache_root / "folders").write_text("in the way")
    loaded, lines = load(write(tmp_path, SPLIT_FILES))
    assert values(loaded) == [1, 2, 9, 3]
    assert len(lines) == 1
    assert "could not be kept for the next time" in lines[0]


def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, cache_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(decode_cache.os, "fsync", full)
    _, lines = load(write(tmp_path, SPLIT_FILES))
    assert "No space left on device" in lines[0]
    assert list((cache_root / "folders").iterdir()) == []


def test_simultaneous_loads_agree_and_leave_one_entry(tmp_path: Path, cache_root: Path) -> None:
    root = write(tmp_path, SPLIT_FILES | CLASS_FILES)
    with ThreadPoolExecutor(4) as threads:
        hashes = set(threads.map(lambda _: load(root)[0].content_hash, range(8)))
    assert len(hashes) == 1
    assert len(only_entry(cache_root).read_bytes()) > 0


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A zip of more pictures than one process decodes, one of them bad."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as target:
        for index in range(600):
            target.writestr(f"{index % 2}/{index}.png", picture(index % 256))
        target.writestr("1/x.png", b"bad")
    return path


def test_decoding_processes_agree_with_decoding_here(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_decoding, "_num_cores", lambda: 1)
    here, lines = load(many, skip_bad=True, channels=3)
    monkeypatch.setattr(folder_decoding, "_num_cores", lambda: 2)
    monkeypatch.setenv("THUMBNET_HOME", str(many.parent / "other"))
    apart, lines_apart = load(many, skip_bad=True, channels=3)
    assert apart.content_hash == here.content_hash
    assert lines_apart == lines
    assert "1/x.png is not a picture that can be read" in lines[0]


def run_from_stdin(script: str, path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-", str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write(script)
    process.stdin.close()
    return process


DECODING_SCRIPT = """
import hashlib, sys
from pathlib import Path
from thumbnet.datasets import folder_decoding
from thumbnet.datasets.archive import open_archive
print("the main module ran")
folder_decoding._num_cores = lambda: 2
with open_archive(Path(sys.argv[1])) as source:
    pixels, bad = folder_decoding.decode_files(source, sorted(source.files), 1, 2)
print(hashlib.sha256(pixels.data).hexdigest(), *bad)
"""


def test_decoding_processes_work_for_an_unguarded_script_from_stdin(many: Path) -> None:
    with run_from_stdin(DECODING_SCRIPT, many) as script:
        assert script.stdout is not None
        output = script.stdout.read()
    numbers = sorted([f"{i % 2}/{i}.png" for i in range(600)] + ["1/x.png"])
    grey = [0 if "x" in name else int(name[2:-4]) % 256 for name in numbers]
    digest = hashlib.sha256(np.repeat(np.array(grey, dtype=np.uint8), 4).data).hexdigest()
    assert output == f"the main module ran\n{digest} 1/x.png\n"
    assert script.returncode == 0


LOADING_SCRIPT = """
import sys
from pathlib import Path
from thumbnet.datasets.folder import load_folder
loaded = load_folder(Path(sys.argv[1]), channels=1, size_px=2, split="train", skip_bad=True)
print(loaded.content_hash)
"""


@pytest.mark.slow
def test_four_processes_at_once_agree_and_leave_one_entry(many: Path, cache_root: Path) -> None:
    outputs = set()
    for script in [run_from_stdin(LOADING_SCRIPT, many) for _ in range(4)]:
        with script:
            assert script.stdout is not None
            outputs.add(script.stdout.read())
        assert script.returncode == 0
    assert outputs == {load(many, skip_bad=True)[0].content_hash + "\n"}
    assert only_entry(cache_root).suffix == ".safetensors"


def test_a_decoding_process_that_dies_is_told(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_decoding, "_num_cores", lambda: 2)
    monkeypatch.setattr(folder_decoding, "WORKER_MODULE", "colorsys")
    with pytest.raises(DataError, match="a decoding process ended too early"):
        load(many, skip_bad=True)


@pytest.mark.slow
@pytest.mark.skipif(not CIFAR10.is_file(), reason=f"{CIFAR10} is not here")
def test_cifar10_has_its_published_counts_and_statistics() -> None:
    train, lines = load(CIFAR10, channels=3, size_px=32)
    assert (train.class_counts(), lines) == ([5000] * 10, [])
    mean, deviation = train.pixel_statistics()
    assert [round(value, 8) for value in mean] == [0.49139968, 0.48215841, 0.44653091]
    assert [round(value, 8) for value in deviation] == [0.24703223, 0.24348513, 0.26158784]
    assert load(CIFAR10, "test", channels=3, size_px=32)[0].class_counts() == [1000] * 10
