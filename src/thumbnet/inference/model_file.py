"""The file of a recogniser: an ONNX file that is sealed, and checked before onnxruntime sees it.

The file's last bytes are one more metadata entry, ``thumbnet.sha256``, with the SHA-256 of all
bytes before it. Protobuf allows entries to be appended, so the file stays plain ONNX, and it can be
checked whole without being parsed. The seal tells damage; it is no signature, since whoever changes
a file can seal it again. So the structure is checked too: see ``onnx_checks``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from thumbnet.errors import ModelError
from thumbnet.inference.metadata import parse_metadata
from thumbnet.inference.onnx_checks import METADATA_KEY, OnnxFacts, Tensor, check_onnx
from thumbnet.inference.protobuf import CutOffError, Reader, WireError

MAX_MODEL_BYTES = 256 * 1024 * 1024
SEAL_KEY = "thumbnet.sha256"

_NUM_DIGITS = 64
_ENTRY_BYTES = 2 + len(SEAL_KEY) + 2 + _NUM_DIGITS
# Field 14, an entry: field 1 is the key, field 2 the value; all lengths fit into one byte.
_SEAL_HEAD = (
    bytes([14 << 3 | 2, _ENTRY_BYTES, 1 << 3 | 2, len(SEAL_KEY)])
    + SEAL_KEY.encode()
    + bytes([2 << 3 | 2, _NUM_DIGITS])
)
_METADATA_HEAD = bytes([1 << 3 | 2, len(METADATA_KEY)]) + METADATA_KEY.encode()
SEAL_BYTES = len(_SEAL_HEAD) + _NUM_DIGITS

# Of the flatbuffer format that onnxruntime would take these bytes for, whatever protobuf they are.
_ORT_FORMAT_MARK = slice(4, 8), b"ORTM"
_FRESH_COPY = "copy the file again, or export it again: thumbnet export RUN"
_EXPECTED = "an .onnx file that thumbnet export wrote"
_INPUT = ("pixels", "uint8", 4)
_OUTPUTS = (
    ("label", "int64", 1),
    ("probability", "float32", 1),
    ("probabilities", "float32", 2),
    ("refused", "bool", 1),
    ("score", "float32", 1),
)
OUTPUT_NAMES = (*(name for name, _, _ in _OUTPUTS), "seen")


@dataclass(frozen=True)
class ModelFile:
    """A file that was checked.

    Attributes:
        content: all of it, for onnxruntime.
        metadata: see ``metadata.parse_metadata``.
        class_names: what the labels 0, 1, … mean.
        channels: of what the network sees, 1 (grey) or 3 (RGB).
        size_px: the side of the square that the network sees.
        frame: how a picture becomes that square: ``mnist`` or ``resize``.
        opset: version of ONNX's operators.
        sha256: of the bytes before the seal, as the seal says.
    """

    content: bytes = field(repr=False)
    metadata: dict[str, Any] = field(repr=False)
    class_names: tuple[str, ...]
    channels: int
    size_px: int
    frame: str
    opset: int
    sha256: str


def seal(model_bytes: bytes) -> bytes:
    """Return an ONNX file with the entry at its end that says its SHA-256.

    Raises:
        ModelError: it is sealed already.
    """
    if _has_seal(model_bytes):
        raise ModelError("the model is sealed already", expected="an ONNX file without a seal")
    return model_bytes + _SEAL_HEAD + hashlib.sha256(model_bytes).hexdigest().encode()


def read_model_file(source: Path | str | bytes) -> ModelFile:
    """Read a recogniser's file and check all that can be checked without running it.

    Args:
        source: a path, or the bytes of a file.

    Raises:
        ModelError: there is no such file, it is too large, damaged, no ONNX, not one that
            ``thumbnet export`` wrote, or asks for something that no recogniser needs.
    """
    name = "model" if isinstance(source, bytes) else str(source)
    content, sha256 = read_sealed(source)
    body = memoryview(content)[:-SEAL_BYTES]
    place, mark = _ORT_FORMAT_MARK
    if content[place] == mark:
        raise _not_onnx(content, name)
    facts = check_onnx(body, name)
    metadata = parse_metadata(facts.metadata, name)
    _check_interface(facts, metadata, name)
    return ModelFile(
        content=content,
        metadata=metadata,
        class_names=tuple(metadata["class_names"]),
        channels=metadata["input"]["channels"],
        size_px=metadata["input"]["size_px"],
        frame=metadata["input"]["frame"],
        opset=facts.opset,
        sha256=sha256,
    )


def read_sealed(source: Path | str | bytes) -> tuple[bytes, str]:
    """Return the bytes of a sealed file that is whole, and its SHA-256, as the seal says it.

    Raises:
        ModelError: there is no such file, it is too large, damaged, or has no seal.
    """
    if isinstance(source, bytes):
        name, content = "model", source
    else:
        name, content = str(source), _read(Path(source))
    _check_num_bytes(len(content), name)
    if not _has_seal(content):
        raise _without_seal(content, name)
    sha256 = content[-_NUM_DIGITS:].decode("ascii", "replace")
    if hashlib.sha256(memoryview(content)[:-SEAL_BYTES]).hexdigest() != sha256:
        raise _damaged(name, "its SHA-256 is not the one that it was sealed with")
    return content, sha256


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise ModelError(
                f"'{path}' is a folder, not the file of a recogniser",
                got=path,
                expected=_EXPECTED,
                fix=f"thumbnet export {path}",
            )
        if not path.is_file():
            what = "is not a file" if path.exists() else "does not exist"
            raise ModelError(f"the model '{path}' {what}", got=path, expected=_EXPECTED)
        _check_num_bytes(path.stat().st_size, str(path))
        with path.open("rb") as file:
            return file.read(MAX_MODEL_BYTES + 1)
    except (OSError, ValueError) as error:
        # ValueError: a path with a null character.
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"the model cannot be read: {reason}", got=path) from None


def _check_num_bytes(num_bytes: int, name: str) -> None:
    if num_bytes == 0:
        raise ModelError(f"'{name}' is empty", got="0 bytes", expected=_EXPECTED)
    if num_bytes > MAX_MODEL_BYTES:
        raise ModelError(
            f"'{name}' is too large for a recogniser",
            got=f"{num_bytes:,} bytes or more",
            expected=f"at most {MAX_MODEL_BYTES:,} bytes",
            fix="use a smaller network",
        )


def _has_seal(content: bytes) -> bool:
    return content[-SEAL_BYTES:-_NUM_DIGITS] == _SEAL_HEAD


def _without_seal(content: bytes, name: str) -> ModelError:
    """Say what a file without a seal at its end most likely is."""
    numbers: list[int] = []
    try:
        for number, _ in Reader().fields(memoryview(content)):
            numbers.append(number)
    except CutOffError as error:
        # Every writer of ONNX begins with field 1, the version.
        return _damaged(name, error) if content[0] == 1 << 3 else _not_onnx(content, name)
    except WireError:
        known = SEAL_KEY.encode() in content
        return _damaged(name, "no seal at its end") if known else _not_onnx(content, name)
    if 7 not in numbers:
        return _not_onnx(content, name)
    if _METADATA_HEAD in content or SEAL_KEY.encode() in content:
        return _damaged(name, "no seal at its end")
    return ModelError(
        f"'{name}' is not a recogniser that thumbnet export wrote",
        got="an ONNX file without Thumbnet's seal",
        expected=_EXPECTED,
        fix="thumbnet export RUN",
    )


def _damaged(name: str, got: object) -> ModelError:
    return ModelError(
        f"'{name}' is cut off: the file was changed or damaged"
        if isinstance(got, CutOffError)
        else f"'{name}': the file was changed or damaged",
        got=got,
        expected="the file as it was exported",
        fix=_FRESH_COPY,
    )


def _not_onnx(content: bytes, name: str) -> ModelError:
    return ModelError(
        f"'{name}' is not an ONNX file",
        got=f"{len(content):,} bytes that begin with {content[:8].hex(' ')}",
        expected=_EXPECTED,
    )


def _check_interface(facts: OnnxFacts, metadata: dict[str, Any], name: str) -> None:
    channels, num_classes = metadata["input"]["channels"], len(metadata["class_names"])
    outputs = (*_OUTPUTS, ("seen", "uint8", 3 if channels == 1 else 4))
    _check_tensors("inputs", facts.inputs, (_INPUT,), name)
    _check_tensors("outputs", facts.outputs, outputs, name)
    width = facts.outputs[2].dimensions[1]
    if width not in (None, num_classes):
        raise ModelError(
            f"'{name}' does not know as many classes as it has names",
            got=f"{width} probabilities, {num_classes} names",
            expected="a probability for each name",
            fix=_FRESH_COPY,
        )


def _check_tensors(
    what: str, found: tuple[Tensor, ...], expected: tuple[tuple[str, str, int], ...], name: str
) -> None:
    forms = tuple((each.name, each.element_type, len(each.dimensions)) for each in found)
    if forms != expected:
        raise ModelError(
            f"'{name}' has other {what} than a recogniser",
            got=", ".join(str(tensor) for tensor in found[:10]) or "none",
            expected=", ".join(f"{key} {kind} of rank {rank}" for key, kind, rank in expected),
            fix=_FRESH_COPY,
        )
