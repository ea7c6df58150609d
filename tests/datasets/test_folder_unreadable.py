"""Folders with pictures that cannot be read: listed, skipped when asked, never silently lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from folder_files import BAD_FILES, CLASS_FILES, SPLIT_FILES, load, values, write

from thumbnet.errors import DataError

pytestmark = pytest.mark.usefixtures("cache_root")


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
