"""Walking protobuf messages field by field, strictly and within bounds, without the onnx package.

The encoding is that of https://protobuf.dev/programming-guides/encoding. What a lenient parser
might read differently from this one (tags of more than 32 bits, groups) is refused, so that
whatever was checked here is also what onnxruntime will see.
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
MAX_FIELDS = 1_000_000
"""A million fields take about a second; a recogniser has some ten thousand."""

_FIXED_BYTES = {FIXED64: 8, FIXED32: 4}
_LARGEST_TAG = 2**32 - 1

Value = int | memoryview


class WireError(Exception):
    """The bytes are not a message."""


class CutOffError(WireError):
    """The bytes end before the message does."""


class Reader:
    """Walks messages and counts their fields, so that no file can keep it busy for long."""

    def __init__(self, max_fields: int = MAX_FIELDS) -> None:
        self._max_fields = max_fields
        self._num_fields = 0

    def fields(self, message: memoryview) -> Iterator[tuple[int, Value]]:
        """Yield the number and the value of each field of ``message``, in order.

        A value is an int below 2⁶⁴ for a varint, else the field's bytes, uncopied.

        Raises:
            WireError: the bytes are not well formed, or too many fields have been walked.
            CutOffError: a field ends beyond ``message``.
        """
        position, end = 0, len(message)
        while position < end:
            self._count()
            tag, position = _varint(message, position)
            number, kind = tag >> 3, tag & 7
            if tag > _LARGEST_TAG or number == 0:
                raise WireError(f"a field has the tag {tag}")
            if kind == VARINT:
                value, position = _varint(message, position)
                yield number, value
                continue
            if kind == LENGTH:
                num_bytes, position = _varint(message, position)
            elif kind in _FIXED_BYTES:
                num_bytes = _FIXED_BYTES[kind]
            else:
                raise WireError(f"field {number} has the wire type {kind}")
            if num_bytes > end - position:
                raise CutOffError(f"field {number} ends {num_bytes - end + position:,} bytes late")
            yield number, message[position : position + num_bytes]
            position += num_bytes

    def _count(self) -> None:
        self._num_fields += 1
        if self._num_fields > self._max_fields:
            raise WireError(f"it has more than {self._max_fields:,} fields")


def submessage(number: int, value: Value) -> memoryview:
    """Return ``value`` if it can be a message or a text.

    Raises:
        WireError: it is a number.
    """
    if isinstance(value, int):
        raise WireError(f"field {number} is a number")
    return value


def text(number: int, value: Value) -> str:
    """Return ``value`` as text.

    Raises:
        WireError: it is a number, or not UTF-8.
    """
    try:
        return str(submessage(number, value), "utf-8")
    except UnicodeDecodeError:
        raise WireError(f"field {number} is not UTF-8") from None


def whole_number(number: int, value: Value) -> int:
    """Return ``value`` if it is a varint.

    Raises:
        WireError: it is not.
    """
    if not isinstance(value, int):
        raise WireError(f"field {number} is not a number")
    return value


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Return the number that begins at ``position`` and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise CutOffError("it ends within a number")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >= 2**64:
                break
            return value, position
    raise WireError("a number has more than 64 bits")
