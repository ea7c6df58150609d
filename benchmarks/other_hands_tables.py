"""The table of other people's digits, from the results of ``other_hands.py``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from table_words import UNMEASURED

RESULT = Path(__file__).parent / "results" / "other_hands.json"


def other_hands(language: str, result: Path = RESULT) -> str:
    """Return how digits that are not MNIST's are classified one by one, and read in rows."""
    chinese = language == "zh"
    if not result.is_file():
        return UNMEASURED[language]
    facts: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    alone, rows = facts["alone"], facts["rows"]
    worst = sorted(alone["accuracy_by_digit"].items(), key=lambda item: item[1])[:3]
    listed = ("、" if chinese else ", ").join(f"{digit}: {share:.1%}" for digit, share in worst)
    lines = [
        ("one by one: right", "单个数字：正确", _share(alone, "accuracy")),
        ("of which least", "其中最低的", listed),
        ("one by one: refused", "单个数字：拒绝", f"{alone['refused']:.1%}"),
        ("rows of 3 to 8: exactly right", "3 至 8 个一行：整行正确", _share(rows, "rows_right")),
        ("wrong digits in rows", "行中的错误数字", f"{rows['wrong_digits']:.1%}"),
    ]
    head = (
        f"| {alone['digits']:,} 个数字，{rows['rows']} 行 | |"
        if chinese
        else f"| {alone['digits']:,} digits, {rows['rows']} rows | |"
    )
    return "\n".join(
        [head, "| --- | ---: |", *(f"| {line[chinese]} | {line[2]} |" for line in lines)]
    )


def _share(facts: dict[str, Any], name: str) -> str:
    low, high = facts[f"{name}_interval"]
    return f"{facts[name]:.1%} [{100 * low:.1f}, {100 * high:.1f}]"


OTHER_HANDS_TABLES: dict[str, Callable[[], str]] = {
    "other-hands": partial(other_hands, "en"),
    "other-hands-zh": partial(other_hands, "zh"),
}
