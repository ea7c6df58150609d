"""One transfer from one mirror: HTTPS only, continued where an earlier one was cut.

A part that is left by a cut connection is continued with an HTTP Range request (RFC 9110,
section 14); a server that ignores it starts again from zero.
"""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from time import monotonic
from typing import IO
from urllib.parse import urlsplit

from thumbnet.version import __version__

TIMEOUT_S = 30.0
REPORT_INTERVAL_S = 1.0
CHUNK_BYTES = 1 << 18
MEGABYTE = 1e6

Report = Callable[[str], None]


class MirrorError(Exception):
    """This mirror failed; what has arrived may be continued from another one."""


class CorruptError(MirrorError):
    """What has arrived is not the file, so that nothing of it may be kept."""


def https_opener(*handlers: urllib.request.BaseHandler) -> urllib.request.OpenerDirector:
    """Return an opener that refuses to be redirected away from HTTPS.

    Args:
        handlers: replace those of ``urllib.request.build_opener`` of the same kind.
    """
    return urllib.request.build_opener(_HttpsRedirects, *handlers)


class _HttpsRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            fp.close()
            raise MirrorError(f"redirects to {newurl}, which is not HTTPS")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def receive(
    url: str,
    part: Path,
    size_bytes: int | None,
    opener: urllib.request.OpenerDirector,
    report: Report | None = None,
) -> None:
    """Append to ``part`` what it misses of ``url``, or write it anew; flushed to the disk.

    Args:
        url: an https address.
        part: the growing file; may exist.
        size_bytes: the length that the whole must have, when it is known.
        opener: from :func:`https_opener`.
        report: called with a line of progress, at most once a second.

    Raises:
        MirrorError: the server cannot be reached, refuses, or cuts the connection.
        CorruptError: more arrived than the file has.
        OSError: the disk refuses.
    """
    assert url.startswith("https://"), url
    have_bytes = part.stat().st_size if part.exists() else 0
    if have_bytes and have_bytes == size_bytes:
        return
    response = _open(url, have_bytes, opener)
    if response is None:
        return  # nothing is missing, or the part is wrong: its checksum tells which
    with response:
        done_bytes = _start_of(response, have_bytes)
        length = response.headers.get("Content-Length", "")
        total_bytes = done_bytes + int(length) if length.isdecimal() else size_bytes
        if size_bytes is not None and total_bytes != size_bytes:
            raise MirrorError(f"offers {total_bytes} bytes instead of {size_bytes}")
        progress = _Progress(part.stem, total_bytes, report)
        with part.open("ab" if done_bytes else "wb") as stream:
            for chunk in _chunks(response):
                done_bytes += stream.write(chunk)
                if total_bytes is not None and done_bytes > total_bytes:
                    raise CorruptError(f"sent more than the {total_bytes} bytes of the file")
                progress(done_bytes)
            stream.flush()
            os.fsync(stream.fileno())
    if total_bytes is not None and done_bytes < total_bytes:
        raise MirrorError(f"connection cut after {done_bytes} of {total_bytes} bytes")


def _open(url: str, have_bytes: int, opener: urllib.request.OpenerDirector) -> HTTPResponse | None:
    """Ask for what follows ``have_bytes``; None when the server says that nothing does."""
    headers = {"User-Agent": f"thumbnet/{__version__}"}
    if have_bytes:
        headers["Range"] = f"bytes={have_bytes}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (asserted to be https)
    try:
        response: HTTPResponse = opener.open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if have_bytes and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return None
        raise MirrorError(f"HTTP {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        raise MirrorError(f"cannot be reached ({_reason(error)})") from error
    return response


def _start_of(response: HTTPResponse, have_bytes: int) -> int:
    if response.status != HTTPStatus.PARTIAL_CONTENT:
        return 0
    content_range = response.headers.get("Content-Range", "")
    if not re.match(rf"bytes {have_bytes}-", content_range):
        raise MirrorError(f"answers with the range '{content_range}', not from byte {have_bytes}")
    return have_bytes


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    """Yield the body; what fails while reading is the mirror's fault, not the disk's."""
    try:
        while chunk := response.read(CHUNK_BYTES):
            yield chunk
    except (OSError, HTTPException) as error:
        raise MirrorError(f"connection cut ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return str(reason) or type(reason).__name__


class _Progress:
    """Reports megabytes done, at most once in ``REPORT_INTERVAL_S``."""

    def __init__(self, name: str, total_bytes: int | None, report: Report | None) -> None:
        self._name, self._report = name, report
        self._total = "" if total_bytes is None else f" of {total_bytes / MEGABYTE:.1f}"
        self._due_s = monotonic()

    def __call__(self, done_bytes: int) -> None:
        now_s = monotonic()
        if self._report is not None and now_s >= self._due_s:
            self._due_s = now_s + REPORT_INTERVAL_S
            self._report(f"{self._name}: {done_bytes / MEGABYTE:.1f}{self._total} MB")
