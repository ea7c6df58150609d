"""The table of the server, from the results of ``serving.py``."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from table_words import UNMEASURED

RESULT = Path(__file__).parent / "results" / "serving.json"
NAMES = {"predict": "`/v1/predict`", "read": "`/v1/read`"}


def serving(language: str) -> str:
    """Return rates and times under load, and what too much or damaged input does."""
    chinese = language == "zh"
    if not RESULT.is_file():
        return UNMEASURED[language]
    facts: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    lines = [*_loads(facts.get("load", {}), chinese), ""]
    lines += [f"- {line}" for line in _facts(facts, chinese)]
    return "\n".join(lines)


def _loads(load: dict[str, Any], chinese: bool) -> list[str]:
    head = (
        "| 请求 | 峰值，每秒 | 50 % 时 p50 / p99 | 80 % 时 p50 / p99 |"
        if chinese
        else "| request | peak, a second | p50 / p99 at 50 % | p50 / p99 at 80 % |"
    )
    lines = [head, "| --- | ---: | ---: | ---: |"]
    for name, shown in NAMES.items():
        if name in load:
            cells = [
                f"{load[name][key]['p50_ms']:.0f} / {load[name][key]['p99_ms']:.0f} ms"
                for key in ("at_50%", "at_80%")
            ]
            lines.append(f"| {shown} | {load[name]['peak_per_s']:,.0f} | {' | '.join(cells)} |")
    return lines


def _facts(facts: dict[str, Any], chinese: bool) -> list[str]:
    """Return a sentence for each part that was measured, with the bar beside it."""
    found = []
    for name, each in facts.get("overload", {}).items():
        if name in NAMES:
            only = "、".join(each["statuses"]) if chinese else ", ".join(each["statuses"])
            share, rounds = each["goodput_share_of_peak"], each["goodput_share_of_rounds"]
            percent = f"{share:.1%} ± {statistics.stdev(rounds):.1%}"
            found.append(
                f"{NAMES[name]}，两倍于峰值：状态码只有 {only}；"
                f"有效回答为峰值的 {percent}（{len(rounds)} 轮；目标 ≥ 90 %）"
                if chinese
                else f"{NAMES[name]} at twice the peak: only {only}; good answers {percent} of "
                f"the peak ({len(rounds)} rounds; target ≥ 90 %)"
            )
    for part, words in (
        ("garbage", ("a tenth of garbage", "一成垃圾请求")),
        ("slow", ("200 slow clients", "200 个慢客户端")),
    ):
        if part in facts:
            ratio = facts[part]["p99_ratio"]
            found.append(
                f"{words[1]}：其他请求的 p99 变为 {ratio:.2f} 倍（目标 ≤ 1.5）"
                if chinese
                else f"{words[0]}: p99 of the others × {ratio:.2f} (target ≤ 1.5)"
            )
    if "swaps" in facts:
        each = facts["swaps"]
        found.append(
            f"{each['requests']:,} 个不同的并发请求：{each['swapped_or_failed']} 个答案弄混"
            if chinese
            else f"{each['requests']:,} different requests at once: {each['swapped_or_failed']} "
            "answers swapped"
        )
    if "damaged" in facts:
        each = facts["damaged"]
        found.append(
            f"{each['pictures']:,} 张损坏的图片：{each['server_failures']} 次 5xx 或中断，"
            f"内存增长 {each['resident_mib_growth']:.0f} MiB（目标 ≤ 200 MB）"
            if chinese
            else f"{each['pictures']:,} damaged pictures: {each['server_failures']} times 5xx or "
            f"no answer, memory grew by {each['resident_mib_growth']:.0f} MiB (target ≤ 200 MB)"
        )
    return found


SERVING_TABLES: dict[str, Callable[[], str]] = {
    "serving": partial(serving, "en"),
    "serving-zh": partial(serving, "zh"),
}
