"""The tables of ``docs/scale.md``, English and Chinese, from the committed results."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "processes": "| recipe | batch | images/s, one thread | efficiency, two processes "
        "| efficiency, two threads |",
        "unmeasured": "| not measured yet | | | | |",
        "loads": "| recipe | gradients | batch | computing a step | of it augmentation |",
        "model": "| recipe | network | exchange, 8 machines | speed-up of 8, same global batch "
        "| of 64 | efficiency of 8, same batch each | of 64 |",
    },
    "zh": {
        "processes": "| 配方 | 批大小 | 单线程，图像/秒 | 效率，双进程 | 效率，双线程 |",
        "unmeasured": "| 尚未测量 | | | | |",
        "loads": "| 配方 | 梯度大小 | 批大小 | 一步的计算时间 | 其中数据增强 |",
        "model": "| 配方 | 网络 | 8 台时的通信时间 | 8 台的加速比，全局批不变 | 64 台 "
        "| 8 台的效率，每台的批不变 | 64 台 |",
    },
}


def processes(language: str, results: Path = RESULTS) -> str:
    """Return the table of what two cores give, by processes and by threads."""
    words = WORDS[language]
    lines = [words["processes"], "| --- | ---: | ---: | ---: | ---: |"]
    path = results / "processes.json"
    if not path.exists():
        return "\n".join([*lines, words["unmeasured"]])
    for row in json.loads(path.read_text(encoding="utf-8"))["summary"]:
        cells = [
            _summary(row["images_per_s"]["one"], "{:,.0f}"),
            *(
                _summary(row["efficiency"][way], "{:.2f}")
                for way in ("two-processes", "two-threads")
            ),
        ]
        lines.append(f"| `{row['recipe']}` | {row['batch_size']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def loads(language: str, results: Path = RESULTS) -> str:
    """Return the table of what the model knows of each recipe."""
    lines = [WORDS[language]["loads"], "| --- | ---: | ---: | ---: | ---: |"]
    for load in _model(results)["measured"]["loads"]:
        share = load["augmentation_s"] / load["image_s"]
        lines.append(
            f"| `{load['recipe']}` | {load['gradient_bytes'] / 1e6:.2f} MB | {load['batch_size']} "
            f"| {1e3 * load['batch_size'] * load['image_s']:.1f} ms | {100 * share:.0f} % |"
        )
    return "\n".join(lines)


def model(language: str, results: Path = RESULTS) -> str:
    """Return the table of the modelled bounds on 8 and on 64 machines."""
    lines = [WORDS[language]["model"], "| --- | --- | ---: | ---: | ---: | ---: | ---: |"]
    rows = _model(results)["modelled"]
    found = {(row["recipe"], row["network"], row["machines"]): row for row in rows}
    for recipe, network in dict.fromkeys((row["recipe"], row["network"]) for row in rows):
        some, many = found[recipe, network, 8], found[recipe, network, 64]
        lines.append(
            f"| `{recipe}` | {network} | {1e3 * some['all_reduce_s']:.2f} ms "
            f"| {_bounds(some['strong'])} | {_bounds(many['strong'])} "
            f"| {_bounds(some['weak'], 8)} | {_bounds(many['weak'], 64)} |"
        )
    return "\n".join(lines)


def _model(results: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(
        (results / "communication.json").read_text(encoding="utf-8")
    )
    return result


def _summary(summary: dict[str, float | None], form: str) -> str:
    mean, deviation = summary["mean"], summary["deviation"]
    return form.format(mean) + ("" if deviation is None else f" ± {form.format(deviation)}")


def _bounds(bounds: list[float], divisor: int = 1) -> str:
    low, high = (f"{bound / divisor:.2f}" for bound in bounds)
    return low if low == high else f"{low} – {high}"


_MAKERS: dict[str, Callable[[str], str]] = {
    "scale-processes": processes,
    "scale-loads": loads,
    "scale-model": model,
}
SCALE_TABLES: dict[str, Callable[[], str]] = {
    f"{name}{suffix}": partial(maker, language)
    for name, maker in _MAKERS.items()
    for suffix, language in (("", "en"), ("-zh", "zh"))
}
