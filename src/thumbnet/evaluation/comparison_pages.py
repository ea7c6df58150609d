"""The page of a comparison: verdicts, tables and figures, made from its results alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from thumbnet.evaluation.comparison_figures import MAX_PAIRS
from thumbnet.evaluation.comparison_gradients import gradient_sentences
from thumbnet.evaluation.comparison_verdict import format_p, say
from thumbnet.evaluation.comparison_words import PAGE
from thumbnet.evaluation.page_blocks import Block, Bullets, Heading, Paragraph, Picture, Table
from thumbnet.languages import check_language

Results = Mapping[str, Any]
Words = Mapping[str, str]


def comparison_page(results: Results, language: str = "en") -> list[Block]:
    """Return the whole page of a comparison.

    Args:
        results: what ``thumbnet.training.compare.compare`` returns.
        language: ``en`` or ``zh``.
    """
    check_language(language)
    words = PAGE[language]
    return [
        Heading(results["title"], 1),
        Heading(words["verdict"]),
        Bullets([*verdicts(results, language), *gradient_sentences(results, language)]),
        *evidence(results, language),
        Heading(words["method"]),
        Bullets(list(method(results, language))),
    ]


def verdicts(results: Results, language: str = "en") -> list[str]:
    """Return the verdict on the test accuracy of each pair, in words."""
    shown = [say(pair, "accuracy", language) for pair in results["pairs"][:MAX_PAIRS]]
    if len(results["pairs"]) > MAX_PAIRS:
        total = len(results["pairs"])
        shown.append(PAGE[language]["more-pairs"].format(shown=MAX_PAIRS, total=total))
    return shown


def evidence(results: Results, language: str, level: int = 2, prefix: str = "") -> list[Block]:
    """Return tables and figures: what differs, accuracies, pairs, curves, tuning.

    ``level`` is that of the headings, ``prefix`` stands before the pictures' names.
    """
    words = PAGE[language]
    blocks: list[Block] = [
        Heading(words["accuracy"], level),
        _sides_table(results, words),
        Picture(f"{prefix}accuracy", words["alt-accuracy"]),
        _pairs_table(results, words),
        Heading(words["curves"], level),
        Picture(f"{prefix}curves", words["alt-curves"]),
    ]
    if "gradients" in results:
        blocks += [
            Heading(words["gradients"], level),
            Paragraph(words["gradients-say"]),
            Picture(f"{prefix}gradients", words["alt-gradients"]),
        ]
    if any(side["tuning"] for side in results["sides"]):
        blocks += [Heading(words["tuning"], level), _tuning_table(results, words)]
    if results["differences"]:
        blocks += [Heading(words["differs"], level), _differences_table(results, words)]
    return blocks


def _sides_table(results: Results, words: Words) -> Table:
    target = results["target"]["validation_accuracy"]
    headers = [words[key] for key in ("side", "test", "interval", "train_s", "images_per_s")]
    if target is not None:
        headers += [words[key].format(target=_percent(target)) for key in _TO_TARGET]
    rows = []
    for side in results["sides"]:
        accuracy = side["accuracy"]
        row = [
            side["name"],
            _percent(accuracy["mean"]),
            _range(accuracy["low"], accuracy["high"], _accuracy),
            _number(side["train_s"]["mean"]),
            _number(side["images_per_s"]["mean"]),
        ]
        if target is not None:
            row += _to_target(side["to_target"], words)
        rows.append(row)
    return Table(headers, rows)


_TO_TARGET = ("epochs_to", "seconds_to")


def _to_target(found: Results, words: Words) -> list[str]:
    cells = []
    for key in ("median_epochs", "median_seconds"):
        value = words["never"] if found[key] is None else _number(found[key])
        if found["num_reached"] < found["num_runs"]:
            counts = {"reached": found["num_reached"], "runs": found["num_runs"]}
            value = words["reached"].format(value=value, **counts)
        cells.append(value)
    return cells


def _pairs_table(results: Results, words: Words) -> Table:
    keys = ("pair", "difference", "interval", "p", "mcnemar", "ratio", "interval")
    rows = []
    for pair in results["pairs"][:MAX_PAIRS]:
        accuracy, time = pair["measures"]["accuracy"], pair["measures"]["train_s"]
        rows.append(
            [
                f"{pair['a']} − {pair['b']}",
                _points(accuracy["value"]),
                _range(accuracy["low"], accuracy["high"], _points),
                _p(accuracy["p_holm"]),
                _p(pair["mcnemar"]["median_p_exact"]),
                _number(time["value"]),
                _range(time["low"], time["high"], _number),
            ]
        )
    return Table([words[key] for key in keys], rows)


def _tuning_table(results: Results, words: Words) -> Table:
    rows = []
    for side in results["sides"]:
        for trial in side["tuning"]["trials"]:
            accuracy = trial["validation_accuracy"]
            is_chosen = trial["learning_rate"] == side["tuning"]["learning_rate"]
            rows.append(
                [
                    side["name"],
                    f"{trial['learning_rate']:g}",
                    words["diverged"] if accuracy is None else _percent(accuracy),
                    words["chosen"] if is_chosen else "",
                ]
            )
    return Table([words["side"], words["rate"], words["validation"], ""], rows)


def _differences_table(results: Results, words: Words) -> Table:
    names = [side["name"] for side in results["sides"]]
    rows = [
        [f"`{key}`", *("–" if value is None else _value(value) for value in values)]
        for key, values in results["differences"].items()
    ]
    return Table([words["setting"], *names], rows)


def method(results: Results, language: str) -> Iterator[str]:
    """Yield how the comparison was made, and what its figures mean."""
    words, plan, data = PAGE[language], results["plan"], results["data"]
    seeds = plan["seeds"]
    counts = {"seeds": len(seeds), "first": seeds[0], "last": seeds[-1]}
    yield words["one-seed"] if len(seeds) == 1 else words["seeds"].format(**counts)
    yield words["data"].format(
        name=data["name"],
        **{key: _counts(data[key]) for key in ("num_train", "num_validation", "num_test")},
    )
    yield words["intervals"]
    yield words["mcnemar-says"]
    target = results["target"]
    if target["validation_accuracy"] is not None:
        key = "target" if target["is_given"] else "target-default"
        said = words[key].format(target=_percent(target["validation_accuracy"]))
        yield said + words["to-target"]
    yield words["times"]
    if plan["tune"]:
        yield words["tuned"].format(
            num=plan["tune"], span=plan["tune_span"], seeds=plan["tune_seeds"]
        )
    for note in results["notes"]:
        yield words[note["code"]].format(**note)
    hardware, libraries = results["hardware"], results["libraries"]
    yield words["machine"].format(
        processor=hardware["processor"],
        threads=hardware["threads"],
        device=hardware["device"],
        torch=libraries["torch"],
        version=results["code"]["version"],
    )


def _counts(numbers: Sequence[int]) -> str:
    return ", ".join(f"{number:,}" for number in numbers)


def _percent(fraction: float | None) -> str:
    return "–" if fraction is None else f"{100 * fraction:.2f} %"


def _accuracy(bound: float) -> str:
    """Return an interval's end in per cent; a t-interval does not know where accuracies end."""
    return _percent(min(max(bound, 0.0), 1.0))


def _points(fraction: float | None) -> str:
    return "–" if fraction is None else f"{100 * fraction:+.2f}".replace("-", "−")


def _number(value: float | None) -> str:
    """Return three significant digits, whole numbers with thousands apart."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _p(value: float | None) -> str:
    return "–" if value is None else format_p(value).removeprefix("= ")


def _range(low: float | None, high: float | None, show: Any) -> str:
    return "–" if low is None else f"{show(low)} … {show(high)}"


def summary_table(results: Results, language: str = "en") -> tuple[Sequence[str], list[list[str]]]:
    """Return headers and rows of the sides, for a terminal."""
    table = _sides_table(results, PAGE[language])
    return table.headers, [list(row) for row in table.rows]
