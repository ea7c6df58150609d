"""The tables of records in the READMEs and in ``docs/benchmarks.md``, English and Chinese."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from record_content import CLOCKS, REFERENCE, ROWS, Row, meets_target
from thumbnet.models.folder import Views

RESULTS = Path(__file__).parent / "results" / "records"
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "none": "Nothing has been measured yet.",
        "first": "| recipe | test accuracy | time to train, {cores} cores |",
        "accuracy": "**{0}** ({1})",
        "seed": "{0} seed",
        "seeds": "{0} seeds",
        "of": "{0} of {1}",
        "on": "Mean ± standard deviation over seeds, on {0}. [How it was measured, and every "
        "target](docs/benchmarks.md).",
        "full": "| recipe | test accuracy [95 % interval] | seeds | training | with evaluation "
        "| cold | of GEMM ceiling |",
        "views": " views |",
        "targets": "| recipe | target, accuracy | reached | target, training time | reached |",
        "share": "≤ {0:.2f} × `{1}`",
        "no_yardstick": "not comparable: `{0}` has no record on this machine",
        "held": "yes, {0}",
        "short": "no, {0}: falls short by {1} points",
        "long": "no, {0}: {1} too long",
        "machine": "| recipe | processor | cores | threads | memory | precision "
        "| GEMM ceiling | PyTorch | Python | code | measured |",
        "ratio": "`{0}` trains in **{1:.2f}** of the time of `{2}` ({3} and {4}), and reaches {5} "
        "where the other reaches {6}.",
        "other_machine": "`{0}` and `{1}` were measured on different machines: their times are not "
        "compared.",
    },
    "zh": {
        "none": "尚未测量。",
        "first": "| 配方 | 测试准确率 | 训练时间（{cores} 核） |",
        "accuracy": "**{0}**（{1}）",
        "seed": "{0} 个种子",
        "seeds": "{0} 个种子",
        "of": "{0}/{1}",
        "on": "各种子的均值 ± 标准差，测于 {0}。[测量方法与全部目标](docs/zh/benchmarks.md)。",
        "full": "| 配方 | 测试准确率 [95 % 区间] | 种子数 | 训练 | 含评估 | 冷启动 "
        "| 占 GEMM 上限 |",
        "views": " 视图数 |",
        "targets": "| 配方 | 准确率目标 | 是否达到 | 训练时间目标 | 是否达到 |",
        "share": "≤ {0:.2f} × `{1}`",
        "no_yardstick": "无法比较：`{0}` 在这台机器上没有记录",
        "held": "是，{0}",
        "short": "否，{0}：差 {1} 个百分点",
        "long": "否，{0}：超出 {1}",
        "machine": "| 配方 | 处理器 | 核数 | 线程 | 内存 | 精度 | GEMM 上限 "
        "| PyTorch | Python | 代码 | 测量日期 |",
        "ratio": "`{0}` 的训练时间是 `{2}` 的 **{1:.2f}** 倍（{3} 与 {4}）；"
        "前者达到 {5}，后者 {6}。",
        "other_machine": "`{0}` 与 `{1}` 是在不同的机器上测的，因此不比较时间。",
    },
}


def read_records() -> dict[str, dict[str, Any]]:
    """Return the committed records by name, in the order of ``ROWS``."""
    paths = {name: RESULTS / f"{name}.json" for name in ROWS}
    return {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name, path in paths.items()
        if path.is_file()
    }


def first_screen(language: str) -> str:
    """Return the short table of the READMEs and the line that names the processor."""
    words, records = WORDS[language], read_records()
    if not records:
        return ""
    machines = [record["hardware"] for record in records.values()]
    cores = "/".join(dict.fromkeys(str(machine["cores"]) for machine in machines))
    lines = [words["first"].format(cores=cores), "| --- | --- | ---: |"]
    for name, record in records.items():
        summary, count = record["summary"], len(record["seeds"])
        seeds = words["seed" if count == 1 else "seeds"].format(count)
        accuracy = words["accuracy"].format(_percent(summary["accuracy"]), seeds)
        lines.append(f"| `{name}` | {accuracy} | {_seconds(summary['train_s'])} |")
    processors = dict.fromkeys(machine["processor"] for machine in machines)
    return "\n".join([*lines, "", words["on"].format(", ".join(processors))])


def full_table(language: str) -> str:
    """Return accuracy, interval, three clocks and share of the ceiling of every record."""
    words, records = WORDS[language], read_records()
    if not records:
        return words["none"]
    views = {name: _num_views(record) for name, record in records.items()}
    has_views = max(views.values()) > 1
    header, rule = words["full"], "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    lines = [header + words["views"] * has_views, rule + " ---: |" * has_views]
    for name, record in records.items():
        summary, share = record["summary"], record["percent_of_ceiling"]
        cells = [
            f"`{name}`",
            f"**{_percent(summary['accuracy'])}**{_interval(summary['accuracy'])}",
            _num_seeds(record, words),
            *(_seconds(summary[clock]) for clock in CLOCKS),
            "—" if share is None else f"{share:.0f} %",
            *([str(views[name])] if has_views else []),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def targets(language: str) -> str:
    """Return what every record should hold, and by how much it does not."""
    words, records = WORDS[language], read_records()
    reference = records.get(REFERENCE)
    lines = [words["targets"], "| --- | ---: | --- | ---: | --- |"]
    for name, record in records.items():
        row = ROWS[name]
        held = meets_target(row, record["summary"], record["hardware"], reference)
        cells = [
            *_accuracy_target(row, record, held["accuracy"], words),
            *_time_target(row, record, held["time"], reference, words),
        ]
        if cells != ["—"] * 4:
            lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) if len(lines) > 2 else words["none"]


def _accuracy_target(
    row: Row, record: dict[str, Any], held: bool | None, words: dict[str, str]
) -> Iterator[str]:
    if row.accuracy is None:
        yield from ("—", "—")
        return
    mean = record["summary"]["accuracy"]["mean"]
    yield f"≥ {100 * row.accuracy:.2f} %"
    reached, missing = f"{100 * mean:.2f} %", 100 * (row.accuracy - mean)
    # A miss that rounds away must still be seen.
    digits = 2 if missing >= 0.005 else 4
    yield (words["held"] if held else words["short"]).format(reached, f"{missing:.{digits}f}")


def _time_target(
    row: Row,
    record: dict[str, Any],
    held: bool | None,
    reference: dict[str, Any] | None,
    words: dict[str, str],
) -> Iterator[str]:
    mean_s, most_s = record["summary"]["train_s"]["mean"], row.train_s
    if row.share_of_reference is not None:
        yield words["share"].format(row.share_of_reference, REFERENCE)
        if held is None or reference is None:
            yield words["no_yardstick"].format(REFERENCE)
            return
        most_s = row.share_of_reference * reference["summary"]["train_s"]["mean"]
    elif most_s is not None:
        yield f"≤ {most_s:g} s"
    if most_s is None:
        yield from ("—", "—")
        return
    yield (words["held"] if held else words["long"]).format(
        f"{_decimals(mean_s)} s", f"{_decimals(mean_s - most_s)} s"
    )


def machines(language: str) -> str:
    """Return the hardware and the versions behind every record."""
    words, records = WORDS[language], read_records()
    if not records:
        return words["none"]
    lines = [words["machine"], "| --- " * 2 + "| ---: " * 3 + "| --- " * 6 + "|"]
    for name, record in records.items():
        hardware, libraries, code = (record[key] for key in ("hardware", "libraries", "code"))
        ceiling = record["gemm_ceiling_gflop_per_s"]
        cells = [
            f"`{name}`",
            hardware["processor"],
            str(hardware["cores"]),
            str(record["recipe"]["threads"] or hardware["threads"]),
            f"{hardware['memory_gib']} GiB" if hardware["memory_gib"] else "—",
            record["precision"],
            "—" if ceiling is None else f"{ceiling:.0f} GFLOP/s",
            libraries["torch"],
            libraries["python"],
            f"{code['version']}, `{code['source_sha256'][:8]}`",
            record["finished"].partition("T")[0],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def ratio(language: str) -> str:
    """Return the sentence that compares the best CIFAR-10 recipe with its reference."""
    words, records = WORDS[language], read_records()
    best, reference = records.get("cifar10-best"), records.get(REFERENCE)
    if best is None or reference is None:
        return words["none"]
    if best["hardware"] != reference["hardware"]:
        return words["other_machine"].format("cifar10-best", REFERENCE)
    times = [record["summary"]["train_s"] for record in (best, reference)]
    accuracies = [_percent(record["summary"]["accuracy"]) for record in (best, reference)]
    share = times[0]["mean"] / times[1]["mean"]
    return words["ratio"].format(
        "cifar10-best", share, REFERENCE, *(_seconds(time) for time in times), *accuracies
    )


def _num_views(record: dict[str, Any]) -> int:
    return Views(**record["recipe"].get("views", {})).count


def _num_seeds(record: dict[str, Any], words: dict[str, str]) -> str:
    count, asked = len(record["seeds"]), ROWS[record["name"]].num_seeds
    return words["of"].format(count, asked) if count < asked else str(count)


def _percent(summary: dict[str, Any]) -> str:
    mean, deviation = summary["mean"], summary["deviation"]
    spread = "" if deviation is None else f" ± {100 * deviation:.2f}"
    return f"{100 * mean:.2f}{spread} %"


def _interval(summary: dict[str, Any]) -> str:
    if summary["interval95"] is None:
        return ""
    low, high = summary["interval95"]
    return f" [{100 * low:.2f}, {100 * high:.2f}]"


def _seconds(summary: dict[str, Any]) -> str:
    mean, deviation = summary["mean"], summary["deviation"]
    digits = _num_decimals(mean)
    spread = "" if deviation is None else f" ± {deviation:.{digits}f}"
    return f"{mean:.{digits}f}{spread} s"


def _decimals(value_s: float) -> str:
    return f"{value_s:.{_num_decimals(value_s)}f}"


def _num_decimals(value_s: float) -> int:
    return 2 if value_s < 10 else 1 if value_s < 100 else 0


_MAKERS = {
    "records": first_screen,
    "records-full": full_table,
    "records-targets": targets,
    "records-machines": machines,
    "records-ratio": ratio,
}
RECORD_TABLES: dict[str, Callable[[], str]] = {
    f"{name}{suffix}": partial(maker, language)
    for name, maker in _MAKERS.items()
    for suffix, language in (("", "en"), ("-zh", "zh"))
}
