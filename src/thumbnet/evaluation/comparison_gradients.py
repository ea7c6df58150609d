"""What a comparison says of the gradients before training: how the first layer's fares."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from thumbnet.evaluation.comparison import Estimate, paired_log_ratio

_SAID = {
    "en": {
        "ratio": "Before training, the gradient in the first layer of {side} is {ratio} times as "
        "large as in the last{interval}.",
        "interval": " (95 % interval {low} to {high}, {seeds} seeds)",
        "zero": "Before training, the gradient in a layer of {side} is zero.",
    },
    "zh": {
        "ratio": "训练之前，{side} 第一层的梯度是最后一层的 {ratio} 倍{interval}。",
        "interval": "（95 % 区间 {low} 至 {high}，{seeds} 个种子）",
        "zero": "训练之前，{side} 有一层的梯度为零。",
    },
}


def gradient_sentences(results: Mapping[str, Any], language: str = "en") -> list[str]:
    """Return a sentence for each side; none if the gradients were not measured."""
    found = results.get("gradients", {})
    return [_sentence(name, side["sizes"], _SAID[language]) for name, side in found.items()]


def first_to_last(sizes: Sequence[Sequence[float]]) -> Estimate | None:
    """Return the log of the first layer's size over the last one's; None where one is zero.

    Args:
        sizes: for each seed the sizes in the layers, from the input to the output.
    """
    first, last = [row[0] for row in sizes], [row[-1] for row in sizes]
    return paired_log_ratio(first, last) if min(*first, *last) > 0 else None


def geometric_means(sizes: Sequence[Sequence[float]]) -> list[float]:
    """Return the geometric mean over the seeds for each layer; 0 where a size is 0."""
    layers = zip(*sizes, strict=True)
    return [
        math.exp(math.fsum(map(math.log, layer)) / len(layer)) if min(layer) > 0 else 0.0
        for layer in layers
    ]


def _sentence(name: str, sizes: Sequence[Sequence[float]], words: Mapping[str, str]) -> str:
    ratio = first_to_last(sizes)
    if ratio is None:
        return words["zero"].format(side=name)
    ends, said = ratio.interval(), ""
    if ends is not None:
        low, high = (_number(math.exp(end)) for end in ends)
        said = words["interval"].format(low=low, high=high, seeds=len(sizes))
    return words["ratio"].format(side=name, ratio=_number(math.exp(ratio.value)), interval=said)


def _number(value: float) -> str:
    """Return two significant digits; powers of ten for what is very small."""
    return f"{value:.2g}" if value >= 1e-4 else f"{value:.1e}"
