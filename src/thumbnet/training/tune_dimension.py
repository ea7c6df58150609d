"""One key of a search space: its text, what is sampled, and what that means in the recipe."""

from __future__ import annotations

import json
import math
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from pydantic import BaseModel

from thumbnet.errors import RecipeError
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import parse_overrides, resolve_key

FORMS = "KEY=LOW:HIGH, KEY=LOW:HIGH:log or KEY=a,b,c"
EXAMPLE = "--space lr=1e-3:1e-1:log --space batch_size=32,64,128"

_RANGE = re.compile(r"\s*([^:,\[{\"']+):([^:,]+)(?::([^:,]*))?\s*")
# A score is comparable only among trials that were scored on the same images, from the same start.
_NOT_TUNED = {
    **dict.fromkeys(
        ("data", "data.name", "data.validation", "data.validation_from", "data.split_seed"),
        "scores on other validation images do not compare",
    ),
    "seed": "the best seed is only the luckiest one",
    "name": "it changes nothing",
    "description": "it changes nothing",
}


@dataclass(frozen=True)
class Dimension:
    """One key of the recipe and the values that it may take.

    Attributes:
        key: the full dotted key.
        distribution: what is sampled: numbers of a range, or the labels of the choices.
        choices: label → value, empty for a range.
    """

    key: str
    distribution: FloatDistribution | IntDistribution | CategoricalDistribution
    choices: Mapping[str, Any]

    @property
    def corners(self) -> list[Any]:
        """Both ends of a range, or the labels of all choices."""
        if isinstance(self.distribution, CategoricalDistribution):
            return list(self.choices)
        return [self.distribution.low, self.distribution.high]

    def value(self, sampled: Any) -> Any:
        """Return the recipe's value for what was sampled."""
        return self.choices[sampled] if self.choices else sampled

    @property
    def text(self) -> str:
        """The dimension as it may be given, without its key."""
        if isinstance(self.distribution, CategoricalDistribution):
            return ",".join(self.choices)
        low, high, log = self.distribution.low, self.distribution.high, self.distribution.log
        return f"{low!r}:{high!r}{':log' if log else ''}"


def parse_dimension(text: str) -> Dimension:
    """Return the dimension that a text such as ``lr=1e-3:1e-1:log`` describes.

    Raises:
        RecipeError: see ``make_space``.
    """
    name, separator, body = text.partition("=")
    if not separator or not name.strip() or not body.strip():
        raise RecipeError(
            "a part of the space cannot be understood", got=text, expected=FORMS, fix=EXAMPLE
        )
    key = resolve_key(name.strip())
    if key in _NOT_TUNED:
        raise RecipeError(f"'{key}' cannot be tuned: {_NOT_TUNED[key]}", got=text)
    matched = _RANGE.fullmatch(body)
    if matched is None:
        return _choices(key, body, text)
    low, high, scale = matched.groups()
    return Dimension(key, _range(key, low, high, scale, text), {})


def _range(
    key: str, low_text: str, high_text: str, scale: str | None, text: str
) -> FloatDistribution | IntDistribution:
    try:
        low, high = float(low_text), float(high_text)
    except ValueError:
        low = high = math.nan
    if scale not in (None, "log") or not math.isfinite(low) or not math.isfinite(high):
        raise RecipeError("a range cannot be understood", got=text, expected=FORMS, fix=EXAMPLE)
    if not low < high:
        raise RecipeError("a range must rise", got=text, expected="LOW below HIGH")
    log = scale == "log"
    if log and low <= 0:
        raise RecipeError("a logarithmic range must be positive", got=text, expected="LOW above 0")
    are_whole = all(re.fullmatch(r"\s*[+-]?\d+\s*", end) for end in (low_text, high_text))
    kinds = _kinds(key)
    if not kinds & {int, float}:
        raise RecipeError(
            f"'{key}' has no range", got=text, expected="its values", fix=f"--space {key}=a,b"
        )
    if float not in kinds and not are_whole:
        raise RecipeError(f"'{key}' takes whole numbers", got=text, expected="whole LOW and HIGH")
    if int in kinds and are_whole:
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(low, high, log=log)


def _choices(key: str, body: str, text: str) -> Dimension:
    try:
        values = tomllib.loads(f"values = [{body}]")["values"]
    except tomllib.TOMLDecodeError:  # words without quotes
        parts = [part.strip() for part in body.split(",")]
        if not all(parts):
            raise RecipeError("a choice is empty", got=text, expected=FORMS) from None
        values = [parse_overrides([f"choice={part}"])["choice"] for part in parts]
    choices = {
        value if isinstance(value, str) else json.dumps(value, default=str): value
        for value in values
    }
    if len(choices) < max(2, len(values)):
        raise RecipeError(
            "a choice needs different values, two or more",
            got=text,
            expected=FORMS,
            fix=f"--set {text}" if len(values) == 1 else None,
        )
    return Dimension(key, CategoricalDistribution(tuple(choices)), choices)


def _kinds(key: str) -> set[type]:
    """Return which kinds of number ``key`` takes; a model's arguments may take either."""
    if key.startswith("model."):
        return {int, float}
    annotation: Any = Recipe
    for part in key.split("."):
        assert isinstance(annotation, type)
        assert issubclass(annotation, BaseModel)
        annotation = annotation.model_fields[part].annotation
    kinds = {annotation}
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        kinds = set(typing.get_args(annotation))
    return kinds - {type(None)}
