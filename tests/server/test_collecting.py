"""Collected pictures: only pixels, only in the folder, and a folder that training takes."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from encoded_pictures import png
from thumbnet.datasets.loading import load_dataset
from thumbnet.errors import DataError, ImageError, OutputError, ThumbnetError
from thumbnet.images import decode_image
from thumbnet.server.collecting import LONGEST_PX, MAX_BYTES, Collector


def picture(value: int = 0, *, mode: str = "L", size: tuple[int, int] = (28, 28)) -> bytes:
    """Return a PNG, one pixel of which has ``value``."""
    image = Image.new("L", size)
    image.putpixel((3, 4), value)
    content = BytesIO()
    image.convert(mode).save(content, "PNG")
    return content.getvalue()


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_picture_is_kept_by_its_label(tmp_path: Path) -> None:
    sample = Collector(tmp_path / "new").add("7", picture(200))
    assert sample.label == "7"
    assert sample.path.parent == tmp_path / "new" / "7"
    assert len(sample.path.stem) == 16
    assert np.array_equal(decode_image(sample.path), decode_image(picture(200)))


def test_same_picture_is_one_file_in_whatever_form_it_comes(tmp_path: Path) -> None:
    collector = Collector(tmp_path)
    first = collector.add("7", picture(200))
    written = first.path.stat().st_mtime_ns
    assert collector.add("7", picture(200, mode="RGB")) == first
    assert first.path.stat().st_mtime_ns == written
    assert collector.add("7", picture(201)) != first
    assert collector.add("8", picture(200)).path.parent.name == "8"
    assert collector.counts() == {name: {"7": 2, "8": 1}.get(name, 0) for name in "0123456789"}


def test_same_pixels_in_another_shape_are_another_picture(tmp_path: Path) -> None:
    collector = Collector(tmp_path)
    paths = {collector.add("1", picture(size=size)).path for size in ((20, 30), (30, 20))}
    assert len(paths) == 2


def test_nothing_but_grey_pixels_is_kept(tmp_path: Path) -> None:
    image = Image.new("RGB", (30, 20), (10, 200, 30))
    exif = image.getexif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    content = BytesIO()
    image.save(content, "JPEG", exif=exif, comment=b"a secret")
    path = Collector(tmp_path).add("3", content.getvalue()).path
    with Image.open(path) as kept:
        assert (kept.format, kept.mode, kept.size) == ("PNG", "L", (20, 30))
        assert not kept.getexif()
    assert b"secret" not in path.read_bytes()


def test_large_picture_is_kept_small(tmp_path: Path) -> None:
    path = Collector(tmp_path).add("3", picture(size=(1000, 500))).path
    assert decode_image(path).shape == (LONGEST_PX // 2, LONGEST_PX, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"no picture", "is not a picture that can be read"),
        (picture()[:50], "damaged or cut off"),
        (bytes(MAX_BYTES + 1), r"too large a file\n  got: 1,000,001 bytes"),
        (picture(size=(1001, 1000)), r"too many pixels\n  got: 1,001,000"),
        (png(30_000, 30_000, b""), "too many pixels"),
    ],
    ids=["empty", "text", "cut-off", "large-file", "many-pixels", "bomb"],
)
def test_bad_picture_is_refused_and_nothing_written(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(ImageError, match=message):
        Collector(tmp_path).add("3", content)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("label", ["", "10", "..", "../3", "/3", "3/", "３", ".3"])
def test_other_label_is_refused_and_nothing_written(tmp_path: Path, label: str) -> None:
    with pytest.raises(DataError, match="there is no class"):
        Collector(tmp_path / "in").add(label, picture())
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "C:", "a\0"])
def test_class_name_must_be_a_folders_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot be the name of a folder"):
        Collector(tmp_path, ["a", name])


def test_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "3").symlink_to(tmp_path / "out")
    with pytest.raises(OutputError, match="a link to another place"):
        Collector(tmp_path / "in").add("3", picture())
    assert files_in(tmp_path / "out") == []


def test_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert Collector(tmp_path / "link").add("3", picture()).path.exists()


def make_full(patch: pytest.MonkeyPatch, _: Path) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    patch.setattr(os, "fsync", full)


def put_file_in_the_way(_: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "3").write_bytes(b"")


@pytest.mark.parametrize("spoil", [make_full, put_file_in_the_way])
def test_what_cannot_be_written_is_one_error_and_leaves_no_part(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[pytest.MonkeyPatch, Path], None],
) -> None:
    spoil(monkeypatch, tmp_path)
    with pytest.raises(OutputError, match="cannot write"):
        Collector(tmp_path).add("3", picture())
    assert files_in(tmp_path) == ["3"]


def test_threads_may_add_the_same_picture_at_once(tmp_path: Path) -> None:
    collector, problems = Collector(tmp_path), []

    def add() -> None:
        try:
            for value in range(20):
                collector.add("3", picture(value))
        except ThumbnetError as error:
            problems.append(error)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert collector.counts()["3"] == len(files_in(tmp_path / "3")) == 20


def test_training_and_test_take_the_folder(tmp_path: Path) -> None:
    collector = Collector(tmp_path / "mine")
    for digit in range(10):
        for value in range(5):
            collector.add(str(digit), picture(10 * digit + value))
    name = f"folder:{tmp_path / 'mine'}"
    train, test = (load_dataset(name, s, channels=1, size_px=28) for s in ("train", "test"))
    assert train.class_names == tuple("0123456789")
    assert (train.class_counts(), test.class_counts()) == ([4] * 10, [1] * 10)
    assert sorted(train.images.amax((1, 2, 3)).tolist() + test.images.amax((1, 2, 3)).tolist()) == [
        10 * digit + value for digit in range(10) for value in range(5)
    ]
