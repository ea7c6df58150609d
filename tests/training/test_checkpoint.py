from __future__ import annotations

import errno
import hashlib
import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from thumbnet.errors import CheckpointError, OutputError
from thumbnet.training.checkpoint import FORMAT, CheckpointFolder, read_checkpoint

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[: len(data) // 2],
    "cut by one": lambda data: data[:-1],
    "flipped bit": lambda data: data[:-100] + bytes([data[-100] ^ 1]) + data[-99:],
    "longer": lambda data: data + b"\0",
    "empty": lambda _: b"",
    "garbage": lambda _: b"\xff\x00 garbage",
    "header alone": lambda data: data.partition(b"\n")[0],
    "other format": lambda data: data.replace(b"checkpoint 1", b"checkpoint 2", 1),
}


class Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def _state(step: int) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(step)
    return {"step": step, "weights": {"a": torch.rand(20, generator=generator)}, "text": "é"}


def _never(text: str) -> None:
    pytest.fail(text)


def _forge(path: Path, payload: bytes) -> Path:
    """Write a file with a checksum that fits."""
    digest = hashlib.sha256(payload).hexdigest()
    path.write_bytes(f"{FORMAT} {digest}\n".encode() + payload)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> CheckpointFolder:
    """Return a folder with the checkpoints of steps 5 and 10."""
    path = tmp_path / "checkpoints"
    path.mkdir()
    checkpoints = CheckpointFolder(path)
    for step in (5, 10):
        checkpoints.save(step, _state(step))
    return checkpoints


def _names(folder: CheckpointFolder) -> list[str]:
    return sorted(path.name for path in folder.folder.iterdir())


def test_newest_state_comes_back_exactly(folder: CheckpointFolder) -> None:
    state = folder.load_newest(_never)
    weights = state.pop("weights")
    assert state == {"step": 10, "text": "é"}
    assert torch.equal(weights["a"], _state(10)["weights"]["a"])


def test_only_two_generations_are_kept(folder: CheckpointFolder) -> None:
    for step in (15, 999_999_999):
        folder.save(step, _state(step))
    assert _names(folder) == ["step-000000015.ckpt", "step-999999999.ckpt"]
    assert folder.load_newest(_never)["step"] == 999_999_999


def test_same_step_again_replaces_its_file(folder: CheckpointFolder) -> None:
    path = folder.save(10, _state(11))
    assert read_checkpoint(path)["step"] == 11
    assert _names(folder) == ["step-000000005.ckpt", "step-000000010.ckpt"]


def test_partial_file_of_a_killed_process_is_removed(folder: CheckpointFolder) -> None:
    (folder.folder / ".step-000000010.ckpt.7.tmp").write_text("cut off")
    folder.save(15, _state(15))
    assert _names(folder) == ["step-000000010.ckpt", "step-000000015.ckpt"]


def test_files_of_other_names_are_neither_read_nor_removed(folder: CheckpointFolder) -> None:
    others = ["step-99.ckpt", "step-000000099.ckpt.bak", "notes.tmp"]
    for name in others:
        (folder.folder / name).write_text("mine")
    for step in (15, 20):
        folder.save(step, _state(step))
    assert folder.load_newest(_never)["step"] == 20
    assert set(others) <= set(_names(folder))


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_damaged_newest_falls_back_and_says_so(folder: CheckpointFolder, damage: str) -> None:
    newest = folder.generations()[0]
    newest.write_bytes(DAMAGES[damage](newest.read_bytes()))
    told: list[str] = []
    assert folder.load_newest(told.append)["step"] == 5
    (line,) = told
    assert "damaged checkpoint passed over (step-000000010.ckpt: " in line
    assert line.endswith("using step-000000005.ckpt")


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_all_damaged_is_an_error_that_names_each(folder: CheckpointFolder, damage: str) -> None:
    for path in folder.generations():
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
    message = r"checkpoints are damaged(.|\n)*step-000000010\.ckpt: .*step-000000005\.ckpt: "
    with pytest.raises(CheckpointError, match=message):
        folder.load_newest(_never)


def test_unreadable_file_is_passed_over(folder: CheckpointFolder) -> None:
    newest = folder.generations()[0]
    newest.unlink()
    newest.mkdir()
    told: list[str] = []
    assert folder.load_newest(told.append)["step"] == 5
    assert "cannot be read: Is a directory" in told[0]


@pytest.mark.parametrize("exists", [True, False])
def test_no_checkpoint_is_an_error(tmp_path: Path, exists: bool) -> None:
    folder = tmp_path / "checkpoints"
    if exists:
        folder.mkdir()
    with pytest.raises(
        CheckpointError, match=r"the run has no checkpoint(.|\n)*got: .*checkpoints"
    ):
        CheckpointFolder(folder).load_newest(_never)


def test_code_in_a_checkpoint_with_a_good_checksum_does_not_run(tmp_path: Path) -> None:
    target = tmp_path / "made-by-the-pickle"
    archive = io.BytesIO()
    torch.save({"step": Malicious(target)}, archive)
    legacy = io.BytesIO()
    torch.save({"step": Malicious(target)}, legacy, _use_new_zipfile_serialization=False)
    payloads = [archive.getvalue(), legacy.getvalue(), pickle.dumps(Malicious(target), protocol=2)]
    for payload in payloads:
        with pytest.raises(CheckpointError, match="cannot be decoded"):
            read_checkpoint(_forge(tmp_path / "a.ckpt", payload))
        assert not target.exists()


@pytest.mark.parametrize("payload", [b"", b"PK\x03\x04", b"\x80\x02", b"\x80\x02N.", b"hello"])
def test_content_that_is_no_archive_is_an_error_despite_its_checksum(
    tmp_path: Path, payload: bytes
) -> None:
    with pytest.raises(CheckpointError, match="cannot be decoded"):
        read_checkpoint(_forge(tmp_path / "a.ckpt", payload))


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_full_disk_keeps_the_older_generations(
    folder: CheckpointFolder, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = {path.name: path.read_bytes() for path in folder.folder.iterdir()}
    if fails == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match=r"No space left(.|\n)*step-000000015\.ckpt\n  fix: free"):
        folder.save(15, _state(15))
    assert {path.name: path.read_bytes() for path in folder.folder.iterdir()} == before
    assert folder.load_newest(_never)["step"] == 10


def test_disk_that_is_full_at_once_keeps_the_older_generations(
    folder: CheckpointFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", fail)
        with pytest.raises(OutputError, match="No space left"):
            folder.save(15, _state(15))
    assert _names(folder) == ["step-000000005.ckpt", "step-000000010.ckpt"]
