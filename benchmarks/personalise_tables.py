"""The table of ``thumbnet personalise``, from the results of ``personalise.py``."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from table_words import UNMEASURED

RESULT = Path(__file__).parent / "results" / "personalise.json"
HEADS = (
    "| samples of each digit | right | refused | right and not refused | MNIST's test set | time |",
    "| 每个数字的样本数 | 正确 | 拒绝 | 正确且未拒绝 | MNIST 测试集 | 用时 |",
)
# Beside the number of digits that a percentage should show: MNIST's test set changes little.
MEASURES = {"apart_accuracy": 1, "apart_refused": 1, "apart_read": 1, "mnist_accuracy": 2}


def personalise(language: str, result: Path = RESULT) -> str:
    """Return what is gained by the number of samples, and what MNIST's test set loses."""
    chinese = language == "zh"
    if not result.is_file():
        return UNMEASURED[language]
    facts: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    lines = [HEADS[chinese], "| ---: | ---: | ---: | ---: | ---: | ---: |"]
    for size, summary in facts["summary"].items():
        cells = [_cell(summary[name], places) for name, places in MEASURES.items()]
        lines.append(f"| {size} | {' | '.join(cells)} | {summary['time_s']:.0f} s |")
    return "\n".join([*lines, "", _note(facts, chinese)])


def _cell(measure: dict[str, Any], places: int) -> str:
    """Return e.g. ``93.4 → 98.1 %, +4.7 [+2.1, +7.3]``; one writer alone has no interval."""
    before, after, difference = (100 * measure[name] for name in ("before", "after", "difference"))
    text = f"{before:.{places}f} → {after:.{places}f} %, {_signed(difference, places)}"
    if measure["interval"] is None:
        return text
    low, high = (_signed(100 * limit, places) for limit in measure["interval"])
    return f"{text} [{low}, {high}]"


def _signed(points: float, places: int) -> str:
    """Return a number with its sign; what rounds to zero has none."""
    rounded = round(points, places)
    return f"{rounded:+.{places}f}".replace("-", "−") if rounded else f"{0:.{places}f}"


def _note(facts: dict[str, Any], chinese: bool) -> str:
    """Return who wrote, and what the figures mean."""
    num, apart = len(facts["writers"]), facts["apart_of_each_digit"]
    unfamiliar = statistics.mean(len(writer["unfamiliar_forms"]) for writer in facts["writers"])
    processor = facts["hardware"]["processor"]
    if chinese:
        return (
            f"{num} 位书写者的平均值。书写者是程序生成的，不是真人：各有自己的字形、倾斜、宽度、"
            "笔和抖动，取值范围比训练所用的更宽；"
            f"十个数字中平均有 {unfamiliar:.1f} 个的字形是训练中没有的。"
            f"在每位书写者另外写的图片上统计，每个数字 {apart} 张，调整时从未用过。"
            "箭头两侧是内置模型和个人模型；其后是百分点之差，方括号内是按书写者配对的 95 % t 区间。"
            f"用时为中位数，{processor}。"
        )
    return (
        f"Means over {num} writers. They are made by a program, not people: each has forms, a "
        "slant, a width, a pen and an unsteadiness of its own, from wider ranges than training's; "
        f"of the ten digits {unfamiliar:.1f} on average have a form that training does not show. "
        f"Counted on {apart} other pictures of each digit by each writer, which tuning never sees. "
        "Left of the arrow the bundled model, right of it the personal one; then the difference in "
        "percentage points, in brackets its 95 % t-interval, paired over the writers. "
        f"Time: median, {processor}."
    )


PERSONALISE_TABLES: dict[str, Callable[[], str]] = {
    "personalise": partial(personalise, "en"),
    "personalise-zh": partial(personalise, "zh"),
}
