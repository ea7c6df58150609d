"""``thumbnet compare``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from thumbnet.cli.output import note, plain_warnings, print_json, print_table
from thumbnet.errors import RecipeError
from thumbnet.languages import check_language

DEFAULT_SEEDS = 5


def compare(
    recipes: Annotated[
        list[str] | None,
        typer.Argument(metavar="RECIPE…", help="Packaged recipes or .toml files; one with --vary."),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=V1,V2…",
            help="Compare these values of a key; of several keys every combination.",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each side.")] = DEFAULT_SEEDS,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change every side; may be repeated."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="In place of the recipes': a name, or folder:PATH.")
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(help="Validation accuracy, such as 0.97, whose time is reported."),
    ] = None,
    tune: Annotated[
        int,
        typer.Option(
            min=0, metavar="K", help="Try K learning rates on each side first, each with 3 seeds."
        ),
    ] = 0,
    gradients: Annotated[
        bool,
        typer.Option("--gradients", help="Measure each layer's gradient before training, too."),
    ] = False,
    question: Annotated[
        str | None, typer.Option(metavar="NAME", help="Answer a ready question; see --questions.")
    ] = None,
    list_questions: Annotated[
        bool, typer.Option("--questions", help="List the ready questions.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="The folder. Default: comparisons/<what>-<hash>.")
    ] = None,
    language: Annotated[str, typer.Option(metavar="en|zh", help="Of the page.")] = "en",
    device: Annotated[
        str, typer.Option(help="auto (cuda, mps, cpu), cpu, cuda, cuda:1, mps.")
    ] = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress display.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Compare recipes, or values of a recipe's keys, over several seeds.

    If stopped, start the same command again: it goes on where it was.
    """
    from thumbnet.training.compare import run_plan
    from thumbnet.training.comparison_plan import make_plan
    from thumbnet.training.recipe_file import parse_overrides

    if list_questions:
        _list_questions(language, as_json)
        return
    if question is not None:
        _refuse_beside_question(recipes, vary, changes, data, target, tune, seeds, gradients)
        with _stops():
            _answer(question, out, device, language, quiet, as_json)
        return
    overrides = parse_overrides(changes or []) | ({} if data is None else {"data.name": data})
    with _stops():
        plan = make_plan(
            recipes or ["mnist"],
            vary=parse_variations(vary or []),
            num_seeds=seeds,
            overrides=overrides,
            tune=tune,
            gradients=gradients,
        )
        folder = out or plan.default_folder()
        results = run_plan(
            plan, folder, target=target, device=device, language=language, progress=not quiet
        )
    if as_json:
        print_json({"folder": str(folder), **results})
        return
    _print(results, folder, language)


def parse_variations(texts: Sequence[str]) -> dict[str, list[object]]:
    """Parse ``key=v1,v2`` texts; values are TOML where they can be, else texts between commas.

    Raises:
        RecipeError: no ``=``, no key or no value in a text, or a key twice.
    """
    from thumbnet.training.recipe_file import parse_overrides

    varied: dict[str, list[object]] = {}
    for text in texts:
        key, separator, listed = (part.strip() for part in text.partition("="))
        if not (key and separator and listed) or key in varied:
            raise RecipeError(
                "what varies must be a key and its values, each key once",
                got=text,
                fix="--vary optimizer=sgd,adam",
            )
        try:
            varied[key] = tomllib.loads(f"values = [{listed}]")["values"]
        except tomllib.TOMLDecodeError:
            parts = [part.strip() for part in listed.split(",")]
            varied[key] = [parse_overrides([f"value={part}"])["value"] for part in parts]
    return varied


@contextmanager
def _stops() -> Iterator[None]:
    """Show warnings as lines; say how to go on after Ctrl-C or SIGTERM."""
    from thumbnet.training.interruption import Interrupted

    try:
        with plain_warnings():
            yield
    except Interrupted as stop:
        note(f"{stop}; everything is saved. Start the same command again to go on.")
        raise typer.Exit(stop.exit_code) from None


def _list_questions(language: str, as_json: bool) -> None:
    from thumbnet.training.questions import load_question, question_names

    check_language(language)
    questions = [load_question(name) for name in question_names()]
    if as_json:
        print_json({each.name: asdict(each.words[language]) for each in questions})
        return
    rows = [(each.name, each.words[language].title) for each in questions]
    print_table(("name", "问题" if language == "zh" else "question"), rows)


def _refuse_beside_question(
    recipes: object,
    vary: object,
    changes: object,
    data: object,
    target: object,
    tune: int,
    seeds: int,
    gradients: bool,
) -> None:
    """Raise ``RecipeError`` if an option was given that a ready question decides."""
    given = {
        "RECIPE": recipes,
        "--vary": vary,
        "--set": changes,
        "--data": data,
        "--target": target,
        "--tune": tune,
        "--seeds": seeds != DEFAULT_SEEDS,
        "--gradients": gradients,
    }
    if names := [name for name, value in given.items() if value]:
        raise RecipeError(
            "a ready question has its own recipes and settings",
            got=f"--question and {', '.join(names)}",
            fix="leave these out, or compare recipes without --question",
        )


def _answer(
    name: str, out: Path | None, device: str, language: str, quiet: bool, as_json: bool
) -> None:
    from thumbnet.training.questions import answer, load_question, run_question

    check_language(language)
    question = load_question(name)
    folder = out or Path("comparisons") / f"question-{name}"
    results = run_question(question, folder, device=device, language=language, progress=not quiet)
    if as_json:
        print_json({"folder": str(folder), "question": name, "experiments": results})
        return
    words = question.words[language]
    print(f"{words.title}\n{words.claim}")
    sentences = answer(question, results, language)
    for experiment in question.experiments:
        print(f"\n{experiment.words[language]}")
        for sentence in sentences[experiment.name]:
            print(f"  {sentence}")
        print(f"  {folder / experiment.name / 'comparison.html'}")
    print(f"\n{words.would_change}")


def _print(results: dict[str, Any], folder: Path, language: str) -> None:
    from thumbnet.evaluation.comparison_pages import summary_table, verdicts

    print_table(*summary_table(results, language))
    print()
    for sentence in verdicts(results, language):
        print(sentence)
    print(f"\npage    {folder / 'comparison.html'}")
    print(f"results {folder / 'results.json'}")
