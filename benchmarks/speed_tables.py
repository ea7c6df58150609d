"""The tables of ``docs/benchmarks.md`` about loops and sizes, English and Chinese."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from scaling import NOISE

RESULTS = Path(__file__).parent / "results"
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "none": "Nothing has been measured yet.",
        "loop": "| recipe | the usual loop | Thumbnet | ratio (range) |",
        "loop_on": "One epoch of {0:,} images, on {2}: times of the fastest of {1} rounds, median "
        "ratio.",
        "scaling": "| images | as uint8 | one epoch | peak memory | allowed | of it |",
        "extrapolated": "* {0} steps were timed and the rest of the epoch computed from them.",
        "over": "**over**",
        "split": "With a tenth held out for validation, {0:,} images need {1} in place of {2}.",
        "figure": "![Time and memory of an epoch against the number of images, and images per "
        "second against the batch size](images/scaling.svg)",
        "quick": "A quick run, with fewer and shorter points.",
    },
    "zh": {
        "none": "尚未测量。",
        "loop": "| 配方 | 常见写法 | Thumbnet | 比值（范围） |",
        "loop_on": "一轮 {0:,} 张图像，测于 {2}：{1} 次轮流测量中最快的用时，以及比值的中位数。",
        "scaling": "| 图像数 | uint8 大小 | 一轮 | 峰值内存 | 上限 | 占上限 |",
        "extrapolated": "* 只计时了 {0} 步，其余按每张图像的用时推算。",
        "over": "**超出**",
        "split": "留出十分之一作验证集时，{0:,} 张图像需要 {1}，否则为 {2}。",
        "figure": "![一轮的时间和内存随图像数的变化，以及每秒图像数随批大小的变化]"
        "(../images/scaling.svg)",
        "quick": "快速测量：点数较少，时间较短。",
    },
}


def tutorial_loop(language: str) -> str:
    """Return the ratio of the usual tutorial loop's time to ours, for each recipe."""
    words, result = WORDS[language], _read("tutorial_loop.json")
    if result is None:
        return words["none"]
    lines = [words["loop"], "| --- | ---: | ---: | ---: |"]
    for row in result["rows"]:
        usual_s = [min(part["usual_s"].values()) for part in row["rounds"]]
        ours_s = [part["ours_s"] for part in row["rounds"]]
        ratios = [usual / ours for usual, ours in zip(usual_s, ours_s, strict=True)]
        lines.append(
            f"| `{row['recipe']}` | {min(usual_s):.1f} s | {min(ours_s):.1f} s "
            f"| **{row['ratio']:.2f}×** ({min(ratios):.2f} to {max(ratios):.2f}) |"
        )
    if language == "zh":
        lines = [line.replace(" to ", "–") for line in lines]
    num_rounds = len(result["rows"][0]["rounds"])
    on = words["loop_on"].format(result["images"], num_rounds, result["hardware"]["processor"])
    return "\n".join([*lines, "", on])


def scaling(language: str) -> str:
    """Return time and memory against the number of images, and the figure."""
    words, result = WORDS[language], _read("scaling.json")
    if result is None:
        return words["none"]
    points = [point for point in result["points"] if point["kind"] == "images"]
    lines = [words["scaling"], "| ---: | ---: | ---: | ---: | ---: | ---: |"]
    for point in points:
        share = f"{100 * point['ratio']:.0f} %"
        cells = [
            f"{point['num_images']:,}",
            _mib(point["dataset_bytes"]),
            f"{point['epoch_s']:.3g} s{'*' * point['extrapolated']}",
            _mib(point["measured_bytes"]),
            _mib(point["expected_bytes"]),
            share if point["ratio"] <= NOISE else f"{share} {words['over']}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    below = [
        words["extrapolated"].format(point["num_steps"])
        for point in points
        if point["extrapolated"]
    ][-1:]
    for point in (point for point in result["points"] if point["kind"] == "validation"):
        same = next(other for other in points if other["num_images"] == point["num_images"])
        sizes = [_mib(row["measured_bytes"]) for row in (point, same)]
        below.append(words["split"].format(point["num_images"], *sizes))
    if result["quick"]:
        below.append(words["quick"])
    return "\n".join([*lines, "", " ".join(below), "", words["figure"]])


def _read(name: str) -> dict[str, Any] | None:
    path = RESULTS / name
    if not path.is_file():
        return None
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def _mib(num_bytes: float) -> str:
    size_mib = num_bytes / 2**20
    return f"{size_mib:,.{1 if size_mib < 10 else 0}f} MiB"


SPEED_TABLES: dict[str, Callable[[], str]] = {
    f"{name}{suffix}": partial(maker, language)
    for name, maker in {"tutorial-loop": tutorial_loop, "scaling": scaling}.items()
    for suffix, language in (("", "en"), ("-zh", "zh"))
}
