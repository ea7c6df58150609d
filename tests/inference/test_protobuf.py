from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import AttributeProto, ModelProto, StringStringEntryProto

from thumbnet.inference.protobuf import (
    CutOffError,
    Reader,
    WireError,
    submessage,
    text,
    whole_number,
)


def _walk(message: bytes, max_fields: int = 100) -> list[tuple[int, int | bytes]]:
    fields = Reader(max_fields).fields(memoryview(message))
    return [(number, value if isinstance(value, int) else bytes(value)) for number, value in fields]


@given(st.text(), st.text())
def test_texts_are_found_as_protobuf_wrote_them(key: str, value: str) -> None:
    message = StringStringEntryProto(key=key, value=value).SerializeToString()
    assert _walk(message) == [(1, key.encode()), (2, value.encode())]


@given(st.integers(-(2**63), 2**63 - 1), st.floats(width=32), st.binary())
def test_numbers_are_found_as_protobuf_wrote_them(number: int, single: float, data: bytes) -> None:
    message = AttributeProto(i=number, f=single, s=data).SerializeToString()
    found = dict(_walk(message))
    assert found[3] == number % 2**64
    assert len(found[2]) == 4  # type: ignore[arg-type]
    assert found[4] == data


@given(st.binary(max_size=200))
def test_any_bytes_are_walked_or_refused(
    data: bytes,
) -> None:
    try:
        found = _walk(data, max_fields=1000)
    except WireError:
        return
    assert all(1 <= number < 2**29 for number, _ in found)
    assert sum(len(value) for _, value in found if isinstance(value, bytes)) <= len(data)


def test_field_of_eight_bytes_is_skipped_over() -> None:
    assert _walk(b"\x09" + bytes(8) + b"\x10\x05") == [(1, bytes(8)), (2, 5)]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"\x00", "has the tag 0"),
        (b"\x0b", "wire type 3"),
        (b"\x0c", "wire type 4"),
        (b"\x0e", "wire type 6"),
        (b"\x0f", "wire type 7"),
        # Field 1 + 2**29, of which a parser with 32 bits sees field 1.
        (b"\x88\x80\x80\x80\x10\x01", "has the tag"),
        (b"\x08" + b"\xff" * 9 + b"\x02", "more than 64 bits"),
        (b"\x08" + b"\x80" * 11, "more than 64 bits"),
    ],
)
def test_message_that_parsers_could_read_differently_is_refused(message: bytes, words: str) -> None:
    with pytest.raises(WireError, match=words):
        _walk(message)


@pytest.mark.parametrize(
    "message", [b"\x08", b"\x08\x80", b"\x0a", b"\x0a\x02a", b"\x09abc", b"\x0d1", b"\x80"]
)
def test_message_that_ends_early_is_cut_off(message: bytes) -> None:
    with pytest.raises(CutOffError):
        _walk(message)


def test_number_of_fields_is_bounded_over_all_messages_of_a_reader() -> None:
    reader = Reader(max_fields=5)
    for _ in range(2):
        list(reader.fields(memoryview(b"\x08\x01\x08\x01")))
    with pytest.raises(WireError, match="more than 5 fields"):
        list(reader.fields(memoryview(b"\x08\x01\x08\x01")))


def test_values_of_another_kind_are_refused() -> None:
    with pytest.raises(WireError, match="field 3 is a number"):
        submessage(3, 1)
    with pytest.raises(WireError, match="field 3 is a number"):
        text(3, 1)
    with pytest.raises(WireError, match="field 3 is not UTF-8"):
        text(3, memoryview(b"\xff"))
    with pytest.raises(WireError, match="field 3 is not a number"):
        whole_number(3, memoryview(b""))


def test_values_are_not_copied() -> None:
    message = ModelProto(producer_name="a" * 1000).SerializeToString()
    ((_, value),) = Reader().fields(memoryview(message))
    assert isinstance(value, memoryview)
    assert value.obj is message
