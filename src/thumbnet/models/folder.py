"""The model folder: weights, configuration, card and checksums, without pickle.

```text
model/
  model.safetensors   the weights
  config.json         architecture, classes, input, normalisation, temperature, refusal threshold
  README.md           the card
  model.onnx          the same as a single file that takes raw pixels, once it was exported
  manifest.json       SHA-256 of each of the above
```
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from safetensors import SafetensorError
from torch import Tensor, nn

from thumbnet import files
from thumbnet.errors import ModelError
from thumbnet.models.registry import RESERVED_ARGUMENTS, build_model

FORMAT = 1
WEIGHTS, CONFIG, CARD, MANIFEST = "model.safetensors", "config.json", "README.md", "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Architecture(_Part):
    """A registered model name and its keyword arguments."""

    name: str
    arguments: dict[str, Any]

    @field_validator("arguments")
    @classmethod
    def _are_the_familys_own(cls, value: dict[str, Any]) -> dict[str, Any]:
        if RESERVED_ARGUMENTS & value.keys():
            raise ValueError(f"may not hold {', '.join(sorted(RESERVED_ARGUMENTS))}")
        return value


class ModelInput(_Part):
    """What the network takes: ``(pixel / scale - mean) / std`` of ``(N, channels, size, size)``.

    ``frame`` says how a picture of any size becomes such a one, see ``thumbnet.frame``.
    """

    channels: int
    size_px: int
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    frame: Literal["mnist", "resize"] = "resize"

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(channels, height, width)``."""
        return self.channels, self.size_px, self.size_px


class Views(_Part):
    """How many ways each picture is looked at; the logits' weighted mean is the answer.

    The views of cifar10-airbench (Jordan 2024, 2404.00498): the picture itself with weight ½ and
    two diagonal shifts with ¼ each, edges reflected; with ``mirror`` each of them both ways.
    """

    mirror: bool = Field(False, description="also left to right; never for digits")
    shift_px: int = Field(0, ge=0, description="also shifted up-left and down-right by this")

    @property
    def count(self) -> int:
        """The number of views: 1, 2, 3 or 6."""
        return (3 if self.shift_px else 1) * (2 if self.mirror else 1)


class ModelConfig(_Part):
    """Everything beside the weights that recognising needs, and what they were trained on.

    Attributes:
        views: what is averaged at every prediction; a single view unless the recipe says more.
        rejects: the network has one more output, the last, for pictures of none of the classes.
        temperature: logits are divided by it before the softmax; 1 where nothing was fitted.
        refusal_threshold: an answer whose score is below it is refused; 0 refuses nothing.
        trained_on: data name and content hash, recipe and seed, for people and for ``test``.
    """

    format: int = FORMAT
    architecture: Architecture
    class_names: tuple[str, ...] = Field(min_length=2)
    input: ModelInput
    views: Views = Views()
    rejects: bool = False
    temperature: float = Field(1.0, gt=0)
    refusal_threshold: float = Field(0.0, ge=0, le=1)
    trained_on: dict[str, Any] = {}

    @property
    def num_outputs(self) -> int:
        """How many logits the network has."""
        return len(self.class_names) + self.rejects


def save_model_folder(
    folder: Path, weights: dict[str, Tensor], config: ModelConfig, card: str
) -> None:
    """Write the four files into an existing folder, the manifest last."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    contents = {
        WEIGHTS: safetensors.torch.save(tensors),
        CONFIG: files.to_json(config.model_dump(mode="json")).encode(),
        CARD: card.encode(),
    }
    for name, content in contents.items():
        files.write_atomically(folder / name, content)
    checksums = {name: files.sha256(folder / name) for name in contents}
    files.write_atomically(
        folder / MANIFEST, files.to_json({"format": FORMAT, "sha256": checksums})
    )


def add_to_manifest(folder: Path, *names: str) -> None:
    """Let the manifest of a model folder say the checksums of more, or changed, files in it."""
    manifest = _read_json(folder / MANIFEST)
    manifest["sha256"] |= {name: files.sha256(folder / name) for name in names}
    files.write_atomically(folder / MANIFEST, files.to_json(manifest))


def find_model_folder(path: Path) -> Path:
    """Return the model folder that ``path`` is, or that the run folder ``path`` holds.

    Raises:
        ModelError: there is none.
    """
    try:
        for candidate in (path, path / "model"):
            if (candidate / MANIFEST).is_file():
                return candidate
    except OSError as error:
        raise ModelError(f"the model cannot be read: {error.strerror}", got=path) from None
    if (path / "recipe.toml").is_file():
        raise ModelError(
            "this run has not finished, so it has no model yet",
            got=path,
            fix=f"thumbnet train --resume {path}",
        )
    raise ModelError(
        "this is no model" if path.exists() else "the model does not exist",
        got=path,
        expected=f"a run folder, or a model folder with {MANIFEST}",
        fix="train one: thumbnet train mnist",
    )


def load_model_folder(folder: Path) -> tuple[nn.Module, ModelConfig]:
    """Verify every checksum, rebuild the network and load its weights.

    Returns:
        The network in evaluation mode on the CPU, and its configuration.

    Raises:
        ModelError: a file is missing, changed, or of a newer format.
    """
    manifest = _read_json(folder / MANIFEST)
    _check_format(manifest, folder)
    checksums = manifest.get("sha256")
    if not isinstance(checksums, dict) or not {WEIGHTS, CONFIG} <= checksums.keys():
        raise ModelError("the model's manifest is damaged", got=folder / MANIFEST)
    for name, expected in checksums.items():
        path = folder / Path(name).name
        got = files.sha256(path) if path.is_file() else "no such file"
        if got != expected:
            raise ModelError(
                f"the model's '{name}' is not the one that was saved",
                got=f"{path}, SHA-256 {got}",
                expected=expected,
                fix="copy the whole model folder again, or train again",
            )
    values = _read_json(folder / CONFIG)
    _check_format(values, folder)
    try:
        config = ModelConfig.model_validate(values)
        weights = safetensors.torch.load_file(folder / WEIGHTS)
    except (ValidationError, SafetensorError) as error:
        raise ModelError(f"the model's files are damaged: {error}", got=folder) from error
    network = build_model(
        config.architecture.name,
        config.input.shape,
        config.num_outputs,
        **config.architecture.arguments,
    )
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError("the weights do not fit the architecture", got=folder) from error
    return network.eval().to(memory_format=torch.channels_last), config


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"a file of the model cannot be read: {error}", got=path) from None
    if not isinstance(value, dict):
        raise ModelError("a file of the model is damaged", got=path, expected="a JSON object")
    return value


def _check_format(values: dict[str, Any], folder: Path) -> None:
    version = values.get("format")
    if not isinstance(version, int) or version > FORMAT:
        raise ModelError(
            "the model folder has a format that this version does not know",
            got=f"{folder}, format {version}",
            expected=f"format {FORMAT} or older",
            fix="pip install --upgrade thumbnet",
        )
