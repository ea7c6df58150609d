"""``thumbnet test``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from thumbnet.cli.output import note, print_json, print_table


def test(
    path: Annotated[Path, typer.Argument(metavar="RUN|MODEL", help="A run or model folder.")],
    data: Annotated[
        str | None, typer.Option(help="In place of what it was trained on: a name, or folder:PATH.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto (cuda, mps, cpu), cpu, cuda, mps.")] = "auto",
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Pass over pictures that cannot be read.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Evaluate a model on its test set: accuracy, classes, confusion, calibration."""
    from thumbnet.training.testing import test as test_model

    evaluation = test_model(path, data=data, device=device, skip_bad=skip_bad, report=note)
    if as_json:
        print_json(evaluation.to_dict())
        return
    low, high = evaluation.accuracy_interval
    print(f"accuracy           {evaluation.accuracy:.2%}  (95 % interval {low:.2%} to {high:.2%})")
    print(f"right              {evaluation.num_correct:,} of {evaluation.num_images:,}")
    print(f"loss               {evaluation.loss:.4f}")
    print(f"calibration error  {evaluation.expected_calibration_error:.4f}")
    print()
    print_table(
        ["class", "precision", "recall", "F1", "images"],
        [
            [row.name, f"{row.precision:.4f}", f"{row.recall:.4f}", f"{row.f1:.4f}", row.num_images]
            for row in evaluation.per_class
        ],
    )
    if len(evaluation.class_names) <= 20:
        print("\nconfusion (rows are true classes, columns predictions)")
        names = evaluation.class_names
        print_table(
            ["", *names],
            [[name, *row] for name, row in zip(names, evaluation.confusion, strict=True)],
        )
