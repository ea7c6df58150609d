"""How tools are run on the photos, and what becomes of their results."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from thumbnet.errors import DataError

ROOT = Path(__file__).parents[2]
TRUTH: list[dict[str, Any]] = [
    {"file": "a.jpg", "kind": "plain", "hard": False, "lines": ["12", "345"], "others": 0},
    {"file": "b.jpg", "kind": "cut", "hard": True, "lines": ["67"], "others": 3},
    {"file": "c.jpg", "kind": "letters", "hard": True, "lines": [], "others": 7},
    {"file": "d.jpg", "kind": "text", "hard": True, "lines": [], "others": 93},
    {"file": "e.jpg", "kind": "doodles", "hard": True, "lines": [], "others": 3},
]


@pytest.fixture
def reading() -> ModuleType:
    return importlib.import_module("reading")


@pytest.fixture
def tools() -> ModuleType:
    return importlib.import_module("reading_tools")


@pytest.fixture
def tables() -> ModuleType:
    return importlib.import_module("reading_tables")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "truth.json").write_text(json.dumps(TRUTH))
    return tmp_path


def test_summary_by_group_counts_each_photo_once(
    reading: ModuleType, tools: ModuleType, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "measure_large", lambda _: {"seconds": 0.5, "peak_mb": 300.0})
    rows = [["12", "346"], ["67"], ["1", "?"], [], ["??"]]

    def run(name: str, files: list[Path]) -> Any:
        assert (name, files[0]) == ("thumbnet", photos / "a.jpg")
        return tools.ToolRun(rows, [0.1, 0.2, 0.3, 0.4, 0.9], 10**8, "1.0")

    result = reading.measure("thumbnet", photos, run)
    clean, hard, none = (result["groups"][name] for name in ("clean", "hard", "none"))
    assert (clean["rows"], clean["rows_right"], clean["photos_right"]) == (2, 1, 0)
    assert clean["character_error_rate"] == 1 / 5
    assert (hard["rows_right_share"], hard["photos_right"]) == (1.0, 1)
    assert (none["photos"], none["other_signs"], none["false_digits"]) == (3, 103, 1)
    assert none["photos_with_false_digits_share"] == 1 / 3
    assert none["false_digits_per_100_signs"] == 100 / 103
    assert result["seconds_per_photo"] == 0.3
    assert list(result["kinds"]) == [photo["kind"] for photo in TRUTH]


def test_better_page_segmentation_is_taken(
    reading: ModuleType, tools: ModuleType, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "measure_large", lambda run: run([photos / "a.jpg"]).version)

    def run(name: str, files: list[Path]) -> Any:
        first = ["12", "345"] if name == "tesseract-psm11" else ["12"]
        rows = [first, [], [], [], []]
        return tools.ToolRun(rows[: len(files)], [0.1] * len(files), 1, f"of {name}")

    result = reading.measure("tesseract", photos, run)
    assert (result["settings"], result["large"]) == ("tesseract-psm11", "of tesseract-psm11")
    assert result["rows_right_by_settings"] == {"tesseract-psm6": 1, "tesseract-psm11": 2}


def test_result_of_one_tool_keeps_the_others(reading: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "reading.json"
    for tool, result in (("thumbnet", 1), ("tesseract", 2), ("thumbnet", 3)):
        reading.merge_result(path, tool, result)
    assert json.loads(path.read_text()) == {"thumbnet": 3, "tesseract": 2}


def test_photos_without_their_truth_are_refused(reading: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected: a truth\.json"):
        reading.read_truth(tmp_path)


def test_pieces_at_one_height_are_one_row_and_only_digits_count(tools: ModuleType) -> None:
    upper = [("4 5", 60.0, 12.0, 90.0, 32.0), ("123", 0.0, 8.0, 50.0, 30.0)]
    leaning = [("6", 100.0, 20.0, 110.0, 41.0)]
    lower = [("7o8", 0.0, 45.0, 30.0, 66.0), ("name", 40.0, 80.0, 90.0, 99.0)]
    assert tools.join_rows([*lower, *leaning, *upper]) == ["123456", "78"]
    assert tools.join_rows([]) == []


def test_table_of_tesseract_gives_its_words(tools: ModuleType) -> None:
    names = ["level", "left", "top", "width", "height", "conf", "text"]
    lines = [names, ["4", "0", "0", "90", "20", "-1", ""], ["5", "3", "2", "40", "10", "91", "12"]]
    table = "\n".join("\t".join(line) for line in lines) + "\n"
    assert tools.parse_tsv(table) == [("12", 3.0, 2.0, 43.0, 12.0)]


def test_reader_runs_in_a_process_of_its_own(tools: ModuleType) -> None:
    photo = ROOT / "tests" / "photos" / "empty-1.jpg"
    done = tools.run_tool("thumbnet", [photo], threads=1)
    assert len(done.rows) == len(done.seconds) == 1
    assert done.seconds[0] > 0
    assert 10**7 < done.peak_bytes < 10**9


def test_photos_are_as_they_were_written() -> None:
    assert importlib.import_module("make_photos").find_faults() == []


def write_results(
    path: Path, reading: ModuleType, tools: ModuleType, changes: dict[str, dict[str, Any]]
) -> None:
    done = tools.ToolRun([["12", "345"], ["68"], ["1"], [], []], [0.1] * 5, 1, "1.0")
    scores = reading.score_photos(TRUTH, done)
    result = {
        "version": "1.0",
        "threads": 2,
        "truth_sha256": "0",
        "groups": reading.summarise_by(reading.group_of, TRUTH, scores),
        "kinds": reading.summarise_by(lambda photo: photo["kind"], TRUTH, scores),
        "seconds_per_photo": 0.0625,
        "large": {"seconds": 0.4, "peak_mb": 300.4},
        "hardware": {"processor": "a processor"},
    }
    results = {tool: {**result, **change} for tool, change in changes.items()}
    path.write_text(json.dumps(results))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_table_shows_tools_side_by_side(
    language: str, reading: ModuleType, tools: ModuleType, tables: ModuleType, tmp_path: Path
) -> None:
    others = {"tesseract": {"version": "5", "threads": 1}, "rapidocr": {"truth_sha256": "1"}}
    write_results(tmp_path / "reading.json", reading, tools, {"thumbnet": {}, **others})
    table = tables.reading(language, tmp_path)
    head, _, *lines = table.splitlines()
    assert "thumbnet 1.0 | Tesseract 5 |" in head
    assert "100.0 % [34, 100] | 100.0 % [34, 100] | ≥ 95 % |" in lines[0]
    assert "0.0 % [0, 79] | 0.0 % [0, 79] | ≥ 85 % |" in lines[1]
    assert "| 10.0 % | 10.0 % | ≤ 2 % |" in lines[6]
    assert "RapidOCR" not in table


@pytest.mark.parametrize(("language", "words"), [("en", "*Not measured yet.*"), ("zh", "尚未测量")])
def test_table_without_a_result_says_so(
    language: str,
    words: str,
    reading: ModuleType,
    tools: ModuleType,
    tables: ModuleType,
    tmp_path: Path,
) -> None:
    assert words in tables.reading(language, tmp_path)
    write_results(tmp_path / "reading.json", reading, tools, {"tesseract": {}})
    assert words in tables.reading(language, tmp_path)
