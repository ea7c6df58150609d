"""The cache of decoded folders: used when nothing changed, rebuilt when damaged."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from folder_files import (
    BAD_FILES,
    CLASS_FILES,
    SPLIT_FILES,
    load,
    only_entry,
    picture,
    values,
    write,
)

from thumbnet.datasets import decode_cache, folder

pytestmark = pytest.mark.usefixtures("cache_root")


def forbid_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_arguments: object) -> None:
        raise AssertionError("something was decoded again")

    monkeypatch.setattr(folder, "decode_files", never)


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
