"""``thumbnet personalise``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from thumbnet.cli.output import note, plain_warnings, print_json


def personalise(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Pictures of your digits, at least 3 of each: DIR/0/ to DIR/9/."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The run folder. Default: runs/digits-personal-<n>.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    device: Annotated[str, typer.Option(help="auto (cuda, mps, cpu), cpu, cuda, mps.")] = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress display.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train the bundled recogniser on with your own handwriting.

    A fifth of the pictures is held back, to say what was gained.
    """
    from thumbnet.training.interruption import Interrupted
    from thumbnet.training.personalise import in_words
    from thumbnet.training.personalise import personalise as train_on

    try:
        with plain_warnings():
            run = train_on(folder, out=out, seed=seed, device=device, progress=not quiet)
    except Interrupted as stop:
        note(f"{stop}; nothing was written")
        raise typer.Exit(stop.exit_code) from None
    personal = run.receipt["personal"]
    if as_json:
        print_json({**run.result, "personal": personal})
        return
    for title, counts in (
        ("your digits, held back", personal["held_back"]),
        ("MNIST's test set", personal["test"]),
    ):
        print(title)
        print(f"  before  {in_words(counts['before'])}")
        print(f"  after   {in_words(counts['after'])}")
    print(f"model   {run.folder / 'model'}")
    print(f"report  {run.folder / 'report.html'}")
    print(f"next    thumbnet export {run.folder}")
