"""A file of results: whole lines, going on after a stop at any byte, and nobody else's file."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from thumbnet.errors import OutputError
from thumbnet.files import sha256
from thumbnet.reading.results_file import ResultsFile


def record_of(path: Path, **more: Any) -> dict[str, Any]:
    return {"file": path.name, "sha256": sha256(path), "text": "7", **more}


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for path in paths:
        path.write_bytes(path.name.encode())
    return paths


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_record_is_a_line_that_is_there_at_once(tmp_path: Path, photos: list[Path]) -> None:
    out = tmp_path / "out.jsonl"
    with ResultsFile(out) as results:
        for number, photo in enumerate(photos, start=1):
            results.append(record_of(photo))
            assert len(lines(out)) == number
    assert lines(out) == [record_of(photo) for photo in photos]


def test_only_the_same_content_under_the_same_name_is_held(
    tmp_path: Path, photos: list[Path]
) -> None:
    out = tmp_path / "out.jsonl"
    with ResultsFile(out) as results:
        for photo in photos[:2]:
            results.append(record_of(photo))
    photos[1].write_bytes(b"changed")
    with ResultsFile(out) as results:
        assert [results.holds(photo.name, photo) for photo in photos] == [True, False, False]
        assert not results.holds("other.png", photos[0])
        assert not results.holds("a.png", b"a.png")
        results.append(record_of(photos[1]))
    photos[0].unlink()
    with ResultsFile(out) as results:
        assert [results.holds(photo.name, photo) for photo in photos[:2]] == [False, True]


def test_file_cut_anywhere_goes_on(tmp_path: Path, photos: list[Path]) -> None:
    out = tmp_path / "out.jsonl"
    with ResultsFile(out) as results:
        for photo in photos:
            results.append(record_of(photo))
    whole = out.read_bytes()
    for length in range(len(whole)):
        out.write_bytes(whole[:length])
        with ResultsFile(out) as results:
            for photo in photos:
                if not results.holds(photo.name, photo):
                    results.append(record_of(photo))
        assert out.read_bytes() == whole


def test_failures_are_tried_again(tmp_path: Path, photos: list[Path]) -> None:
    out = tmp_path / "out.jsonl"
    with ResultsFile(out) as results:
        results.append({"file": "a.png", "sha256": sha256(photos[0]), "error": "no"})
        results.append(record_of(photos[1]))
    with ResultsFile(out) as results:
        assert not results.holds("a.png", photos[0])
        assert results.holds("b.png", photos[1])
    assert lines(out) == [record_of(photos[1])]


def test_name_that_is_no_utf_8_comes_back(tmp_path: Path, photos: list[Path]) -> None:
    out, name = tmp_path / "out.jsonl", os.fsdecode(b"caf\xe9.png")
    with ResultsFile(out) as results:
        results.append({**record_of(photos[0]), "file": name})
    with ResultsFile(out) as results:
        assert results.holds(name, photos[0])


@pytest.mark.parametrize(
    "content",
    [
        b"dear diary",
        b"dear diary\n",
        b"\n",
        b"\x89PNG\r\n\x1a\n\0\0",
        b'{"name": "x"}\n',
        b'{"file": "x"\n',
        b'{"file": "a"}\ndear diary',
        b"[1]\n",
    ],
)
def test_other_peoples_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(content)
    with pytest.raises(OutputError, match="holds something else"):
        ResultsFile(out)
    assert out.read_bytes() == content


def test_full_disk_is_one_message(
    tmp_path: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with ResultsFile(tmp_path / "out.jsonl") as results:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match=r"No space left(.*\n)*.*free some space"):
            results.append(record_of(photos[0]))


@pytest.mark.parametrize("name", ["", "missing/out.jsonl"])
def test_place_that_cannot_be_written_is_one_message(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        ResultsFile(tmp_path / name)
