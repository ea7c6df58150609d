"""The table of how photos are read, from the results of ``reading.py``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from table_words import UNMEASURED

RESULTS = Path(__file__).parent / "results"
TOOLS = {"thumbnet": "thumbnet", "tesseract": "Tesseract", "rapidocr": "RapidOCR"}
NOTES = {
    "tesseract": (
        "Tesseract may read digits only, has the better of two page segmentations (6 and 11), and "
        "starts anew for each photo.",
        "Tesseract 只允许读出数字，取两种版面模式（6 和 11）中较好的一种，每张照片重新启动。",
    ),
    "rapidocr": (
        "Of what RapidOCR reads only the digits are kept.",
        "RapidOCR 读出的内容只保留数字。",
    ),
}
Result = dict[str, Any]


def reading(language: str, results: Path = RESULTS) -> str:
    """Return what each tool reads right, beside what is aimed at.

    A tool that has read other photos than Thumbnet is left out.
    """
    path = results / "reading.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if "thumbnet" not in found:
        return UNMEASURED[language]
    truth = found["thumbnet"]["truth_sha256"]
    shown = {tool: found[tool] for tool in TOOLS if tool in found}
    shown = {tool: result for tool, result in shown.items() if result["truth_sha256"] == truth}
    chinese = language == "zh"
    names = " | ".join(f"{TOOLS[tool]} {result['version']}" for tool, result in shown.items())
    lines = [
        f"| | {names} | {'目标' if chinese else 'goal'} |",
        f"| --- | {'---: | ' * len(shown)}---: |",
    ]
    for titles, goal, cell in _ROWS:
        cells = " | ".join(map(cell, shown.values()))
        lines.append(f"| {titles[chinese]} | {cells} | {goal} |")
    notes = [_photos_note(shown["thumbnet"], chinese), _figures_note(chinese)]
    notes += [NOTES[tool][chinese] for tool in shown if tool in NOTES]
    notes.append(_machines_note(shown, chinese))
    return "\n".join([*lines, "", *notes])


def _rows_right(group: str, result: Result) -> str:
    summary = result["groups"][group]
    return _share(summary["rows_right_share"], summary["rows_right_interval"])


def _photos_right(group: str, result: Result) -> str:
    summary = result["groups"][group]
    return f"{summary['photos_right']} / {summary['photos']}"


def _wrong_digits(group: str, result: Result) -> str:
    return f"{100 * result['groups'][group]['character_error_rate']:.1f} %"


def _false_digits(kinds: tuple[str, ...], result: Result) -> str:
    found = [result["kinds"][kind] for kind in kinds]
    false, signs = (sum(kind[name] for kind in found) for name in ("false_digits", "other_signs"))
    return f"{100 * false / signs:.1f} %"


def _photos_with_false_digits(result: Result) -> str:
    summary = result["groups"]["none"]
    return _share(
        summary["photos_with_false_digits_share"], summary["photos_with_false_digits_interval"]
    )


def _share(share: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{100 * share:.1f} % [{100 * low:.0f}, {100 * high:.0f}]"


def _photos_note(result: Result, chinese: bool) -> str:
    """Return how much of what was read."""
    clean, hard, none = (result["groups"][name] for name in ("clean", "hard", "none"))
    if chinese:
        return (
            f"照片是制作的，不是拍摄的：清晰的 {clean['photos']} 张（{clean['rows']} 行，"
            f"{clean['digits']} 个数字），困难的 {hard['photos']} 张（{hard['rows']} 行，"
            f"{hard['digits']} 个数字），没有数字的 {none['photos']} 张（上面有 "
            f"{none['other_signs']:,} 个字母和图画）。"
        )
    return (
        f"The photos are made, not photographed: {clean['photos']} clean ones ({clean['rows']} "
        f"rows, {clean['digits']} digits), {hard['photos']} hard ones ({hard['rows']} rows, "
        f"{hard['digits']} digits) and {none['photos']} without digits, on which there are "
        f"{none['other_signs']:,} letters and drawings."
    )


def _figures_note(chinese: bool) -> str:
    """Return what the figures mean."""
    if chinese:
        return (
            "方括号内是 95 % 区间（Wilson），假定同一张照片的各行相互独立。"
            "错误数字：需要修改、增加或删去的数字，除以实有的数字。"
            "误读数字：在没有数字的照片上读出的数字，除以上面的符号。"
        )
    return (
        "In brackets 95 % intervals (Wilson), which take the rows of a photo for independent. "
        "Wrong digits: those to change, add or remove, per digit that is there. "
        "False digits: read on photos without digits, per sign that is there."
    )


def _machines_note(shown: dict[str, Result], chinese: bool) -> str:
    """Return on what the times were taken."""
    tools: dict[tuple[int, str], list[str]] = {}
    for tool, result in shown.items():
        machine = result["threads"], result["hardware"]["processor"]
        tools.setdefault(machine, []).append(TOOLS[tool])
    if chinese:
        return (
            "；".join(
                f"{'、'.join(names)}：线程数 {threads}，{processor}"
                for (threads, processor), names in tools.items()
            )
            + "。"
        )
    return (
        "; ".join(
            f"{', '.join(names)}: threads {threads}, {processor}"
            for (threads, processor), names in tools.items()
        )
        + "."
    )


_ROWS: list[tuple[tuple[str, str], str, Callable[[Result], str]]] = [
    (
        ("rows exactly right, clean", "整行全对，清晰"),
        "≥ 95 %",
        partial(_rows_right, "clean"),
    ),
    (("rows exactly right, hard", "整行全对，困难"), "≥ 85 %", partial(_rows_right, "hard")),
    (("photos exactly right, clean", "整张全对，清晰"), "—", partial(_photos_right, "clean")),
    (("photos exactly right, hard", "整张全对，困难"), "—", partial(_photos_right, "hard")),
    (("wrong digits, clean", "错误数字，清晰"), "—", partial(_wrong_digits, "clean")),
    (("wrong digits, hard", "错误数字，困难"), "—", partial(_wrong_digits, "hard")),
    (
        ("false digits, letters and drawings by hand", "误读数字，手写字母和图画"),
        "≤ 2 %",
        partial(_false_digits, ("letters", "doodles")),
    ),
    (
        ("false digits, printed text", "误读数字，印刷文字"),
        "≤ 2 %",
        partial(_false_digits, ("text",)),
    ),
    (
        ("photos without digits, with a false one", "没有数字的照片中有误读的"),
        "—",
        _photos_with_false_digits,
    ),
    (
        ("time for a photo, median", "每张照片用时，中位数"),
        "—",
        lambda result: f"{result['seconds_per_photo']:.3f} s",
    ),
    (
        ("time for 12 megapixels", "1200 万像素照片用时"),
        "≤ 0.6 s",
        lambda result: f"{result['large']['seconds']:.2f} s",
    ),
    (
        ("peak memory, 12 megapixels", "1200 万像素照片的内存峰值"),
        "≤ 400 MB",
        lambda result: f"{result['large']['peak_mb']:.0f} MB",
    ),
]
READING_TABLES: dict[str, Callable[[], str]] = {
    "reading": partial(reading, "en"),
    "reading-zh": partial(reading, "zh"),
}
