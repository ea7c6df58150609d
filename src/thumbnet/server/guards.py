"""Who is let in: the token, a server that is not full, a whole body in time, then a free place.

Plain ASGI: each class takes the application inside it and passes on what it does not refuse.
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thumbnet.server.problems import (
    PROTOCOL_PREFIX,
    RequestError,
    error_response,
    is_protocol,
)
from thumbnet.server.settings import ServerSettings

STATIC_PREFIX = "/static/"
OPEN_PATHS = frozenset(("/", "/v2/health/live", "/v2/health/ready"))

_RETRY_AFTER_S = "1"


class RequireToken:
    """Lets in who brings ``Authorization: Bearer TOKEN`` (RFC 6750).

    Health and the page's own files are open: the page holds nothing secret, and asks its visitor
    for the token.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI)."""
        if scope["type"] == "lifespan" or self._is_open(scope) or self._has_token(scope):
            await self._app(scope, receive, send)
            return
        error = RequestError(
            401,
            "this server asks for a token",
            got="no token, or another one",
            expected="Authorization: Bearer TOKEN",
            headers={"WWW-Authenticate": "Bearer"},
        )
        await error_response(scope["path"], error)(scope, receive, send)

    def _is_open(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return path in OPEN_PATHS or path.startswith(STATIC_PREFIX)

    def _has_token(self, scope: Scope) -> bool:
        authorization = Headers(scope=scope).get("authorization", "")
        scheme, _, given = authorization.partition(" ")
        # In constant time: how long a comparison takes must not tell how much was right.
        is_right = hmac.compare_digest(given.strip().encode("latin-1", "replace"), self._token)
        return scheme.lower() == "bearer" and is_right


@dataclass
class _Upload:
    """What has arrived of a body."""

    parts: list[bytes] = field(default_factory=list)
    num_bytes: int = 0

    def take(self) -> bytes:
        """Return it whole, without keeping a second copy."""
        content = b"".join(self.parts)
        self.parts.clear()
        return content


class ReceiveBody:
    """Receives the whole body before a request is let in, so that a slow sender holds no place.

    Refused are a body above ``max_body_bytes`` (413; by its Content-Length if that says so, else as
    it arrives), one that takes longer than ``timeout_s`` (408), and any while all bodies together
    have ``max_held_bytes`` (429).
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings
        self._num_held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        upload = _Upload()
        try:
            try:
                is_whole = await self._fill(upload, scope, receive)
            except RequestError as error:
                await error_response(scope["path"], error)(scope, receive, send)
                return
            if is_whole:
                await self._app(scope, _replay(upload.take(), receive), send)
        finally:
            self._num_held_bytes -= upload.num_bytes

    async def _fill(self, upload: _Upload, scope: Scope, receive: Receive) -> bool:
        """Fill ``upload``; return whether it came whole, or its sender left."""
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._settings.max_body_bytes:
            raise self._too_large(f"{int(declared):,} bytes")
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await self._receive_all(upload, receive)
        except TimeoutError:
            raise RequestError(
                408,
                "the request arrived too slowly",
                got=f"{upload.num_bytes:,} bytes in {self._settings.timeout_s:g} s",
                expected=f"all of it within {self._settings.timeout_s:g} s",
                headers={"Connection": "close"},
            ) from None

    async def _receive_all(self, upload: _Upload, receive: Receive) -> bool:
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return False
            part = message.get("body", b"")
            upload.parts.append(part)
            upload.num_bytes += len(part)
            self._num_held_bytes += len(part)
            if upload.num_bytes > self._settings.max_body_bytes:
                raise self._too_large("more than that")
            if self._num_held_bytes > self._settings.max_held_bytes:
                raise RequestError(
                    429,
                    "the server is receiving all that it can hold",
                    fix="try again in a moment",
                    headers={"Retry-After": _RETRY_AFTER_S},
                )
            if not message.get("more_body", False):
                return True

    def _too_large(self, got: str) -> RequestError:
        return RequestError(
            413,
            "the request is too large",
            got=got,
            expected=f"at most {self._settings.max_body_bytes:,} bytes",
            fix="make the picture smaller",
        )


class Places:
    """How many posts are being answered, of how many at a time."""

    def __init__(self, count: int) -> None:
        self.num_taken = 0
        self._count = count
        error = RequestError(
            429,
            "the server has as many requests as it takes",
            got=f"{count} in flight",
            fix="try again in a moment",
            headers={"Retry-After": _RETRY_AFTER_S},
        )
        # Made once: under load these are most answers, and what they cost the others lack.
        self._busy = {
            under_v2: error_response(PROTOCOL_PREFIX if under_v2 else "/", error)
            for under_v2 in (False, True)
        }

    def refusal(self, scope: Scope) -> ASGIApp | None:
        """Return what answers a post for which there is no place, else None."""
        if self.num_taken < self._count or not _is_post(scope):
            return None
        return self._busy[is_protocol(scope["path"])]


class RefuseWhenFull:
    """Tells a post to come back (429) before its body is received, while every place is taken."""

    def __init__(self, app: ASGIApp, places: Places) -> None:
        self._app = app
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI)."""
        await (self._places.refusal(scope) or self._app)(scope, receive, send)


class LimitInFlight:
    """Answers at most so many posts at a time as there are places, each within ``timeout_s``.

    One more is told at once to come back (429), which keeps the time of those inside short; one
    that takes too long gets 503, since that is the server's fault.
    """

    def __init__(self, app: ASGIApp, places: Places, timeout_s: float) -> None:
        self._app = app
        self._places = places
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI)."""
        if not _is_post(scope):
            await self._app(scope, receive, send)
            return
        # Again, since the last place may have been taken while the body arrived.
        refusal = self._places.refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        self._places.num_taken += 1
        try:
            await self._answer_in_time(scope, receive, send)
        finally:
            self._places.num_taken -= 1

    async def _answer_in_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_started = False

        async def watched_send(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        timer = asyncio.timeout(self._timeout_s)
        try:
            async with timer:
                await self._app(scope, receive, watched_send)
        except TimeoutError:
            if is_started or not timer.expired():
                raise
            error = RequestError(
                503,
                "the answer takes too long",
                expected=f"an answer within {self._timeout_s:g} s",
                fix="send fewer or smaller pictures, or try again",
                headers={"Retry-After": _RETRY_AFTER_S},
            )
            await error_response(scope["path"], error)(scope, receive, send)


def _is_post(scope: Scope) -> bool:
    return bool(scope["type"] == "http" and scope["method"] == "POST")


def _replay(content: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the whole body, then what the connection says."""
    is_given = False

    async def replayed() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": content, "more_body": False}

    return replayed
