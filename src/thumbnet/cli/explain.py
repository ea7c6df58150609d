"""``thumbnet explain``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thumbnet.cli.output import note, print_json
from thumbnet.cli.pictures import STDIN, find_pictures
from thumbnet.errors import ImageError, ModelError
from thumbnet.languages import check_language

if TYPE_CHECKING:
    from thumbnet.evaluation.classifier import Classifier


def explain(
    image: Annotated[
        str, typer.Argument(metavar="IMAGE", help="A picture; - reads it from stdin.")
    ],
    model: Annotated[
        str,
        typer.Option("--model", "-m", help="A run or a model folder, if not the bundled digits."),
    ] = "digits",
    against: Annotated[
        str | None,
        typer.Option(
            "--class", metavar="NAME", help="Compare with this class in place of the runner-up."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="The file to write: a page (.html) or a picture (.png).")
    ] = Path("explain.html"),
    language: Annotated[str, typer.Option(metavar="en|zh", help="Of the words.")] = "en",
    device: Annotated[str, typer.Option(help="auto (cuda, mps, cpu), cpu, cuda, mps.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Show what the answer to a picture depends on: why 4 and not 9.

    By hiding a part after the other (occlusion) and by integrated gradients, for the answer, for
    the runner-up, and for the one rather than the other.
    """
    from thumbnet.inspection.explanation import explain_picture
    from thumbnet.inspection.explanation_page import check_explanation_path, write_explanation
    from thumbnet.inspection.explanation_words import (
        describe_classes,
        describe_evidence,
        describe_refusal,
    )

    check_language(language)
    check_explanation_path(out)
    found = list(find_pictures([image]))
    if len(found) != 1:
        raise ImageError("one picture is explained at a time", got=f"{len(found)} in {image}")
    ((name, content),) = found
    explanation = explain_picture(_load(model, device), content, against)
    shown = "" if name == STDIN else Path(name).name
    write_explanation(explanation, out, name=shown, language=language)
    sentence = describe_evidence(explanation, language)
    if as_json:
        print_json({"file": name, **explanation.to_dict(), "words": sentence, "out": str(out)})
        return
    print("\n".join(describe_classes(explanation, language)))
    print(describe_refusal(explanation, language))
    print(sentence)
    note(f"{out} is written")


def _load(name: str, device: str) -> Classifier:
    """Load the weights that a name means; an exported file has none that gradients go through."""
    from thumbnet.evaluation.classifier import Classifier
    from thumbnet.inference.locate import bundled_weights, is_bundled
    from thumbnet.training.device import choose_device

    path = bundled_weights(name) if is_bundled(name) else Path(name)
    if path.is_file():
        raise ModelError(
            "an exported file cannot be explained, which takes the weights",
            got=path,
            expected="a run folder, or a model folder with model.safetensors",
            fix="thumbnet explain IMAGE --model RUN",
        )
    return Classifier.load(path, choose_device(device))
