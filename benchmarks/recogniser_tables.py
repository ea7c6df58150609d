"""The tables of the bundled recogniser, from the results of ``recogniser.py``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from table_words import UNMEASURED

RESULTS = Path(__file__).parent / "results"
WAYS = ("file", "torch", "network_by_hand", "file_int8")
KINDS = {
    "font-letters": ("printed letters", "印刷字母"),
    "stroke-letters": ("written letters", "手写字母"),
    "scribbles": ("scribbles", "涂鸦"),
    "drawings": ("drawings", "简笔画"),
    "half-digits": ("half digits", "半个数字"),
    "two-digits": ("two digits together", "两个数字"),
    "noise": ("noise and blank paper", "噪声和白纸"),
    "blots": ("blots", "墨团"),
    "silhouettes": ("filled shapes", "实心图形"),
    "held-back-letters": ("letters of other fonts", "其他字体的字母"),
    "held-back-drawings": ("other drawings", "其他简笔画"),
    "scribbled-out": ("digits crossed out", "划掉的数字"),
    "grids": ("ruled paper, barcodes", "格线和条码"),
    "clothing": ("clothing", "衣物"),
}


def recogniser_quality(language: str) -> str:
    """Return accuracy, calibration and refusals."""
    facts = _read("quality")
    if facts is None:
        return UNMEASURED[language]
    chinese = language == "zh"
    rows = [
        ("MNIST test images right", "MNIST 测试集准确率", facts["accuracy"]),
        ("the same, found and framed anew", "同上，重新取景", facts["accuracy_framed_anew"]),
        ("test images refused", "被拒绝的测试图片", facts["false_refusals"]),
        ("right among the answered", "未拒绝者的准确率", facts["accuracy_of_answered"]),
    ]
    lines = [
        "| 数字 | |" if chinese else "| digits | |",
        "| --- | ---: |",
        *(f"| {row[chinese]} | {row[2]:.2%} |" for row in rows),
        f"| {'校准误差' if chinese else 'calibration error'} "
        f"| {facts['expected_calibration_error']:.4f} |",
    ]
    for key, title in (
        ("refused_kinds_for_fitting", ("refused, kinds for fitting", "拒绝率，用于拟合的种类")),
        ("refused_kinds_kept_apart", ("refused, kinds kept apart", "拒绝率，单独保留的种类")),
    ):
        lines += ["", f"| {title[chinese]} | |", "| --- | ---: |"]
        found = {kind: value for kind, value in facts[key].items() if value is not None}
        lines += [f"| {KINDS[kind][chinese]} | {value:.1%} |" for kind, value in found.items()]
        mean = sum(found.values()) / len(found)
        lines.append(f"| **{'平均' if chinese else 'mean of the kinds'}** | **{mean:.1%}** |")
    return "\n".join(lines)


def recogniser_speed(language: str) -> str:
    """Return images per second and latencies."""
    facts = _read("speed")
    if facts is None:
        return UNMEASURED[language]
    chinese = language == "zh"
    head = (
        "| 模型，每批图片 | 单文件 | torch | 只有网络，手工输入 | 单文件，int8 |"
        if chinese
        else "| model, images a batch | the file | torch | the network by hand | the file, int8 |"
    )
    lines = [head, "| --- | ---: | ---: | ---: | ---: |"]
    names = [name for name, value in facts.items() if isinstance(value, dict) and "cold_s" in value]
    for name in names:
        for size, speeds in facts[name]["images_per_s"].items():
            shown = [speeds.get(way) for way in WAYS]
            cells = " | ".join("—" if value is None else f"{value:,.0f}" for value in shown)
            lines.append(f"| `{name}`, {int(size):,} | {cells} |")
    lines.append("")
    unit = "每秒图片数" if chinese else "Images per second"
    processor = facts["hardware"]["processor"]
    lines.append(f"{unit}, {facts['threads']} threads, {processor}; 28×28, framed.")
    for name in names:
        each = facts[name]
        lines.append(
            f"`{name}`: {each['single_framed_ms']:.2f} ms, {each['single_drawing_ms']:.1f} ms "
            f"(280×280), {each['cold_s']:.2f} s "
            + ("（冷启动到第一个答案）。" if chinese else "(cold, to the first answer).")
        )
        lines.append(_share_of_ceiling(facts, name, chinese))
    return "\n".join(lines)


def _share_of_ceiling(facts: dict[str, Any], name: str, chinese: bool) -> str:
    """Return how near the file comes to the speed of this machine's matrix products."""
    flops, ceiling = facts[name]["mflop_per_image"] * 1e6, facts["gemm_fp32_gflop_per_s"] * 1e9
    fastest = max(speeds["file"] for speeds in facts[name]["images_per_s"].values())
    limit, share = ceiling / flops, fastest * flops / ceiling
    if chinese:
        return f"`{name}`：本机 fp32 矩阵乘法的上限为每秒 {limit:,.0f} 张；单文件达到 {share:.0%}。"
    return (
        f"`{name}`: at this machine's ceiling for fp32 matrix products it would be {limit:,.0f} "
        f"a second; the file reaches {share:.0%} of that."
    )


def _read(what: str) -> dict[str, Any] | None:
    path = RESULTS / f"recogniser_{what}.json"
    if not path.is_file():
        return None
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


RECOGNISER_TABLES: dict[str, Callable[[], str]] = {
    f"{name}{suffix}": partial(maker, language)
    for name, maker in {
        "recogniser-quality": recogniser_quality,
        "recogniser-speed": recogniser_speed,
    }.items()
    for suffix, language in (("", "en"), ("-zh", "zh"))
}
