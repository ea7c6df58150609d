"""``thumbnet train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from thumbnet.cli.output import note, plain_warnings, print_json
from thumbnet.errors import RecipeError


def train(
    recipe: Annotated[
        str | None, typer.Argument(help="A packaged recipe, or a .toml file. Default: mnist.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="In place of the recipe's.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run folder. Default: runs/<recipe>-<n>.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe; may be repeated."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="In place of the recipe's: a name, or folder:PATH.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="auto (cuda, mps, cpu), cpu, cuda, cuda:1, mps.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with an interrupted run, exactly.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Pass over pictures that cannot be read.")
    ] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also write TensorBoard events.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress display.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a recipe, test it, and write its report."""
    from thumbnet.training.interruption import Interrupted
    from thumbnet.training.process_group import is_main_process
    from thumbnet.training.recipe_file import parse_overrides
    from thumbnet.training.train import resume as resume_run
    from thumbnet.training.train import train as train_recipe

    common: dict[str, Any] = {
        "skip_bad": skip_bad,
        "tensorboard": tensorboard,
        "progress": not quiet,
    }
    try:
        with plain_warnings():
            if resume is not None:
                _refuse_with_resume(recipe=recipe, seed=seed, out=out, set=changes, data=data)
                run = resume_run(resume, device=device, **common)
            else:
                run = train_recipe(
                    recipe or "mnist",
                    out=out,
                    seed=seed,
                    data=data,
                    overrides=parse_overrides(changes or []),
                    device=device or "auto",
                    **common,
                )
    except Interrupted as stop:
        note(f"{stop}; everything is saved. Go on with:\n  thumbnet train --resume {stop.folder}")
        raise typer.Exit(stop.exit_code) from None
    if not is_main_process():
        return
    if as_json:
        print_json(run.result)
        return
    test = run.receipt["results"]["test"]
    low, high = test["accuracy_interval"]
    print(
        f"test accuracy {test['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}),"
        f" trained in {run.receipt['times']['train_s']:.1f} s"
    )
    print(f"model   {run.folder / 'model'}")
    print(f"figures {run.folder / 'figures'}")
    print(f"report  {run.folder / 'report.html'}")


def _refuse_with_resume(**options: object) -> None:
    for name, value in options.items():
        # Not `if value`: seed 0 was given too.
        if value is not None and value != []:
            raise RecipeError(
                "a resumed run goes on exactly as it began",
                got=f"{'' if name == 'recipe' else '--'}{name} {value}",
                expected="--resume RUN without a recipe, --seed, --out, --set or --data",
                fix="leave it out, or start a new run",
            )
