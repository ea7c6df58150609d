"""Which file a person means by the name of a model."""

from __future__ import annotations

from pathlib import Path

from thumbnet.errors import ModelError
from thumbnet.files import sha256

BUNDLED = ("digits",)
MODEL_FILE, WEIGHTS_FILE = "model.onnx", "model.safetensors"
_MANIFEST = "manifest.json"


def bundled_model(name: str = "digits") -> Path:
    """Return the file of a recogniser that is part of the package."""
    return Path(__file__).parent / "bundled" / f"{name}.onnx"


def bundled_weights(name: str = "digits") -> Path:
    """Return the model folder, with weights that torch can load, of a bundled recogniser."""
    return bundled_model(name).with_suffix("")


def find_recogniser(path: Path | str) -> Path | None:
    """Return the recogniser's file that ``path`` means, or None where there is none.

    A bundled name means that recogniser unless there is a file or folder of the name; a folder, of
    a run or of a model, means the ``model.onnx`` in it.
    """
    place = Path(path)
    if is_bundled(str(path)):
        return bundled_model(str(path))
    if place.is_file():
        return place
    for folder in (place, place / "model"):
        if (folder / MODEL_FILE).is_file():
            return folder / MODEL_FILE
    return None


def is_bundled(word: str) -> bool:
    """Return whether a word means a bundled recogniser: its name, and nothing else has it."""
    return word in BUNDLED and not Path(word).exists()


def is_model(word: str) -> bool:
    """Return whether a word on the command line means a model rather than a picture."""
    place = Path(word)
    if place.suffix.lower() == ".onnx" or is_bundled(word):
        return True
    return (
        any((folder / _MANIFEST).is_file() for folder in (place, place / "model"))
        or (place / "recipe.toml").is_file()
    )


def check_weights(file: Path, expected_sha256: str) -> None:
    """Make sure that the weights beside a recogniser's file are those that it was made of.

    Raises:
        ModelError: they are others: the model was trained again and not exported again.
    """
    weights = file.with_name(WEIGHTS_FILE)
    if file.name != MODEL_FILE or not weights.is_file():
        return
    got = sha256(weights)
    if got != expected_sha256:
        raise ModelError(
            f"'{file}' was not made of the weights beside it",
            got=f"{weights}, SHA-256 {got}",
            expected=expected_sha256,
            fix=f"thumbnet export {file.parent}",
        )
