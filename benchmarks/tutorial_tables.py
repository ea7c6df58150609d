"""The tables and outputs of ``docs/tutorials/``, English and Chinese.

The tables are made from the receipts under ``results/tutorials/``, the outputs are what
``scripts/make_tutorial_runs.py`` kept under ``results/tutorial_runs/``.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
OUTPUTS = RESULTS / "tutorial_runs"
NUM_CONFUSIONS = 5
# Of a long training the first epochs and the last ones are shown.
NUM_FIRST_EPOCHS, NUM_LAST_EPOCHS = 3, 2

RECIPES = {
    "mlp": ("tutorial-mlp",),
    "dropout": ("tutorial-dropout-mlp-adam", "tutorial-dropout-mlp-sgd"),
    "cnn": ("tutorial-cnn",),
    "resnet": ("tutorial-resnet",),
    "cifar10": ("tutorial-resnet18-cifar10",),
}
WORDS = {
    "en": {
        "reached": "| recipe | test accuracy | loss, training images | loss, test images | seeds |",
        "confused": "| class | found | most often taken for |",
        "times": "{0}, {1} times",
    },
    "zh": {
        "reached": "| 配方 | 测试准确率 | 损失，训练图像 | 损失，测试图像 | 种子数 |",
        "confused": "| 类别 | 认出的比例 | 最常被误认为 |",
        "times": "{0}，{1} 次",
    },
}


def reached(page: str, language: str) -> str:
    """Return mean ± deviation over seeds of accuracy and losses, for the recipes of a page."""
    lines = [WORDS[language]["reached"], "| --- | ---: | ---: | ---: | ---: |"]
    for recipe in RECIPES[page]:
        results = _results(recipe)
        tests = [result["test"] for result in results]
        cells = (
            f"**{_spread([100 * test['accuracy'] for test in tests], 2)} %**",
            _spread([result["train_loss"] for result in results], 3),
            _spread([test["loss"] for test in tests], 3),
            str(len(results)),
        )
        lines.append(f"| `{recipe}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def confused(page: str, language: str) -> str:
    """Return the classes of a page's first recipe that are found least often, hardest first."""
    tests = [result["test"] for result in _results(RECIPES[page][0])]
    names = [row["name"] for row in tests[0]["per_class"]]
    counts = [
        [sum(test["confusion"][true][answer] for test in tests) for answer in range(len(names))]
        for true in range(len(names))
    ]
    rows = []
    for true, row in enumerate(counts):
        number, answer = max((row[other], other) for other in range(len(row)) if other != true)
        share = row[true] / sum(row)
        taken_for = WORDS[language]["times"].format(names[answer], number)
        rows.append((share, f"| {names[true]} | {share:.1%} | {taken_for} |"))
    lines = [text for _, text in sorted(rows)[:NUM_CONFUSIONS]]
    return "\n".join([WORDS[language]["confused"], "| --- | ---: | --- |", *lines])


def output(name: str) -> str:
    """Return what a command printed, as a block, without the middle of a training or search."""
    lines = (OUTPUTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()[1:]
    epochs = [index for index, line in enumerate(lines) if re.match(r"epoch +\d|trial \d+:", line)]
    left_out = epochs[NUM_FIRST_EPOCHS:-NUM_LAST_EPOCHS]
    if len(left_out) > 1:
        lines[left_out[0] : left_out[-1] + 1] = ["…"]
    return "\n".join(["```text", *lines, "```"])


def command(name: str) -> str:
    """Return the command whose output is kept under ``name``."""
    first, _, _ = (OUTPUTS / f"{name}.txt").read_text(encoding="utf-8").partition("\n")
    return first.removeprefix("$ ")


def _results(recipe: str) -> list[dict[str, Any]]:
    files = sorted((RESULTS / "tutorials").glob(f"{recipe}-seed*.json"))
    return [json.loads(path.read_text(encoding="utf-8"))["results"] for path in files]


def _spread(values: Iterable[float], num_decimals: int) -> str:
    found = list(values)
    mean, deviation = statistics.mean(found), statistics.stdev(found)
    return f"{mean:.{num_decimals}f} ± {deviation:.{num_decimals}f}"


TUTORIAL_TABLES: dict[str, Callable[[], str]] = {
    **{
        f"{name}-{page}{suffix}": partial(maker, page, language)
        for name, maker in {"reached": reached, "confused": confused}.items()
        for page in RECIPES
        for suffix, language in (("", "en"), ("-zh", "zh"))
    },
    **{f"output-{path.stem}": partial(output, path.stem) for path in sorted(OUTPUTS.glob("*.txt"))},
}
