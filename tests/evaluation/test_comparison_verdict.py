"""What is said of two sides: no more than the intervals allow, in both languages."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from thumbnet.errors import ThumbnetError
from thumbnet.evaluation.comparison import holm, paired_difference
from thumbnet.evaluation.comparison_verdict import (
    MARGINS,
    format_p,
    judge,
    say,
)
from thumbnet.languages import LANGUAGES

MARGIN = MARGINS["difference"]


def judged(differences: list[float], num_pairs: int = 1) -> str:
    found = paired_difference(differences, [0.0] * len(differences))
    p_value = found.p_value
    return judge(
        found, None if p_value is None else min(1.0, num_pairs * p_value), num_pairs, MARGIN
    )


@pytest.mark.parametrize(
    ("differences", "kind"),
    [
        ([0.010, 0.011, 0.009], "higher"),
        ([-0.010, -0.011, -0.009], "lower"),
        ([0.010, -0.011, 0.009], "unclear"),
        ([0.0002, -0.0002, 0.0001, 0.0], "equivalent"),
        ([0.0004, 0.0005, 0.0006, 0.0005], "equivalent"),
        ([0.010, 0.011], "few-seeds"),
        ([0.010], "few-seeds"),
        ([0.010, 0.010, 0.010], "no-spread"),
        ([0.0, 0.0, 0.0], "no-spread"),
    ],
)
def test_kinds_of_verdict(differences: list[float], kind: str) -> None:
    assert judged(differences) == kind


def test_many_pairs_ask_for_more() -> None:
    assert judged([0.010, 0.013, 0.007]) == "higher"
    assert judged([0.010, 0.013, 0.007], num_pairs=21) == "unclear"
    near = [0.0004, -0.0004, 0.0005, -0.0005, 0.0001]
    assert judged(near) == "equivalent"
    assert judged(near, num_pairs=21) == "unclear"


@pytest.mark.parametrize("num_seeds", [3, 5])
def test_sides_without_difference_are_rarely_called_different(num_seeds: int) -> None:
    generator = np.random.default_rng(num_seeds)
    draws = generator.normal(0, 0.01, (3000, num_seeds))
    kinds = [judged(list(row)) for row in draws]
    assert 0.035 < sum(kind in ("higher", "lower") for kind in kinds) / len(kinds) < 0.065


def test_any_wrong_claim_among_all_pairs_is_rare() -> None:
    """Four equal sides, six dependent pairs: a wrong claim in at most 5 % of the comparisons."""
    generator = np.random.default_rng(1)
    num_wrong = 0
    for sides in generator.normal(0.97, 0.002, (1500, 4, 5)):
        pairs = [
            paired_difference(list(sides[a]), list(sides[b])) for a in range(4) for b in range(a)
        ]
        p_values = holm([pair.p_value or 0.0 for pair in pairs])
        kinds = {judge(pair, p, 6, MARGIN) for pair, p in zip(pairs, p_values, strict=True)}
        num_wrong += bool(kinds & {"higher", "lower"})
    assert num_wrong / 1500 < 0.065


def test_sides_that_differ_by_the_margin_are_rarely_called_the_same() -> None:
    generator = np.random.default_rng(2)
    draws = generator.normal(MARGIN, 0.0004, (3000, 5))
    kinds = [judged(list(row)) for row in draws]
    assert 0 < sum(kind == "equivalent" for kind in kinds) / len(kinds) < 0.04


def pair(kind: str, **changes: Any) -> dict[str, Any]:
    figures = {
        "is_ratio": False,
        "value": 0.0123,
        "low": 0.0101,
        "high": 0.0145,
        "low_all_pairs": 0.0091,
        "high_all_pairs": 0.0155,
        "p_value": 0.002,
        "p_holm": 0.012,
        "num_pairs": 1,
        "num_seeds": 5,
        "kind": kind,
    }
    names = {"a": "sgd", "b": "adam", "diverged": [{"side": "sgd", "count": 2, "seeds": 5}]}
    return {**names, "measures": {"accuracy": figures | changes, "train_s": figures | changes}}


def test_better_side_is_the_subject() -> None:
    assert say(pair("higher"), "accuracy") == (
        "sgd is better than adam by 1.23 points (95 % interval +1.01 to +1.45, 5 seeds)."
    )
    lower = pair("lower", value=-0.0123, low=-0.0145, high=-0.0101)
    assert say(lower, "accuracy") == (
        "adam is better than sgd by 1.23 points (95 % interval +1.01 to +1.45, 5 seeds)."
    )


def test_correction_is_said() -> None:
    assert "5 seeds, p = 0.012 among 6 pairs)" in say(pair("higher", num_pairs=6), "accuracy")


def test_unclear_says_what_could_be() -> None:
    unclear = pair("unclear", low=-0.0021, p_value=0.2)
    assert say(unclear, "accuracy") == (
        "No difference between sgd and adam is shown: sgd minus adam could be from −0.21 to +1.45"
        " points (95 % interval, 5 seeds)."
    )


def test_interval_that_only_stands_alone_is_called_so() -> None:
    said = say(pair("unclear", num_pairs=6, p_holm=0.08), "accuracy")
    assert said.startswith("No difference between sgd and adam is shown that stands among 6 pairs")


def test_equivalence_uses_the_interval_of_all_pairs() -> None:
    near = {"low_all_pairs": -0.0002, "high_all_pairs": 0.0008, "num_pairs": 3}
    assert say(pair("equivalent", **near), "accuracy") == (
        "sgd and adam are practically the same: sgd minus adam lies between −0.02 and +0.08 points,"
        " within ±0.1 (95 % interval of all 3 pairs together, 5 seeds)."
    )


def test_diverged_side_is_named() -> None:
    assert say(pair("diverged"), "accuracy") == (
        "No verdict on sgd and adam: sgd diverged for 2 of 5 seeds."
    )


def test_slower_side_is_said_in_times() -> None:
    ratio = {"is_ratio": True, "value": 0.5, "low": 0.4, "high": 0.625}
    assert say(pair("lower", **ratio), "train_s") == (
        "adam takes 2 times the training time of sgd (95 % interval 1.6 to 2.5, 5 seeds)."
    )


KINDS = [
    *("higher", "lower", "equivalent", "unclear", "few-seeds", "no-spread", "diverged", "missing"),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_ratio", [False, True])
def test_every_kind_has_words(kind: str, language: str, is_ratio: bool) -> None:
    measure = "train_s" if is_ratio else "accuracy"
    said = say(pair(kind, is_ratio=is_ratio, num_pairs=6), measure, language)
    assert "sgd" in said
    assert "adam" in said
    assert not re.search(r"[{}]", said)
    assert (said[-1] == ".") == (language == "en")


def test_language_without_words_is_refused() -> None:
    with pytest.raises(ThumbnetError, match="no words in this language"):
        say(pair("higher"), "accuracy", "fr")


def test_small_p_is_not_zero() -> None:
    assert (format_p(1e-300), format_p(0.0123)) == ("< 0.001", "= 0.012")
