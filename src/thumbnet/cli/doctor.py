"""``thumbnet doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thumbnet.cli.output import note, plain_warnings, print_json, print_table
from thumbnet.errors import ThumbnetError
from thumbnet.languages import check_language

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.findings import Finding

HEADINGS = {
    "en": {
        "none": "nothing found",
        "some": "errors: {errors}, warnings: {warnings}, notes: {notes}",
    },
    "zh": {"none": "没有发现问题", "some": "错误：{errors}，警告：{warnings}，提示：{notes}"},
}


def doctor(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN|SCRIPT|DATA]",
            help="A run folder, a .py script or .ipynb notebook, a name of `data list`, or a "
            "folder or archive of pictures. Without it the installation is looked at.",
        ),
    ] = None,
    language: Annotated[str, typer.Option(metavar="en|zh", help="Of the explanations.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find mistakes in a script, a run, a data set or the installation, and explain them.

    Of a script nothing is run: it is only read. A comment `# thumbnet: ok CODE` in a line says that
    what the doctor finds there is right. The exit code is 0 if nothing was found, 1 if something
    was, and 2 if what was asked for cannot be looked at.
    """
    check_language(language)
    with plain_warnings():
        kind, findings, facts = _inspect(target)
    if as_json:
        shown = [finding.to_dict(language) for finding in findings]
        print_json({"target": target, "kind": kind, "findings": shown, "facts": facts})
    else:
        _print(findings, facts, language)
    if findings:
        raise typer.Exit(1)


def _inspect(target: str | None) -> tuple[str, list[Finding], dict[str, Any]]:
    """Return what the target is, what was found, and of the installation its facts."""
    from thumbnet.inspection.doctor.source import SUFFIXES

    if target is None:
        from thumbnet.inspection.doctor.machine import inspect_machine

        facts, findings = inspect_machine()
        return "installation", findings, facts
    path = Path(target)
    if path.suffix.lower() in SUFFIXES and not path.is_dir():
        from thumbnet.inspection.doctor.script import inspect_script

        return "script", inspect_script(path), {}
    if _is_run(path):
        return "run", _inspect_run(path), {}
    return "data", _inspect_data(target), {}


def _is_run(path: Path) -> bool:
    from thumbnet.training.run_files import RECIPE

    return (path / RECIPE).is_file()


def _inspect_run(path: Path) -> list[Finding]:
    from thumbnet.datasets.catalog import CATALOG
    from thumbnet.evaluation.metrics import Evaluation
    from thumbnet.inspection.doctor.run import RunFacts, inspect_run
    from thumbnet.training.metrics_log import read_metrics
    from thumbnet.training.run import Run

    run = Run(path)
    lines = read_metrics(path)
    receipt = run.receipt if run.is_finished else None
    recipe = run.recipe
    known = CATALOG.get(recipe.data.name)
    class_names = known.class_names if known is not None else ()
    if receipt is not None:
        class_names = Evaluation.from_dict(receipt["results"]["test"]).class_names
    facts = RunFacts(
        name=str(path),
        recipe=recipe.model_dump(mode="json"),
        epochs=[line for line in lines if line["event"] == "epoch"],
        losses=[x for line in lines if line["event"] == "step" for x in line["batch_losses"]],
        num_classes=len(class_names) or None,
        class_names=class_names,
        receipt=receipt,
        others=_recipes_beside(path, recipe.name),
    )
    return inspect_run(facts)


def _recipes_beside(path: Path, name: str) -> list[dict[str, Any]]:
    """Return the recipes of the other runs of this name in the same folder."""
    from thumbnet.training.recipe_file import load_recipe
    from thumbnet.training.run_files import RECIPE

    own, found = path.resolve(), []
    for folder in sorted(own.parent.iterdir()):
        if folder == own or not _is_run(folder):
            continue
        try:
            recipe = load_recipe(folder / RECIPE)
        except ThumbnetError:
            continue  # of an older version; it is not what was asked for
        if recipe.name == name:
            found.append(recipe.model_dump(mode="json"))
    return found


def _inspect_data(target: str) -> list[Finding]:
    from thumbnet.inspection.doctor.data import inspect_data
    from thumbnet.training.out_of_fold import out_of_fold_probabilities

    return inspect_data(
        target,
        probabilities=lambda images: out_of_fold_probabilities(images, report=note),
        report=note,
    )


def _print(findings: list[Finding], facts: dict[str, Any], language: str) -> None:
    from thumbnet.inspection.doctor.findings import describe

    if facts:
        print_table(["", ""], [[name, _shown(value)] for name, value in facts.items()])
        print()
    for finding in findings:
        print(f"{describe(finding, language)}\n")
    severities = [finding.severity for finding in findings]
    counts = {f"{each}s": severities.count(each) for each in ("error", "warning", "note")}
    heading = HEADINGS[language]["some" if findings else "none"]
    print(heading.format(**counts))


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each or '–'}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
