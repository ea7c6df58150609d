"""Ready questions: what tutorials assert, and the comparisons that answer it.

A question is a TOML file in ``thumbnet/questions``: its words in English and Chinese, a recipe, and
one or more experiments, each of which becomes a ``Plan``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from thumbnet.errors import RecipeError, nearest
from thumbnet.evaluation.comparison_gradients import gradient_sentences
from thumbnet.evaluation.comparison_results import DIFFERENCES, RATIOS
from thumbnet.evaluation.comparison_verdict import say
from thumbnet.training.compare import run_plan
from thumbnet.training.comparison_plan import Plan, make_plan
from thumbnet.training.recipe_file import make_recipe


@dataclass(frozen=True)
class Words:
    """A question in one language.

    Attributes:
        title: the question itself.
        claim: what is asserted.
        source_kind: where one reads it.
        would_change: under which circumstances the answer may be another.
    """

    title: str
    claim: str
    source_kind: str
    would_change: str


@dataclass(frozen=True)
class Experiment:
    """One comparison of a question.

    Attributes:
        name: of its folder.
        words: language → what is compared, a sentence.
        plan: the comparison itself.
    """

    name: str
    words: dict[str, str]
    plan: Plan


@dataclass(frozen=True)
class Question:
    """A claim with the experiments that test it.

    Attributes:
        name: as for ``--question``.
        words: language → words.
        measures: what the answer speaks of, keys of a pair's measures.
        experiments: at least one.
    """

    name: str
    words: dict[str, Words]
    measures: tuple[str, ...]
    experiments: tuple[Experiment, ...]


def question_names() -> list[str]:
    """Return the names of all questions, in the order in which they are read."""
    return sorted(_files(), key=lambda name: int(_read(name)["order"]))


def load_question(name: str) -> Question:
    """Return a question and its plans.

    Raises:
        RecipeError: there is no question of that name.
    """
    if name not in _files():
        raise RecipeError(
            f"there is no question '{name}'",
            expected=nearest(name, _files()),
            fix="see all: thumbnet compare --questions",
        )
    values = _read(name)
    unknown = set(values["measures"]) - {*DIFFERENCES, *RATIOS}
    assert not unknown, f"{name}: no such measures: {unknown}"
    return Question(
        name,
        {language: Words(**values[language]) for language in ("en", "zh")},
        tuple(values["measures"]),
        tuple(_experiment(name, values["recipe"], found) for found in values["experiments"]),
    )


def run_question(
    question: Question,
    out: Path,
    *,
    device: str = "auto",
    language: str = "en",
    progress: bool = True,
) -> dict[str, dict[str, Any]]:
    """Run a question's experiments, or what is left of them, each into its folder in ``out``.

    Returns:
        experiment → what its ``results.json`` holds.

    Raises:
        OutputError: a folder has another comparison.
        Interrupted: Ctrl-C or SIGTERM; everything is saved.
    """
    return {
        experiment.name: run_plan(
            experiment.plan,
            out / experiment.name,
            device=device,
            language=language,
            progress=progress,
        )
        for experiment in question.experiments
    }


def answer(
    question: Question, results: Mapping[str, Mapping[str, Any]], language: str = "en"
) -> dict[str, list[str]]:
    """Return experiment → the verdicts on its pairs, as sentences that say what they are about.

    Args:
        question: with the measures to speak of.
        results: as ``run_question`` returns them.
        language: ``en`` or ``zh``.
    """
    return {
        name: [
            _ABOUT[language].get(measure, "") + say(pair, measure, language)
            for measure in question.measures
            for pair in found["pairs"]
        ]
        + gradient_sentences(found, language)
        for name, found in results.items()
    }


# The sentences on ratios name what they compare, those on accuracies do not.
_ABOUT = {
    "en": {
        "accuracy": "Test accuracy: ",
        "first_epoch_accuracy": "Validation accuracy after the first epoch: ",
    },
    "zh": {"accuracy": "测试准确率：", "first_epoch_accuracy": "第一轮后的验证准确率："},
}


def _files() -> dict[str, Path]:
    folder = Path(str(resources.files("thumbnet.questions")))
    return {path.stem: path for path in folder.glob("*.toml")}


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(_files()[name].read_text(encoding="utf-8"))


def _experiment(question: str, recipe: dict[str, Any], values: dict[str, Any]) -> Experiment:
    """Make the plan: values of keys (``vary``), or named ``sides`` with their own changes."""
    overrides = values.get("overrides", {})
    sides = values.get("sides") or {question: {}}
    plan = make_plan(
        [
            make_recipe({**recipe, "name": name}, {**overrides, **changes})
            for name, changes in sides.items()
        ],
        vary=values.get("vary"),
        num_seeds=values["seeds"],
        tune=values.get("tune", 0),
        gradients=values.get("gradients", False),
    )
    if "pairs" in values:
        plan = replace(plan, pairs=tuple((first, second) for first, second in values["pairs"]))
    return Experiment(values["name"], {key: values[key] for key in ("en", "zh")}, plan)
