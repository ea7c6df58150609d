"""What a person knows of the digits before they are read."""

from __future__ import annotations

from dataclasses import dataclass

from thumbnet.errors import ThumbnetError

ALL_DIGITS = "0123456789"


@dataclass(frozen=True)
class ReadOptions:
    """What may be expected of a picture.

    Attributes:
        charset: the digits that may occur, such as ``"0123456789"``.
        expect: how many digits a line has, if that is known.
        min_confidence: a digit less probable than this is shown as ``?``; in [0, 1].

    Raises:
        ThumbnetError: a value is out of range.
    """

    charset: str = ALL_DIGITS
    expect: int | None = None
    min_confidence: float = 0.0

    def __post_init__(self) -> None:
        if not self.charset or not set(self.charset) <= set(ALL_DIGITS):
            raise ThumbnetError(
                "the charset is not made of digits",
                got=repr(self.charset),
                expected="one or more of 0123456789",
            )
        if self.expect is not None and self.expect < 1:
            raise ThumbnetError(
                "a line has at least one digit", got=self.expect, expected="1 or more"
            )
        # NaN is in no range.
        if not 0 <= self.min_confidence <= 1:
            raise ThumbnetError(
                "the confidence is no probability",
                got=self.min_confidence,
                expected="from 0 to 1",
            )
