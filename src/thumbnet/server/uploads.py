"""The pictures of a request: its raw body or the files of a form, decoded in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from thumbnet.images import FORMATS_TEXT
from thumbnet.inference.pictures import decode_pictures
from thumbnet.prediction import Prediction
from thumbnet.server.problems import RequestError

if TYPE_CHECKING:
    import numpy as np

    from thumbnet.inference import Recogniser

FIELD = "file"
MAX_SHARED_PIXELS = 1_000_000
"""A request with more pixels is not held decoded until others are ready too."""

_EXPECTED_TYPE = "image/*, application/octet-stream or multipart/form-data"


def files_of(body: bytes, content_type: str | None, max_files: int) -> list[bytes]:
    """Return the files of pictures that a request brought, at least one, not decoded.

    Args:
        body: of the request.
        content_type: its header; without one the body is taken for a picture.
        max_files: how many may come.

    Raises:
        RequestError: the content type is another (415); the form is damaged, has no field ``file``,
            or too many (422).
    """
    kind, options = parse_options_header(content_type)
    kind = kind.lower()
    if kind == b"multipart/form-data":
        files = _files_of_form(body, options.get(b"boundary", b""), max_files)
    elif kind in (b"", b"application/octet-stream") or kind.startswith(b"image/"):
        files = [body]
    else:
        raise RequestError(
            415,
            "the request is of a type that is not read here",
            got=content_type,
            expected=_EXPECTED_TYPE,
            fix="set Content-Type, for example: image/png",
        )
    if not files:
        raise RequestError(
            422,
            f"the form has no file '{FIELD}'",
            expected=f"a field '{FIELD}' with the file of {FORMATS_TEXT}",
        )
    return files


def decode_small(
    files: Sequence[bytes], recogniser: Recogniser
) -> tuple[list[np.ndarray], list[Prediction] | None]:
    """Decode pictures that are small enough to wait for a batch; recognise others at once.

    Returns:
        The pictures, uint8 ``(H, W, C)``, and None; or, if they have more than
        ``MAX_SHARED_PIXELS`` pixels together, nothing and their predictions.

    Raises:
        ImageError: a picture cannot be read; the error names its index if there are several.
    """
    rest = decode_pictures(files[0] if len(files) == 1 else files)
    pictures: list[np.ndarray] = []
    num_pixels = 0
    for pixels in rest:
        pictures.append(pixels)
        num_pixels += pixels.shape[0] * pixels.shape[1]
        if num_pixels > MAX_SHARED_PIXELS:
            # The recogniser takes the rest one by one, within its own bounds of memory.
            return [], recogniser.predict(chain(pictures, rest))
    return pictures, None


def check_json_type(content_type: str | None) -> None:
    """Make sure that a body is said to be JSON, or not said to be anything.

    Raises:
        RequestError: 415, it is said to be something else.
    """
    kind, _ = parse_options_header(content_type)
    if kind.lower() not in (b"", b"application/json"):
        raise RequestError(
            415,
            "the request is not JSON",
            got=content_type,
            expected="Content-Type: application/json",
        )


class _Form:
    """Collects the files of a form as the parser calls it (RFC 7578)."""

    def __init__(self, max_files: int) -> None:
        self.files: list[bytes] = []
        self.is_whole = False
        self._max_files = max_files
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""
        self._parts: list[bytes] | None = None

    def on_part_begin(self) -> None:
        self._headers = {}
        self._parts = None

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def on_headers_finished(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"").decode("latin-1")
        _, options = parse_options_header(disposition)
        if options.get(b"name") != FIELD.encode():
            return
        if len(self.files) == self._max_files:
            raise RequestError(
                422,
                "the form has too many pictures",
                got=f"more than {self._max_files}",
                expected=f"at most {self._max_files}",
                fix="send the others in a request of their own",
            )
        self._parts = []

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._parts is not None:
            self._parts.append(data[start:end])

    def on_part_end(self) -> None:
        if self._parts is not None:
            self.files.append(b"".join(self._parts))

    def on_end(self) -> None:
        self.is_whole = True


def _files_of_form(body: bytes, boundary: bytes, max_files: int) -> list[bytes]:
    form = _Form(max_files)
    try:
        if not boundary:
            raise FormParserError("its Content-Type names no boundary")
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.on_part_begin,
                "on_header_field": form.on_header_field,
                "on_header_value": form.on_header_value,
                "on_header_end": form.on_header_end,
                "on_headers_finished": form.on_headers_finished,
                "on_part_data": form.on_part_data,
                "on_part_end": form.on_part_end,
                "on_end": form.on_end,
            },
        )
        parser.write(body)
        if not form.is_whole:
            raise FormParserError("it ends before its last boundary")
    except FormParserError as error:
        raise RequestError(
            422, "the form cannot be read", got=error, expected="multipart/form-data (RFC 7578)"
        ) from None
    return form.files
