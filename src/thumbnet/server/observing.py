"""The outermost layer: a name for every request, a line in the log, metrics, security headers."""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Collection

from prometheus_client import Counter, Histogram
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thumbnet.server.metrics import Metrics
from thumbnet.server.problems import error_response, internal_error

SECURITY_HEADERS = {
    # Scripts and styles from files of ours only; blob: and data: are pictures that the page made.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# Every answer gets them, a refusal under load too, so they are encoded once.
_DEFAULT_HEADERS = [
    (name.lower().encode("latin-1"), value.encode("latin-1"))
    for name, value in {**SECURITY_HEADERS, "Cache-Control": "no-store"}.items()
]

_logger = logging.getLogger("thumbnet.server.access")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_LONGEST_PATH = 200
# Names, not secrets: without asking the system, which would let go of the interpreter's lock.
_names = random.Random()  # noqa: S311


class Observe:
    """Watches every request, and answers those that fail inside with a plain 500.

    The log has the method, the path, the status and the time: no query, no body, no header.

    Args:
        app: what is inside.
        metrics: what is counted.
        paths: the known paths, such as ``/v2/models/{name}``; any other counts as ``other``, or
            whoever invents paths could fill the memory with counters.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: Collection[str]) -> None:
        self._app = app
        self._metrics = metrics
        # Most requests are to a path without a parameter: those are looked up, not tried in turn.
        self._fixed = frozenset(path for path in paths if "{" not in path)
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._patterns = [(compile_path(path)[0], path) for path in paths if "{" in path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        request_id = _request_id(scope)
        status, is_whole = 0, False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, is_whole
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, request_id)
            else:
                is_whole = not message.get("more_body", False)
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            _logger.exception("request %s failed", request_id)
            if not status:
                failed = error_response(scope["path"], internal_error())
                await failed(scope, receive, send_with_headers)
            elif not is_whole:
                # Half an answer is out: only closing the connection can tell that it is not whole.
                raise
        finally:
            self._metrics.in_flight.dec()
            self._record(scope, status, time.perf_counter() - start, request_id)

    def _record(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        requests, times = self._counters(self._route(scope["path"]), method, status)
        requests.inc()
        times.observe(seconds)
        # As it was sent, so percent-encoded: a path cannot begin a line of its own in the log.
        path = scope.get("raw_path", b"").decode("ascii", "replace")[:_LONGEST_PATH]
        _logger.info("%s %s %d %.1f ms %s", method, path, status, 1000 * seconds, request_id)

    def _counters(self, route: str, method: str, status: int) -> tuple[Counter, Histogram]:
        """Return what counts a request; 0 is one whose sender left before there was an answer."""
        key = (route, method, status)
        if key not in self._known:
            requests = self._metrics.requests.labels(route, method, str(status))
            self._known[key] = requests, self._metrics.seconds.labels(route)
        return self._known[key]

    def _route(self, path: str) -> str:
        if path in self._fixed:
            return path
        return next((name for regex, name in self._patterns if regex.match(path)), "other")


def _request_id(scope: Scope) -> str:
    """Return the name that a proxy gave the request, if it can be one, or a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value.decode("ascii"))
    return f"{_names.getrandbits(128):032x}"


def _add_headers(message: Message, request_id: str) -> None:
    headers = [*message["headers"], (b"x-request-id", request_id.encode("ascii"))]
    given = {name for name, _ in headers}
    message["headers"] = headers + [pair for pair in _DEFAULT_HEADERS if pair[0] not in given]
