"""Many photos: records in order, failures that stop nothing, the same from several processes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from written import write_rows

from stand_in_readings import StandInReader, write_values
from thumbnet.errors import ModelError, OutputError, ThumbnetError
from thumbnet.files import sha256
from thumbnet.images import decode_image
from thumbnet.reading import Reader, ReadOptions
from thumbnet.reading.annotate import annotate
from thumbnet.reading.many import Photo, Settings, num_processes_for, read_many


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandInReader:
    reader = StandInReader()
    monkeypatch.setattr(Reader, "load", lambda *_args, **_options: reader)
    return reader


def photos_of(*paths: Path) -> list[Photo]:
    return [Photo(path.name, path) for path in paths]


def test_records_are_in_order_and_hold_the_reading(tmp_path: Path, stand_in: StandInReader) -> None:
    first, second = write_values(tmp_path, 31, 7)
    photos = [*photos_of(first), Photo("bytes", second.read_bytes())]
    records = list(read_many(photos, Settings()))
    assert [record["text"] for record in records] == ["31", "7"]
    assert records[0] == {"file": "0.png", **stand_in.read(first).to_dict()}
    assert next(iter(records[1])) == "file"
    assert records[1]["file"] == "bytes"


def test_settings_reach_the_reader(
    tmp_path: Path, stand_in: StandInReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(
        Reader, "load", lambda *args, **options: calls.append((args, options)) or stand_in
    )
    options = ReadOptions("123", 2, 0.5)
    settings = Settings("mine.onnx", options, "zh", threads=3, with_sha256=True)
    (path,) = write_values(tmp_path, 0)
    (record,) = read_many(photos_of(path), settings)
    assert calls == [(("mine.onnx",), {"threads": 3})]
    assert stand_in.options == options
    assert record["sha256"] == sha256(path)
    assert record["diagnosis"] == [{"code": "no-ink", "words": "这里没有书写内容"}]


def test_one_that_fails_does_not_stop_the_others(
    tmp_path: Path, stand_in: StandInReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_values(tmp_path, 1, 2, 3, 4, 5)
    paths[1].write_bytes(b"no picture")
    paths[2].unlink()
    whole = stand_in.read

    def read(image: Path, options: ReadOptions) -> Any:
        if image == paths[3]:
            raise MemoryError
        return whole(image, options)

    monkeypatch.setattr(stand_in, "read", read)
    records = list(read_many(photos_of(*paths), Settings()))
    assert [record.get("text") for record in records] == ["1", None, None, None, "5"]
    assert "is not a picture that can be read" in records[1]["error"]
    assert "there is no picture" in records[2]["error"]
    assert "needs more memory" in records[3]["error"]


@pytest.mark.usefixtures("stand_in")
def test_photo_that_vanishes_before_its_checksum_is_an_error(tmp_path: Path) -> None:
    photos = photos_of(tmp_path / "gone.png")
    (record,) = read_many(photos, Settings(with_sha256=True))
    assert "No such file" in record["error"]


def test_drawings_are_written_where_asked(tmp_path: Path, stand_in: StandInReader) -> None:
    (path,) = write_values(tmp_path, 42)
    drawn, page = tmp_path / "new" / "a.png", tmp_path / "b.html"
    (record,) = read_many([Photo("p", path, drawn, page)], Settings(language="zh"))
    assert record["text"] == "42"
    expected = annotate(decode_image(path), stand_in.read(path))
    assert np.array_equal(decode_image(drawn), expected)
    assert "识别结果" in page.read_text(encoding="utf-8")


@pytest.mark.usefixtures("stand_in")
def test_place_that_cannot_be_written_stops_all(tmp_path: Path) -> None:
    paths = write_values(tmp_path, 1, 2)
    photos = [Photo("p", path, paths[0] / "a.png") for path in paths]
    with pytest.raises(OutputError, match="cannot write"):
        list(read_many(photos, Settings()))


@pytest.fixture
def written(tmp_path: Path) -> list[Photo]:
    """Photos of 20, 31, 42, … and a file that is none."""
    photos = []
    for index in range(5):
        path = tmp_path / f"{index}.png"
        Image.fromarray(write_rows([f"{index + 2}{index}"], seed=index)).save(path)
        photos.append(Photo(path.name, path))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    return [*photos[:2], Photo("bad.png", bad), *photos[2:]]


def test_processes_answer_as_this_one_does(written: list[Photo]) -> None:
    settings = Settings(threads=1, with_sha256=True)
    apart = list(read_many(written, settings, num_processes=2))
    assert [record.get("text") for record in apart] == ["20", "31", None, "42", "53", "64"]
    here = list(read_many(written, settings))
    for one, other in zip(apart, here, strict=True):
        assert one.get("lines") == other.get("lines")
        assert one.get("error") == other.get("error")


def test_missing_model_is_one_error_from_processes_too(written: list[Photo]) -> None:
    with pytest.raises(ModelError, match=r"missing\.onnx"):
        list(read_many(written, Settings("missing.onnx"), num_processes=2))


def test_error_keeps_its_parts_on_its_way_from_a_process(written: list[Photo]) -> None:
    blocked = [Photo("p", written[0].source, Path(os.devnull) / "a.png")]
    with pytest.raises(OutputError, match="cannot write") as raised:
        list(read_many(blocked, Settings(), num_processes=2))
    assert raised.value.fix == "choose a folder that you may write to"


class Deadly:
    """Ends the process that receives it."""

    def __reduce__(self) -> Any:
        return os._exit, (3,)


def test_process_that_dies_is_one_message(written: list[Photo]) -> None:
    photos = [written[0], Photo("deadly", Deadly())]  # type: ignore[arg-type]
    with pytest.raises(ThumbnetError, match=r"a reading process died(.*\n)*.*--jobs 1"):
        list(read_many(photos, Settings(), num_processes=2))


@pytest.mark.parametrize(
    ("num_photos", "wanted", "expected"),
    [(1, None, 1), (15, None, 1), (16, None, 2), (1000, None, 4), (2, 4, 2), (9, 1, 1), (0, 3, 1)],
)
def test_number_of_processes(
    num_photos: int, wanted: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    assert num_processes_for(num_photos, wanted) == expected
