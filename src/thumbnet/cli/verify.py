"""``thumbnet verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from thumbnet.cli.output import print_json

CANNOT_PROVE = (
    "What this cannot prove: who made the file. A SHA-256 tells damage; whoever changes a file can "
    "compute it again. Compare it with one that you got another way."
)


def verify(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A run, a model folder, an .onnx file, digits.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Check a model: checksums, parity on a sample, and what it was trained on."""
    from thumbnet.errors import ModelError
    from thumbnet.inference.locate import find_recogniser

    file = find_recogniser(model)
    folder = _model_folder(model, file)
    if file is None and folder is None:
        raise ModelError(
            "this is no model" if Path(model).exists() else "the model does not exist",
            got=model,
            expected="a run, a model folder, an .onnx file or digits",
        )
    facts: dict[str, Any] = {"model": model}
    if folder is not None:
        facts["weights"] = _verify_folder(folder)
    if file is not None:
        facts |= _verify_file(file, folder)
    facts["cannot_prove"] = CANNOT_PROVE
    if as_json:
        print_json(facts)
    else:
        _print(facts)


def _model_folder(model: str, file: Path | None) -> Path | None:
    """Return the folder with the weights, beside the file or by its own name."""
    from thumbnet.inference.locate import WEIGHTS_FILE

    places = [Path(model), Path(model) / "model"] if file is None else [file.parent]
    return next((place for place in places if (place / WEIGHTS_FILE).is_file()), None)


def _verify_folder(folder: Path) -> dict[str, Any]:
    from thumbnet.models.folder import load_model_folder

    _, config = load_model_folder(folder)
    return {"folder": str(folder), "checksums": "equal", "trained_on": config.trained_on}


def _verify_file(file: Path, folder: Path | None) -> dict[str, Any]:
    from thumbnet.inference import Recogniser
    from thumbnet.inference.locate import check_weights

    recogniser = Recogniser.load(file)
    metadata = recogniser.metadata
    check_weights(file, metadata["model_sha256"])
    facts: dict[str, Any] = {
        "file": str(file),
        "sha256": recogniser.sha256,
        "seal": "equal",
        "class_names": list(recogniser.class_names),
        "made": metadata["made"],
        "thumbnet_version": metadata["thumbnet_version"],
        "trained_on": metadata["trained_on"],
        "certificate": metadata["certificate"],
        "parity": "not checked: the weights are not beside the file",
    }
    if folder is not None:
        from thumbnet.export.single_file import check_parity

        facts["parity"] = check_parity(file, folder).to_dict()
    return facts


def _print(facts: dict[str, Any]) -> None:
    if "weights" in facts:
        print(f"weights   {facts['weights']['folder']}: every checksum is equal")
    trained_on = facts.get("trained_on") or facts["weights"]["trained_on"]
    if "file" in facts:
        print(f"file      {facts['file']}: its seal is equal")
        print(f"SHA-256   {facts['sha256']}")
        print(f"classes   {', '.join(facts['class_names'])}")
        print(f"made      {facts['made']}, Thumbnet {facts['thumbnet_version']}")
        certificate = facts["certificate"]
        print(
            f"parity    when exported: {certificate['num_test']:,} test images and "
            f"{certificate['num_random']:,} made pictures, largest difference "
            f"{certificate['max_probability_difference']:.1e}"
        )
        parity = facts["parity"]
        now = (
            parity
            if isinstance(parity, str)
            else f"{parity['num_random']} made pictures, largest difference "
            f"{parity['max_probability_difference']:.1e}"
        )
        print(f"          now: {now}")
    shown = (f"{key} {value}" for key, value in trained_on.items())
    print(f"trained   {', '.join(shown)}")
    print(facts["cannot_prove"])
