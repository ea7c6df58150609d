"""What a reader says of a photo: lines of digits, each with its box, its odds and its doubts."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from thumbnet.reading.diagnosis import describe

if TYPE_CHECKING:
    import numpy as np

UNSURE = "?"
_WORTH_SAYING = 0.01


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the upright picture; ``right`` and ``bottom`` are just outside."""

    left: int
    top: int
    right: int
    bottom: int

    def to_list(self) -> list[int]:
        """Return left, top, right, bottom."""
        return [self.left, self.top, self.right, self.bottom]

    @staticmethod
    def around(boxes: Iterable[Box]) -> Box:
        """Return the smallest box that holds all of ``boxes``, of which there is one at least."""
        edges = list(zip(*(box.to_list() for box in boxes), strict=True))
        return Box(min(edges[0]), min(edges[1]), max(edges[2]), max(edges[3]))


@dataclass(frozen=True)
class Digit:
    """One glyph.

    Attributes:
        text: the digit, or ``?`` where it is refused or not certain enough.
        box: around its ink.
        label: the most probable digit, also where it is refused.
        probability: of ``label``, in [0, 1].
        score: how much the glyph is a digit at all, in [0, 1].
        probabilities: digit → probability, summing to 1.
        refused: whether the recogniser takes it for no digit.
        seen: uint8 ``(28, 28)``, white ink on black: what the network saw.
        diagnosis: codes of what makes it unsure, see ``describe``; empty where nothing does.
    """

    text: str
    box: Box
    label: str
    probability: float
    score: float
    probabilities: dict[str, float]
    refused: bool
    seen: np.ndarray = field(repr=False, compare=False)
    diagnosis: tuple[str, ...] = ()

    @property
    def alternatives(self) -> tuple[tuple[str, float], ...]:
        """The other digits of at least 1 %, the most probable first."""
        others = [(name, p) for name, p in self.probabilities.items() if name != self.label]
        likely = [(name, p) for name, p in others if p >= _WORTH_SAYING]
        return tuple(sorted(likely, key=lambda other: -other[1]))

    def to_dict(self, *, seen: bool = False, language: str = "en") -> dict[str, Any]:
        """Return what JSON can hold; ``seen`` adds the 28×28 as a PNG in base64."""
        found: dict[str, Any] = {
            "text": self.text,
            "label": self.label,
            "box": self.box.to_list(),
            "probability": self.probability,
            "score": self.score,
            "refused": self.refused,
            "alternatives": [list(other) for other in self.alternatives],
            "probabilities": self.probabilities,
            "diagnosis": _in_words(self.diagnosis, language),
        }
        if seen:
            found["seen"] = _png(self.seen)
        return found


@dataclass(frozen=True)
class Line:
    """Digits that stand in a row, from left to right; at least one."""

    digits: tuple[Digit, ...]

    @property
    def text(self) -> str:
        """The digits as text."""
        return "".join(digit.text for digit in self.digits)

    @property
    def box(self) -> Box:
        """Around all of its digits."""
        return Box.around(digit.box for digit in self.digits)

    @property
    def probability(self) -> float:
        """That every digit is right, if they were independent: the product of theirs."""
        product = 1.0
        for digit in self.digits:
            product *= digit.probability
        return product

    def to_dict(self, *, seen: bool = False, language: str = "en") -> dict[str, Any]:
        """Return what JSON can hold; see ``Digit.to_dict``."""
        return {
            "text": self.text,
            "box": self.box.to_list(),
            "probability": self.probability,
            "digits": [digit.to_dict(seen=seen, language=language) for digit in self.digits],
        }


@dataclass(frozen=True)
class Reading:
    """All that was read in one picture.

    Attributes:
        width: of the upright picture, in pixels.
        height: the same.
        lines: from top to bottom.
        diagnosis: codes of what is wrong with the whole picture, see ``describe``.
    """

    width: int
    height: int
    lines: tuple[Line, ...]
    diagnosis: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The lines as text, one below the other."""
        return "\n".join(line.text for line in self.lines)

    def to_dict(self, *, seen: bool = False, language: str = "en") -> dict[str, Any]:
        """Return what JSON can hold; see ``Digit.to_dict``."""
        return {
            "text": self.text,
            "width": self.width,
            "height": self.height,
            "diagnosis": _in_words(self.diagnosis, language),
            "lines": [line.to_dict(seen=seen, language=language) for line in self.lines],
        }


def _in_words(codes: tuple[str, ...], language: str) -> list[dict[str, str]]:
    return [{"code": code, "words": describe(code, language)} for code in codes]


def _png(seen: np.ndarray) -> str:
    from PIL import Image

    content = BytesIO()
    Image.fromarray(seen).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode("ascii")
