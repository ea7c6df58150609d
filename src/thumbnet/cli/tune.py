"""``thumbnet tune``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from thumbnet.cli.output import note, plain_warnings, print_json, print_table

if TYPE_CHECKING:
    from thumbnet.training.tune_result import Tuning


def tune(
    recipe: Annotated[
        str | None, typer.Argument(help="A packaged recipe, or a .toml file. Default: mnist.")
    ] = None,
    space: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=LOW:HIGH[:log]|KEY=A,B,…",
            help="What is tuned; may be repeated. Default: learning rate, weight decay, momentum.",
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="How many the study shall have in all. Default: 20, without limit with --time.",
        ),
    ] = None,
    time_s: Annotated[
        float | None,
        typer.Option("--time", metavar="SECONDS", help="Begin no trial after this time."),
    ] = None,
    metric: Annotated[
        str, typer.Option(help="validation_accuracy or validation_loss.")
    ] = "validation_accuracy",
    study: Annotated[
        str | None, typer.Option(metavar="NAME", help="Default: the recipe's name.")
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="Where the study is kept: an SQLite file, or postgresql://…  "
            "Default: study.db in --out.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder of best.toml. Default: runs/tune-<study>.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe; may be repeated."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="In place of the recipe's: a name, or folder:PATH.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="In place of the recipe's; of trainings and sampler.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto (cuda, mps, cpu), cpu, cuda, cuda:1, mps.")] = (
        "auto"
    ),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No line for each trial.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Search a recipe's hyperparameters on validation images, and write the best as a recipe.

    The same command goes on with a study that was stopped or killed, and may be started several
    times at once to share the work. The test set is not opened.
    """
    from thumbnet.training.interruption import Interrupted
    from thumbnet.training.recipe_file import parse_overrides
    from thumbnet.training.tune import tune as tune_recipe

    try:
        with plain_warnings():
            tuning = tune_recipe(
                recipe or "mnist",
                space=space or [],
                trials=trials,
                time_s=time_s,
                metric=cast(Any, metric),  # which is checked there
                study=study,
                storage=storage,
                out=out,
                overrides=parse_overrides(changes or []),
                data=data,
                seed=seed,
                device=device,
                progress=not quiet,
            )
    except Interrupted as stop:
        note(
            f"{stop}; every finished trial is saved, the one under way will be repeated."
            " Start the same command again to go on."
        )
        raise typer.Exit(stop.exit_code) from None
    if as_json:
        print_json(tuning.result)
    else:
        _print(tuning)


def _print(tuning: Tuning) -> None:
    from thumbnet.training.tune_result import describe_interval, describe_value

    counts, finished = tuning.counts, tuning.num_finished
    how = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    if not tuning.ranking:
        print(f"no trial is complete yet: {how or 'none was begun'}")
        return
    best = tuning.ranking[0]
    assert best.value is not None
    value = describe_value(tuning.metric, best.value)
    print(f"best {value}{describe_interval(tuning.interval(best))}: trial {best.number}")
    own = tuning.recipe_itself
    if own is not None:
        print(f"the recipe as it was: {describe_value(tuning.metric, own)}")
    print(f"trials: {how}; pruning cut off {counts['pruned'] / finished:.0%}")
    print()
    _print_top(tuning)
    print(
        f"\nThe best of {finished} scores on the same {tuning.num_validation:,} images is partly"
        " luck: expect less on new ones.\nThe test set was not opened; train does that once.\n"
    )
    print(f"best recipe  {tuning.best_recipe}")
    print(f"train it     thumbnet train {tuning.best_recipe}")


def _print_top(tuning: Tuning) -> None:
    from thumbnet.training.tune_loop import describe_number
    from thumbnet.training.tune_result import describe_score

    top = tuning.result["top"]
    keys = list(top[0]["values"])
    print_table(
        ["trial", tuning.metric.replace("_", " "), "epoch", *keys],
        [
            [
                row["trial"],
                describe_score(tuning.metric, row["value"]),
                row["epoch"],
                *(describe_number(row["values"][key]) for key in keys),
            ]
            for row in top
        ],
    )
    if tuning.importances is not None:
        shares = ", ".join(f"{key} {share:.0%}" for key, share in tuning.importances.items())
        print(f"\nwhat made the difference: {shares}")
