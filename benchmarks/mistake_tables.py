"""The tables of ``docs/mistakes.md``, English and Chinese, from ``classic_mistakes.json``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parent / "results" / "classic_mistakes.json"
RULE = "| --- | ---: | ---: | ---: | ---: |"
LAST_SIZE = "1000"
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "modes": "| recipe | accuracy, `eval()` | accuracy, `train()` | loss, `eval()` "
        "| loss, `train()` |",
        "sizes": "| test batch of | `tutorial-cnn` | `mnist` |",
        "eval": "any size, `eval()`",
        "averages": "| reported loss | {0} images by {1} | error | {2} images by {3} | error |",
        "exact": "mean over the images, right",
        "mean_of_batch_means": "mean of the batches' means",
        "sum_of_means_over_images": "sum of the batches' means / images",
        "last_batch": "the last batch's loss",
        "choice": "| chosen by | accuracy on A | accuracy on B | A − B, in points |",
        "by_test": "accuracy on A, wrong",
        "by_validation": "validation accuracy, right",
    },
    "zh": {
        "modes": "| 配方 | 准确率，`eval()` | 准确率，`train()` "
        "| 损失，`eval()` | 损失，`train()` |",
        "sizes": "| 测试批大小 | `tutorial-cnn` | `mnist` |",
        "eval": "任意，`eval()`",
        "averages": "| 报告的损失 | {0} 张，每批 {1} | 误差 | {2} 张，每批 {3} | 误差 |",
        "exact": "逐图平均（正确）",
        "mean_of_batch_means": "各批均值再平均",
        "sum_of_means_over_images": "各批均值之和 / 图像数",
        "last_batch": "最后一批的损失",
        "choice": "| 选择依据 | A 上的准确率 | B 上的准确率 | A − B（百分点） |",
        "by_test": "A 上的准确率（错误）",
        "by_validation": "验证集准确率（正确）",
    },
}


def read_result() -> dict[str, Any]:
    """Return the committed measurement."""
    result: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    return result


def training_mode(language: str) -> str:
    """Return the table of both modes: mean ± deviation over seeds, test batches of 1,000."""
    lines = [WORDS[language]["modes"], RULE]
    for row in read_result()["modes"]:
        right, wrong = row["eval"], row["train_by_batch_size"][LAST_SIZE]
        cells = [
            *(_percent(scores["accuracy"]) for scores in (right, wrong)),
            *(_number(scores["loss"]) for scores in (right, wrong)),
        ]
        lines.append(f"| `{row['recipe']}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def batch_sizes(language: str) -> str:
    """Return the table of the accuracy in training mode by the size of the test batches."""
    words = WORDS[language]
    rows = {row["recipe"]: row for row in read_result()["modes"]}
    networks = [rows["tutorial-cnn"], rows["mnist"]]
    lines = [words["sizes"], "| --- | ---: | ---: |"]
    for size in networks[0]["train_by_batch_size"]:
        cells = [_percent(row["train_by_batch_size"][size]["accuracy"]) for row in networks]
        lines.append(f"| {int(size):,} | {' | '.join(cells)} |")
    cells = [_percent(row["eval"]["accuracy"]) for row in networks]
    lines.append(f"| {words['eval']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def averages(language: str) -> str:
    """Return the table of wrong averages of the loss, and their error over random orders."""
    words, parts = WORDS[language], read_result()["averages"]
    sizes = [f"{part[key]:,}" for part in parts for key in ("num_images", "batch_size")]
    lines = [words["averages"].format(*sizes), RULE]
    for name in ("exact", "mean_of_batch_means", "sum_of_means_over_images", "last_batch"):
        cells = []
        for part in parts:
            error = part["relative_error"].get(name)
            cells += [_number(part[name], 5), "—" if error is None else f"{100 * error:.1f} %"]
        lines.append(f"| {words[name]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def choice(language: str) -> str:
    """Return the table of what is reported, and what is true, of the chosen model."""
    words, result = WORDS[language], read_result()["choice"]
    lines = [words["choice"], "| --- | ---: | ---: | ---: |"]
    for name in ("by_test", "by_validation"):
        row = result[name]
        lines.append(
            f"| {words[name]} | {100 * row['accuracy_on_a']:.2f} % "
            f"| {100 * row['accuracy_on_b']:.2f} % "
            f"| {100 * row['optimism']:+.3f} ± {100 * row['optimism_standard_error']:.3f} |"
        )
    return "\n".join(lines)


def _percent(summary: dict[str, float]) -> str:
    return f"{100 * summary['mean']:.2f} ± {100 * summary['deviation']:.2f} %"


def _number(summary: dict[str, float], num_decimals: int = 4) -> str:
    return f"{summary['mean']:.{num_decimals}f} ± {summary['deviation']:.{num_decimals}f}"


_MAKERS = {
    "mistake-training-mode": training_mode,
    "mistake-batch-size": batch_sizes,
    "mistake-averages": averages,
    "mistake-choice": choice,
}
MISTAKE_TABLES: dict[str, Callable[[], str]] = {
    f"{name}{suffix}": partial(maker, language)
    for name, maker in _MAKERS.items()
    for suffix, language in (("", "en"), ("-zh", "zh"))
}
