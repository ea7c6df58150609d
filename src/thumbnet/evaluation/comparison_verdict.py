"""What may be said of two sides: never more than the intervals allow. English and Chinese."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from thumbnet.evaluation.comparison import CONFIDENCE, Estimate
from thumbnet.languages import check_language

Kind = Literal[
    "higher", "lower", "equivalent", "unclear", "few-seeds", "no-spread", "diverged", "missing"
]
MIN_SEEDS = 3
# A tenth of a point of accuracy, two per cent of a time: less is of no use to anybody.
MARGINS = {"difference": 0.001, "ratio": math.log(1.02)}


def judge(difference: Estimate, p_holm: float | None, num_pairs: int, margin: float) -> Kind:
    """Return what a mean difference (or log ratio) of side a against side b allows to say.

    * ``equivalent``: the interval lies within ± ``margin``; at the level of all pairs together
      (Bonferroni), so that one of many does not lie there by chance. Two one-sided tests at 2.5 %
      (Schuirmann 1987).
    * ``higher``, ``lower``: the t-test says so after Holm's correction.
    * ``unclear``: neither.
    * ``few-seeds``: fewer than three pairs of values.
    * ``no-spread``: all differences are the same number, from which no interval can be made.

    Args:
        difference: over the seeds.
        p_holm: its p-value, corrected for the number of pairs.
        num_pairs: how many pairs of sides are judged together.
        margin: what counts as no difference, in the unit of ``difference``.
    """
    if difference.num_values < MIN_SEEDS:
        return "few-seeds"
    if p_holm is None:
        return "no-spread"
    interval = difference.interval(1 - (1 - CONFIDENCE) / num_pairs)
    assert interval is not None
    if -margin < interval[0] and interval[1] < margin:
        return "equivalent"
    if p_holm < 1 - CONFIDENCE:
        return "higher" if difference.value > 0 else "lower"
    return "unclear"


_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "higher": "{a} is better than {b} by {value} points ({evidence}).",
        "equivalent": "{a} and {b} are practically the same: {a} minus {b} lies between {low} and "
        "{high} points, within ±0.1 ({evidence}).",
        "unclear": "No difference between {a} and {b} is shown: {a} minus {b} could be from {low} "
        "to {high} points ({evidence}).",
        "uncorrected": "No difference between {a} and {b} is shown that stands among {pairs} "
        "pairs: {a} minus {b} is {low} to {high} points when looked at alone ({evidence}).",
        "few-seeds": "No verdict on {a} and {b}: that takes at least 3 seeds on both sides, here "
        "are {seeds}.",
        "no-spread": "No verdict on {a} and {b}: {a} minus {b} is {value} points for each of the "
        "{seeds} seeds, so nothing tells how far chance goes.",
        "diverged": "No verdict on {a} and {b}: {diverged}.",
        "missing": "No verdict on {a} and {b}: not every run has this figure.",
        "diverged-side": "{side} diverged for {count} of {seeds} seeds",
        "interval": "95 % interval {low} to {high}",
        "level": "95 % interval",
        "level-all": "95 % interval of all {pairs} pairs together",
        "seeds": "{seeds} seeds",
        "corrected": "p {p} among {pairs} pairs",
    },
    "zh": {
        "higher": "{a} 优于 {b}，高 {value} 个百分点（{evidence}）。",
        "equivalent": "{a} 与 {b} 实际上没有差别：{a} 减 {b} 在 {low} 到 {high} 个百分点之间，"
        "不超出 ±0.1（{evidence}）。",
        "unclear": "没有显示出 {a} 与 {b} 的差别：{a} 减 {b} 可能是 {low} 到 {high} 个百分点"
        "（{evidence}）。",
        "uncorrected": "在 {pairs} 对比较中，没有显示出 {a} 与 {b} 的可靠差别："
        "单独来看，{a} 减 {b} 是 {low} 到 {high} 个百分点（{evidence}）。",
        "few-seeds": "对 {a} 与 {b} 不下结论：双方至少需要 3 个种子，这里只有 {seeds} 个。",
        "no-spread": "对 {a} 与 {b} 不下结论：{seeds} 个种子中 {a} 减 {b} 都是 {value} 个百分点，"
        "无从判断偶然因素有多大。",
        "diverged": "对 {a} 与 {b} 不下结论：{diverged}。",
        "missing": "对 {a} 与 {b} 不下结论：并非每次训练都有这个数值。",
        "diverged-side": "{side} 在 {seeds} 个种子中有 {count} 个发散",
        "interval": "95 % 区间 {low} 至 {high}",
        "level": "95 % 区间",
        "level-all": "{pairs} 对合计的 95 % 区间",
        "seeds": "{seeds} 个种子",
        "corrected": "在 {pairs} 对中 p {p}",
    },
}

# Measures that are ratios: what a has more or less of than b.
_RATIOS: dict[str, dict[str, dict[str, str]]] = {
    "en": {
        "train_s": {"noun": "training time", "verb": "takes"},
        "images_per_s": {"noun": "training images per second", "verb": "has"},
        "epochs_to_target": {"noun": "epochs to the target", "verb": "needs"},
        "seconds_to_target": {"noun": "training time to the target", "verb": "needs"},
    },
    "zh": {
        "train_s": {"noun": "训练时间", "verb": "是"},
        "images_per_s": {"noun": "每秒训练图像数", "verb": "是"},
        "epochs_to_target": {"noun": "达到目标所需轮数", "verb": "是"},
        "seconds_to_target": {"noun": "达到目标所需训练时间", "verb": "是"},
    },
}
_RATIO_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "higher": "{a} {verb} {value} times the {noun} of {b} ({evidence}).",
        "equivalent": "{a} and {b} are practically the same in {noun}: {low} to {high} times, "
        "within ±2 % ({evidence}).",
        "unclear": "No difference in {noun} between {a} and {b} is shown: {a} could have {low} to "
        "{high} times that of {b} ({evidence}).",
        "uncorrected": "No difference in {noun} between {a} and {b} is shown that stands among "
        "{pairs} pairs: {low} to {high} times when looked at alone ({evidence}).",
        "no-spread": "No verdict on the {noun} of {a} and {b}: {value} times for each of the "
        "{seeds} seeds, so nothing tells how far chance goes.",
    },
    "zh": {
        "higher": "{a} 的{noun}是 {b} 的 {value} 倍（{evidence}）。",
        "equivalent": "{a} 与 {b} 的{noun}实际上没有差别：{low} 到 {high} 倍，不超出 ±2 %"
        "（{evidence}）。",
        "unclear": "没有显示出 {a} 与 {b} 在{noun}上的差别：{a} 可能是 {b} 的 {low} 到 {high} 倍"
        "（{evidence}）。",
        "uncorrected": "在 {pairs} 对比较中，没有显示出 {a} 与 {b} 在{noun}上的可靠差别："
        "单独来看是 {low} 到 {high} 倍（{evidence}）。",
        "no-spread": "对 {a} 与 {b} 的{noun}不下结论：{seeds} 个种子中都是 {value} 倍，"
        "无从判断偶然因素有多大。",
    },
}


def say(pair: Mapping[str, Any], measure: str, language: str = "en") -> str:
    """Return the verdict on one pair as a sentence.

    Args:
        pair: an entry of ``pairs`` of ``comparison_results.compare_sides``.
        measure: a key of its ``measures``.
        language: ``en`` or ``zh``.
    """
    check_language(language)
    found = pair["measures"][measure]
    kind, a, b = found["kind"], pair["a"], pair["b"]
    is_ratio = found["is_ratio"]
    words = _WORDS[language] | (_RATIO_WORDS[language] if is_ratio else {})
    if kind == "diverged":
        sides = (words["diverged-side"].format(**each) for each in pair["diverged"])
        return words[kind].format(a=a, b=b, diverged=", ".join(sides))
    value, low, high = found["value"], found["low"], found["high"]
    if kind == "lower":
        # Said of the better side, which has the difference with the other sign.
        a, b, kind = b, a, "higher"
        flip = _inverse if is_ratio else _negative
        value, low, high = flip(value), flip(high), flip(low)
    if kind == "unclear" and found["p_value"] is not None and found["p_value"] < 1 - CONFIDENCE:
        kind = "uncorrected"
    if kind == "equivalent":
        low, high = found["low_all_pairs"], found["high_all_pairs"]
    show = _times if is_ratio else _points
    return words[kind].format(
        a=a,
        b=b,
        value=show(value, signed=kind == "no-spread"),
        low=show(low),
        high=show(high),
        seeds=found["num_seeds"],
        pairs=found["num_pairs"],
        evidence=_evidence(words, found, show(low), show(high), kind),
        **(_RATIOS[language][measure] if is_ratio else {}),
    )


def _evidence(
    words: Mapping[str, str], found: Mapping[str, Any], low: str, high: str, kind: str
) -> str:
    num_pairs = found["num_pairs"]
    is_corrected = num_pairs > 1
    level = "interval" if kind == "higher" else "level"
    if kind == "equivalent" and is_corrected:
        level = "level-all"
    parts = [
        words[level].format(low=low, high=high, pairs=num_pairs),
        words["seeds"].format(seeds=found["num_seeds"]),
    ]
    if is_corrected and kind != "equivalent" and found["p_holm"] is not None:
        parts.append(words["corrected"].format(p=format_p(found["p_holm"]), pairs=num_pairs))
    return ", ".join(parts)


def format_p(p_value: float) -> str:
    """Return ``= 0.012``, or ``< 0.001``."""
    return f"= {p_value:.3f}" if p_value >= 0.001 else "< 0.001"


def _negative(value: float) -> float:
    return -value


def _inverse(value: float) -> float:
    return 1 / value


def _points(fraction: float | None, signed: bool = True) -> str:
    if fraction is None:
        return "–"
    text = f"{100 * fraction:+.2f}" if signed else f"{100 * fraction:.2f}"
    return text.replace("-", "−")


def _times(ratio: float | None, signed: bool = False) -> str:
    del signed
    return "–" if ratio is None else f"{ratio:.3g}"
