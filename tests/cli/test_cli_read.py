"""``thumbnet read``: what is printed where, in which form, and what a stop leaves behind."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from command_line import Call
from stand_in_readings import StandInReader, make_digit, make_reading, write_values
from thumbnet.cli.read import COLUMNS, parse_charset, places
from thumbnet.datasets.mnist import load_mnist
from thumbnet.errors import OutputError, ThumbnetError
from thumbnet.files import sha256
from thumbnet.images import decode_image
from thumbnet.reading import Reader, Reading


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandInReader:
    reader = StandInReader()
    monkeypatch.setattr(Reader, "load", lambda *_args, **_options: reader)
    return reader


def answer_with(monkeypatch: pytest.MonkeyPatch, reader: StandInReader, reading: Reading) -> None:
    monkeypatch.setattr(reader, "read", lambda *_: reading)


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_one_photo_is_its_lines(
    call: Call, tmp_path: Path, stand_in: StandInReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = write_values(tmp_path, 1)
    answer_with(
        monkeypatch, stand_in, make_reading([make_digit("1"), make_digit("2")], [make_digit("3")])
    )
    said = call("read", path)
    assert (said.code, said.out, said.err) == (0, "12\n3\n", "")


def test_several_photos_have_their_name_and_a_tab(call: Call, tmp_path: Path) -> None:
    paths = write_values(tmp_path / "p", 12, 0, 7)
    said = call("read", tmp_path / "p")
    assert said.code == 0
    assert said.out == f"{paths[0]}\t12\n{paths[1]}\t\n{paths[2]}\t7\n"
    assert said.err == f"{paths[1]}: there is nothing written here\n"
    assert call("read", *paths).out == said.out


@pytest.mark.parametrize("word", ["p", "p/*.png"])
def test_folder_or_pattern_of_a_single_photo_is_named_too(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    write_values(tmp_path / "p", 5)
    monkeypatch.chdir(tmp_path)
    assert call("read", word).out == f"p{os.sep}0.png\t5\n"
    assert call("read", "p/0.png").out == "5\n"


def test_doubts_are_said_on_stderr(
    call: Call, tmp_path: Path, stand_in: StandInReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = write_values(tmp_path, 1)
    doubtful = make_digit("?", label="4", probability=0.61, diagnosis=("not-a-digit", "too-thin"))
    reading = make_reading([make_digit()], [make_digit("1"), doubtful], diagnosis=("too-dark",))
    answer_with(monkeypatch, stand_in, reading)
    said = call("read", path)
    assert (said.code, said.out) == (0, "7\n1?\n")
    assert said.err.splitlines() == [
        f"{path}: the picture is too dark",
        f"{path}:2:2: 4 (61%): this is not a digit; the stroke is too thin",
    ]
    assert "图片太暗" in call("read", path, "--language", "zh").err


def test_json_is_an_object_a_line(call: Call, tmp_path: Path, stand_in: StandInReader) -> None:
    paths = write_values(tmp_path, 12, 7)
    assert call("read", paths[0], "--json").json == {
        "file": str(paths[0]),
        **stand_in.read(paths[0]).to_dict(),
    }
    rows = records(call("read", *paths, "--json").out)
    assert [(row["file"], row["text"]) for row in rows] == [
        (str(paths[0]), "12"),
        (str(paths[1]), "7"),
    ]


def test_csv_has_a_row_for_each_line(
    call: Call, tmp_path: Path, stand_in: StandInReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = write_values(tmp_path, 1, pattern='a, "b".png')
    digits = [make_digit("1", (5, 6, 20, 30)), make_digit("2", (22, 4, 40, 28), probability=0.5)]
    answer_with(monkeypatch, stand_in, make_reading([make_digit("7")], digits))
    rows = list(csv.DictReader(io.StringIO(call("read", path, "--csv").out)))
    assert list(rows[0]) == COLUMNS
    assert [(row["file"], row["line"], row["text"]) for row in rows] == [
        (str(path), "1", "7"),
        (str(path), "2", "12"),
    ]
    assert float(rows[1]["probability"]) == pytest.approx(0.97 * 0.5)
    assert [rows[1][edge] for edge in ("left", "top", "right", "bottom")] == ["5", "4", "40", "30"]


def test_stdin_may_be_a_photo_or_names(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_values(tmp_path, 12, 7)
    for content, expected in (
        (paths[0].read_bytes(), "12\n"),
        (f"{paths[1]}\n".encode(), f"{paths[1]}\t7\n"),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert call("read", "-").out == expected


@pytest.mark.skipif(sys.platform != "linux", reason="names are any bytes on Linux only")
@pytest.mark.parametrize("form", ["--json", "--csv", None])
def test_name_that_is_no_utf_8_can_be_printed(call: Call, tmp_path: Path, form: str | None) -> None:
    (good,) = write_values(tmp_path, 7)
    good.rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/not\xe9.png")).write_bytes(b"no picture")
    said = call("read", tmp_path, *([form] if form else []))
    assert said.code == 2
    assert "caf?.png" in said.out
    assert "not?.png" in said.err


@pytest.mark.parametrize("form", ["--json", "--csv", None])
def test_photo_that_fails_does_not_stop_the_others(
    call: Call, tmp_path: Path, form: str | None
) -> None:
    paths = write_values(tmp_path, 1, 2, 3)
    paths[1].write_bytes(b"no picture")
    said = call("read", *paths, *([form] if form else []))
    assert said.code == 2
    assert said.err.startswith(f"error: '{paths[1]}' is not a picture")
    assert said.err.count("error:") == 1
    if form == "--json":
        rows = records(said.out)
        assert [row.get("text") for row in rows] == ["1", None, "3"]
        assert "is not a picture" in rows[1]["error"]
    else:
        assert str(paths[0]) in said.out
        assert str(paths[2]) in said.out
        assert str(paths[1]) not in said.out


def test_options_reach_the_reader(call: Call, tmp_path: Path, stand_in: StandInReader) -> None:
    (path,) = write_values(tmp_path, 1)
    call("read", path, "--charset", "0-3,7", "--expect", 4, "--min-confidence", 0.8)
    options = stand_in.options
    assert (options.charset, options.expect, options.min_confidence) == ("01237", 4, 0.8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0-9", "0123456789"),
        ("0123", "0123"),
        ("1-4,7", "12347"),
        ("7, 1-2", "127"),
        ("331", "13"),
        ("5-5", "5"),
    ],
)
def test_charset_is_digits_and_ranges(text: str, expected: str) -> None:
    assert parse_charset(text) == expected


@pytest.mark.parametrize("text", ["", ",", "a", "9-0", "1-", "-3", "1-2-3", "12-4", "٣", "1;2"])
def test_other_charset_is_refused(text: str) -> None:
    with pytest.raises(ThumbnetError, match="charset cannot be understood"):
        parse_charset(text)


def test_one_photo_is_drawn_into_a_file(call: Call, tmp_path: Path) -> None:
    (path,) = write_values(tmp_path, 7)
    drawn, page = tmp_path / "drawn.png", tmp_path / "page.html"
    said = call("read", path, "--annotate", drawn, "--explain", page)
    assert (said.code, said.out) == (0, "7\n")
    assert decode_image(drawn).shape == (12, 10, 3)
    assert "What was read" in page.read_text(encoding="utf-8")


def test_several_photos_are_drawn_into_a_folder(call: Call, tmp_path: Path) -> None:
    write_values(tmp_path / "p", 7)
    write_values(tmp_path / "p" / "a", 8)
    out = tmp_path / "out"
    assert call("read", tmp_path / "p", "--annotate", out, "--explain", out).code == 0
    found = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*"))
    assert found == ["0.png.html", "0.png.png", "a/0.png.html", "a/0.png.png"]


def test_no_two_photos_are_drawn_into_one_file() -> None:
    names = ["a/x.png", "a/x.jpg", "b/x.png", "-"]
    drawn = places(Path("out"), names, ".png")
    assert len(set(drawn)) == 4
    assert drawn[0] == Path("out/a/x.png.png")


def test_drawing_needs_a_name_that_says_its_form(tmp_path: Path) -> None:
    for out in (Path("drawn.jpg"), tmp_path):
        with pytest.raises(OutputError, match=r"another form(.*\n)*.*a \.png file"):
            places(out, ["a.png"], ".png")


def test_out_keeps_results_and_prints_none(call: Call, tmp_path: Path) -> None:
    paths, out = write_values(tmp_path, 12, 7), tmp_path / "out.jsonl"
    said = call("read", *paths, "--out", out)
    assert (said.code, said.out, said.err) == (0, "", f"{out}: 2 read, 0 failed\n")
    rows = records(out.read_text(encoding="utf-8"))
    assert [row["text"] for row in rows] == ["12", "7"]
    assert [list(row)[:2] for row in rows] == [["file", "sha256"]] * 2
    assert [row["sha256"] for row in rows] == [sha256(path) for path in paths]


def test_second_start_reads_only_what_is_missing(call: Call, tmp_path: Path) -> None:
    paths, out = write_values(tmp_path / "p", 1, 2, 3, 4), tmp_path / "out.jsonl"
    good = paths[1].read_bytes()
    paths[1].write_bytes(b"no picture")
    assert call("read", *paths[:3], "--out", out).code == 2
    paths[1].write_bytes(good)
    said = call("read", tmp_path / "p", "--out", out)
    assert (said.code, said.err) == (0, f"{out}: 2 read, 0 failed, 2 were there already\n")
    rows = records(out.read_text(encoding="utf-8"))
    assert [row["text"] for row in rows] == ["1", "3", "2", "4"]


def test_ctrl_c_keeps_what_is_done(
    call: Call, tmp_path: Path, stand_in: StandInReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, out = write_values(tmp_path, 1, 2, 3), tmp_path / "out.jsonl"
    whole = stand_in.read

    def read(image: Path, options: Any) -> Reading:
        if image == paths[2]:
            raise KeyboardInterrupt
        return whole(image, options)

    with monkeypatch.context() as patch:
        patch.setattr(stand_in, "read", read)
        said = call("read", *paths, "--out", out)
        assert (said.code, said.out) == (130, "")
        assert (
            said.err
            == f"stopped; what was read is in {out}. Start the same command again to go on.\n"
        )
        assert call("read", *paths).out == f"{paths[0]}\t1\n{paths[1]}\t2\n"
    assert call("read", *paths, "--out", out).err.endswith(
        "1 read, 0 failed, 2 were there already\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.png"], "the picture does not exist"),
        (["x.png", "--charset", "a-c"], "the charset cannot be understood"),
        (["x.png", "--language", "fr"], "no words in this language"),
        (["x.png", "--out", "o.jsonl", "--csv"], "with --out nothing is printed"),
        (["x.png", "--annotate", "o.jpg"], "the file has another form"),
        (["x.png", "--out", "x.png"], "the file of results holds something else"),
        (["x.png", "--out", "missing/o.jsonl"], "cannot write"),
    ],
)
def test_mistake_is_one_message_and_nothing_is_written(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_values(tmp_path, 1, pattern="x.png")
    said = call("read", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: ")
    assert message in said.err
    assert "Traceback" not in said.err
    assert [path.name for path in tmp_path.iterdir() if path.name != "thumbnet-home"] == ["x.png"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_only(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_values(tmp_path, 1, 2)
    assert call("read", *paths, "--json").err == ""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    call("read", *paths, "--json")
    assert "1 of 2" in screen.getvalue()
    assert screen.getvalue().endswith("2 of 2\r\x1b[K")
    screen.truncate(0)
    call("read", paths[0], "--json")
    assert " of " not in screen.getvalue()


def write_photos(folder: Path, num: int) -> None:
    images = load_mnist("test").images
    folder.mkdir()
    for index in range(num):
        ink = np.pad(images[index, 0].numpy(), 28)
        Image.fromarray(235 - ink // 5 * 4).save(folder / f"{index}.png")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends a signal to a process group")
def test_ctrl_c_ends_all_processes_and_the_rest_is_read_later(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", 120)
    command = [sys.executable, "-m", "thumbnet", "read", "photos", "--jobs", "2"]
    options: dict[str, Any] = {"cwd": tmp_path, "text": True, "stderr": subprocess.PIPE}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, start_new_session=True, **options
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("photos/0.png\t")
        os.killpg(process.pid, signal.SIGINT)
        # Every process holds stderr, so that this waits for the end of all.
        _, complaints = process.communicate()
    assert (process.returncode, complaints) == (130, "")
    done = subprocess.run([*command, "--out", "out.jsonl"], check=True, **options)
    assert done.stderr.endswith("out.jsonl: 120 read, 0 failed\n")
