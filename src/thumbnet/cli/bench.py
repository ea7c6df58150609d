"""``thumbnet bench``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from thumbnet.cli.output import note, print_json, print_table
from thumbnet.errors import OutputError


def bench(
    device: Annotated[
        str, typer.Option(help="auto (cuda, mps, cpu), cpu, cuda, cuda:1, mps.")
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write everything here, as JSON.")
    ] = None,
) -> None:
    """Measure in a minute how fast this machine trains each packaged recipe."""
    from thumbnet import files
    from thumbnet.training.bench import run_bench

    # Before a minute of measuring, not after it.
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise OutputError(
            "the result cannot be written there",
            got=out,
            expected="the name of a file, in a folder that exists",
        )
    result = run_bench(device, report=note)
    if out is not None:
        files.write_atomically(out, files.to_json(result))
    if as_json:
        print_json(result)
        return
    _print_machine(result)
    _print_recipes(result["recipes"])
    for sentence in result["advice"]:
        print(f"advice: {sentence}")


def _print_machine(result: dict[str, Any]) -> None:
    hardware, ceilings = result["hardware"], result["ceilings"]
    print(
        f"{hardware['processor']}, {hardware['cores']} cores, {hardware['threads']} threads;"
        f" {hardware['device']}; torch {result['libraries']['torch']}"
    )
    for name, title in (("gemm", "matrix product"), ("convolution", "convolution")):
        fp32 = ceilings[f"{name}_fp32_gflop_per_s"]
        bf16 = ceilings[f"{name}_bf16_gflop_per_s"]
        in_bf16 = "none" if bf16 is None else f"{bf16:.0f}"
        print(f"ceiling, {title}: {fp32:.0f} GFLOP/s in fp32, {in_bf16} in bf16")
    print()


def _print_recipes(rows: list[dict[str, Any]]) -> None:
    headers = [
        "recipe",
        "images/s",
        "ms/step",
        "s/epoch",
        "whole training ≈ s",
        "precision",
        "% of ceiling",
    ]
    print_table(
        headers,
        [
            [
                row["recipe"],
                round(row["images_per_s"]),
                round(row["step_ms"], 1),
                round(row["seconds_per_epoch"], 1),
                round(row["estimated_train_s"], 1),
                row["precision"],
                "–" if row["percent_of_ceiling"] is None else round(row["percent_of_ceiling"], 1),
            ]
            for row in rows
        ],
    )
    print("\n% of ceiling: of the matrix product in the same precision; the rest is headroom")
    on_noise = [row["recipe"] for row in rows if row["random_images"]]
    if on_noise:
        print(f"timed on random images: {', '.join(on_noise)}")
