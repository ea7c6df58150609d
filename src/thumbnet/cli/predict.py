"""``thumbnet predict``."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from thumbnet.cli.output import print_json, print_table
from thumbnet.cli.pictures import find_pictures
from thumbnet.errors import ImageError

_SHOWN = ("label", "probability", "probabilities", "refused", "score")


def predict(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[MODEL] IMAGE…",
            help="A run, a model folder or an .onnx file, if not the bundled digits; then files, "
            "folders, glob patterns; - reads a picture, or names of files, from stdin.",
        ),
    ],
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="The model, in place of the first word.")
    ] = None,
    with_torch: Annotated[
        bool, typer.Option("--torch", help="Run the checkpoint with torch, not its .onnx file.")
    ] = False,
    device: Annotated[
        str, typer.Option(help="For --torch: auto (cuda, mps, cpu), cpu, cuda, mps.")
    ] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print as CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Classify pictures: with the bundled recogniser of digits, or with a model of your own."""
    name, images = _model_and_images(model, words)
    sources = list(find_pictures(images))
    recogniser = _load(name, with_torch, device, threads)
    predictions = recogniser.predict([content for _, content in sources])
    rows = [
        {"file": file, **{key: getattr(prediction, key) for key in _SHOWN}}
        for (file, _), prediction in zip(sources, predictions, strict=True)
    ]
    if as_json:
        print_json(rows)
    elif as_csv:
        _print_csv(rows)
    else:
        print_table(
            ["file", "label", "probability"],
            [[row["file"], _shown(row), f"{row['probability']:.4f}"] for row in rows],
        )


def _model_and_images(model: str | None, words: list[str]) -> tuple[str, list[str]]:
    from thumbnet.inference.locate import BUNDLED, is_model

    if model is not None:
        return model, words
    if not is_model(words[0]):
        return BUNDLED[0], words
    if len(words) == 1:
        raise ImageError(
            "there is a model and no picture",
            got=words[0],
            fix=f"thumbnet predict {words[0]} PICTURE…",
        )
    return words[0], words[1:]


def _load(name: str, with_torch: bool, device: str, threads: int | None) -> Any:
    """Return a ``Recogniser``, or a ``Classifier`` where no .onnx file is there or wanted."""
    from thumbnet.inference import Recogniser
    from thumbnet.inference.locate import (
        bundled_weights,
        check_weights,
        find_recogniser,
        is_bundled,
    )

    file = None if with_torch else find_recogniser(name)
    if file is not None:
        recogniser = Recogniser.load(file, threads=threads)
        check_weights(file, recogniser.metadata["model_sha256"])
        return recogniser
    from thumbnet.evaluation.classifier import Classifier
    from thumbnet.training.device import choose_device

    folder = bundled_weights(name) if is_bundled(name) else Path(name)
    return Classifier.load(folder, choose_device(device))


def _print_csv(rows: list[dict[str, Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    names = list(rows[0]["probabilities"]) if rows else []
    writer.writerow(["file", "label", "probability", "refused", "score", *names])
    for row in rows:
        values = [row["probabilities"][name] for name in names]
        refused = str(row["refused"]).lower()
        fields = [row["file"], row["label"], row["probability"], refused, row["score"]]
        writer.writerow([*fields, *values])


def _shown(row: dict[str, Any]) -> str:
    return f"({row['label']}) refused" if row["refused"] else str(row["label"])
