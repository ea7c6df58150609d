"""The metadata of a recogniser: JSON that says what its answers mean, checked by hand.

No pydantic: the small install has none, and it would double the time to the first answer.
"""

from __future__ import annotations

import json
import math
import re
import reprlib
from collections.abc import Callable
from typing import Any, NoReturn

from thumbnet.errors import ModelError

FORMAT = 1
FRAMES = ("mnist", "resize")
MAX_CLASSES = 10_000
MAX_SIZE_PX = 4096
MAX_TEMPERATURE = 1_000_000
MAX_METADATA_CHARACTERS = 8_000_000

_EXPECTED_NAMES = f"2 to {MAX_CLASSES:,} different names"


def parse_metadata(text: str, name: str) -> dict[str, Any]:
    """Return the metadata as a dictionary whose values are of the kinds that a recogniser needs.

    Keys that this version does not know are kept.

    Args:
        text: a JSON object.
        name: what an error calls the file.

    Raises:
        ModelError: it is no JSON, of a newer format, or a value is missing or of another kind.
    """
    metadata = _load(text, name)
    version = metadata.get("format")
    if not _is_int(version) or version != FORMAT:
        raise ModelError(
            f"'{name}' has a format that this version does not know",
            got=f"format {_short(version)}",
            expected=f"format {FORMAT}",
            fix="pip install --upgrade thumbnet",
        )
    _check(metadata, _KINDS, "", name)
    _check(metadata["input"], _INPUT_KINDS, "input.", name)
    return metadata


def _load(text: str, name: str) -> dict[str, Any]:
    if len(text) > MAX_METADATA_CHARACTERS:
        _refuse(name, f"{len(text):,} characters", f"at most {MAX_METADATA_CHARACTERS:,}")
    try:
        metadata = json.loads(text, parse_constant=_no_constant)
        # JSON can hold half of a character, which could be neither printed nor saved.
        json.dumps(metadata, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        _refuse(name, str(error) or type(error).__name__, "a JSON object")
    if not isinstance(metadata, dict):
        _refuse(name, _short(metadata), "a JSON object")
    return metadata


def _check(values: dict[str, Any], kinds: _Kinds, prefix: str, name: str) -> None:
    for key, (is_right, expected) in kinds.items():
        if key not in values:
            _refuse(name, f"no '{prefix}{key}'", f"'{prefix}{key}': {expected}")
        if not is_right(values[key]):
            _refuse(name, f"'{prefix}{key}' is {_short(values[key])}", expected)


def _refuse(name: str, got: str, expected: str) -> NoReturn:
    raise ModelError(
        f"'{name}' has metadata that cannot be used",
        got=got,
        expected=expected,
        fix="export it again: thumbnet export RUN",
    )


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _short(value: object) -> str:
    return reprlib.repr(value)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_names(value: object) -> bool:
    return (
        isinstance(value, list)
        and 2 <= len(value) <= MAX_CLASSES
        and all(isinstance(each, str) and each for each in value)
        and len(set(value)) == len(value)
    )


def _is_number(value: object) -> bool:
    return _is_int(value) or (isinstance(value, float) and math.isfinite(value))


_Kinds = dict[str, tuple[Callable[[Any], bool], str]]
_OBJECT = (lambda value: isinstance(value, dict), "a JSON object")
_TEXT = (lambda value: isinstance(value, str), "a text")
_KINDS: _Kinds = {
    "thumbnet_version": _TEXT,
    "class_names": (_are_names, _EXPECTED_NAMES),
    "input": _OBJECT,
    "temperature": (
        lambda value: _is_number(value) and 0 < value <= MAX_TEMPERATURE,
        f"a number above 0, at most {MAX_TEMPERATURE:,}",
    ),
    "refusal_threshold": (
        lambda value: _is_number(value) and 0 <= value <= 1,
        "a number from 0 to 1",
    ),
    "recipe": (lambda value: value is None or isinstance(value, dict), "a JSON object or null"),
    "trained_on": _OBJECT,
    "model_sha256": (
        lambda value: isinstance(value, str) and bool(re.fullmatch("[0-9a-f]{64}", value)),
        "64 hexadecimal digits",
    ),
    "opset": (_is_int, "a whole number"),
    "certificate": _OBJECT,
    "card": _TEXT,
    "made": _TEXT,
}
_INPUT_KINDS: _Kinds = {
    "channels": (lambda value: _is_int(value) and value in (1, 3), "1 or 3"),
    "size_px": (
        lambda value: _is_int(value) and 1 <= value <= MAX_SIZE_PX,
        f"a whole number from 1 to {MAX_SIZE_PX}",
    ),
    "frame": (lambda value: value in FRAMES, f"one of: {', '.join(FRAMES)}"),
}
