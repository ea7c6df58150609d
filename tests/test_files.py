from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from thumbnet import files
from thumbnet.errors import OutputError


def _fail_with(number: int) -> object:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(("data", "stored"), [(b"\x00new", b"\x00new"), ("né", "né".encode())])
def test_old_file_is_replaced_and_nothing_else_is_left(
    tmp_path: Path, data: bytes | str, stored: bytes
) -> None:
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    files.write_atomically(path, data)
    assert path.read_bytes() == stored
    assert list(tmp_path.iterdir()) == [path]


def test_missing_folder_is_an_output_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "result.bin"
    with pytest.raises(OutputError, match=r"No such file(.|\n)*got: .*nowhere.result\.bin"):
        files.write_atomically(path, b"new")


def test_failure_to_replace_leaves_no_partial_file(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()
    with pytest.raises(OutputError, match="cannot write: Is a directory"):
        files.write_atomically(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_keeps_the_old_file_and_asks_for_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", _fail_with(number))
    with pytest.raises(OutputError, match=f"{os.strerror(number)}(.|\n)*fix: free some space"):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_content_is_synced_before_it_takes_the_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    seen = []

    def note(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        seen.append(("folder" if is_folder else "file", path.read_bytes()))

    monkeypatch.setattr(os, "fsync", note)
    files.write_atomically(path, b"new")
    assert seen == [("file", b"old"), ("folder", b"new")]


@pytest.mark.parametrize("exists", [False, True])
def test_new_folder_appears_whole_when_the_block_ends(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / "made" / "out"
    if exists:
        path.mkdir(parents=True)
    with files.new_folder(path, last="a") as temporary:
        (temporary / "a").write_text("1")
        assert not (path / "a").exists()
    assert [file.name for file in path.iterdir()] == ["a"]
    assert list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_folder_of_a_block_that_fails_is_removed_and_the_error_passes(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "a").write_text("1")
        raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        files.new_folder(tmp_path / "out", last="a") as temporary,
    ):
        interrupted(temporary)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_in_the_block_is_an_output_error(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"No space left(.|\n)*free some space"),
        files.new_folder(tmp_path / "out", last="a"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


def test_file_in_the_place_of_a_new_folder_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("mine")
    with (
        pytest.raises(OutputError, match="the output folder is a file"),
        files.new_folder(path, last="a"),
    ):
        pytest.fail("the block must not run")
    assert path.read_text() == "mine"


def test_folder_with_other_files_gets_the_entries_the_last_one_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    path.mkdir()
    (path / "mine").write_text("mine")
    moved = []
    original = Path.replace

    def note(source: Path, target: Path) -> Path:
        moved.append(target.name)
        return original(source, target)

    monkeypatch.setattr(Path, "replace", note)
    with files.new_folder(path, last="a") as temporary:
        for name in ("a", "b", "c"):
            (temporary / name).write_text(name)
    assert sorted(file.name for file in path.iterdir()) == ["a", "b", "c", "mine"]
    assert moved[-1] == "a"


def test_entry_of_the_same_name_is_refused_and_nothing_is_moved(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    (path / "b").write_text("mine")

    def fill() -> None:
        with files.new_folder(path, last="b") as temporary:
            for name in ("a", "b"):
                (temporary / name).write_text("new")

    with pytest.raises(OutputError, match="has a 'b' already"):
        fill()
    assert [file.name for file in path.iterdir()] == ["b"]
    assert (path / "b").read_text() == "mine"


def test_new_folder_below_a_file_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "out"
    with (
        pytest.raises(OutputError, match=r"cannot write: (Not a directory|File exists)"),
        files.new_folder(path, last="a"),
    ):
        pytest.fail("the block must not run")


@pytest.mark.parametrize("exists", [False, True])
def test_replace_folder_leaves_only_the_new_content(tmp_path: Path, exists: bool) -> None:
    source, path = tmp_path / "source", tmp_path / "path"
    source.mkdir()
    (source / "new").write_text("")
    if exists:
        path.mkdir()
        (path / "old").write_text("")
    files.replace_folder(path, source)
    assert [file.name for file in path.iterdir()] == ["new"]
    assert not source.exists()


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    # FIPS 180-2, appendix B.1.
    (tmp_path / "abc").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.sha256(tmp_path / "abc") == known
    (tmp_path / "long").write_bytes(b"x" * 1_000_001)
    assert files.sha256(tmp_path / "long") == hashlib.sha256(b"x" * 1_000_001).hexdigest()


def test_json_is_indented_readable_and_ends_with_a_new_line() -> None:
    assert files.to_json({"name": "é"}) == '{\n  "name": "é"\n}\n'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_refuses_what_it_has_no_number_for(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.to_json({"loss": value})


def test_no_permission_asks_for_another_folder() -> None:
    error = files.cannot_write(Path("x"), PermissionError(errno.EACCES, "Permission denied"))
    assert str(error) == (
        "cannot write: Permission denied\n  got: x\n  fix: choose a folder that you may write to"
    )
