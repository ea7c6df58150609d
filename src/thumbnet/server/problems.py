"""Refusals: each is JSON that says what went wrong, what was got, what was expected, the fix."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path

from thumbnet.errors import ModelError, OutputError, ThumbnetError

Form = TypeVar("Form", bound=BaseModel)

PROTOCOL_PREFIX = "/v2"

_logger = logging.getLogger(__name__)
# A model that cannot answer, or a full disk; all else is a mistake in what was sent.
_OUR_FAILURES = (ModelError, OutputError)
_LONGEST_TEXT = 300


class RequestError(ThumbnetError):
    """A request cannot be answered; ``status`` is the HTTP status (RFC 9110) that says why."""

    def __init__(
        self,
        status: int,
        what: str,
        *,
        got: object = None,
        expected: str | None = None,
        fix: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(what, got=got, expected=expected, fix=fix)
        self.status = status
        self.headers = dict(headers or {})


def is_protocol(path: str) -> bool:
    """Return whether an address belongs to the Open Inference Protocol."""
    return path == PROTOCOL_PREFIX or path.startswith(f"{PROTOCOL_PREFIX}/")


def error_response(path: str, error: ThumbnetError) -> Response:
    """Return the answer that tells ``error`` to whoever asked for ``path``.

    Below ``/v2`` the message is one text, as the Open Inference Protocol has it.
    """
    if isinstance(error, RequestError):
        status, headers = error.status, error.headers
    else:
        status, headers = 422, {}
    content: Any
    if is_protocol(path):
        content = _text("; ".join(line.strip() for line in str(error).splitlines()))
    else:
        content = {
            "what": _text(error.what),
            "got": _text(error.got),
            "expected": _text(error.expected),
            "fix": _text(error.fix),
        }
    return JSONResponse({"error": content}, status, headers)


def parse_body(form: type[Form], body: bytes, status: int, what: str) -> Form:
    """Return JSON as ``form``.

    Raises:
        RequestError: ``status`` and ``what``, with the first place that is of another form.
    """
    try:
        return form.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise RequestError(status, what, got=place or "the body", expected=first["msg"]) from None


def internal_error() -> RequestError:
    """Return what is said of a mistake of ours: nothing of its inside."""
    return RequestError(
        500, "the server failed", fix="try again; the server's log has the X-Request-ID"
    )


def install_handlers(app: FastAPI) -> None:
    """Make every error within the routes an ``error_response``.

    The path comes from the scope: ``request.url`` is built with the Host header, which may be any
    text and then cannot be parsed.
    """

    async def of_ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, ThumbnetError)
        if isinstance(error, _OUR_FAILURES):
            _logger.error("the server failed", exc_info=error)
            error = internal_error()
        return error_response(request.scope["path"], error)

    async def of_query(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        # Where it came from, its name, and perhaps a place within it.
        name = first["loc"][1]
        refused = RequestError(
            422,
            f"'{name}' cannot be used",
            got=first.get("input"),
            expected=first["msg"],
            fix="see /openapi.json",
        )
        return error_response(request.scope["path"], refused)

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return error_response(request.scope["path"], _of_routing(request, error))

    async def of_mistake(request: Request, _: Exception) -> Response:
        # The layer outside logs it.
        return error_response(request.scope["path"], internal_error())

    app.add_exception_handler(ThumbnetError, of_ours)
    app.add_exception_handler(Exception, of_mistake)
    app.add_exception_handler(RequestValidationError, of_query)
    app.add_exception_handler(HTTPException, of_http)


def _of_routing(request: Request, error: HTTPException) -> RequestError:
    got = f"{request.method} {request.scope['path']}"
    if error.status_code == 404:
        return RequestError(404, "there is nothing here", got=got, fix="see /docs")
    if error.status_code == 405:
        allowed = _allowed_methods(request) or (error.headers or {}).get("Allow", "GET")
        return RequestError(
            405, "not with this method", got=got, expected=allowed, headers={"Allow": allowed}
        )
    return RequestError(error.status_code, str(error.detail), got=got, headers=error.headers)


def _allowed_methods(request: Request) -> str:
    """Return the methods of an address; the router knows only those of the first route there."""
    paths = request.app.openapi()["paths"]
    found = [paths[path] for path in paths if compile_path(path)[0].match(request.scope["path"])]
    return ", ".join(sorted(method.upper() for operations in found for method in operations))


def _text(value: object) -> str | None:
    """Return a value as text that any JSON can hold, and not all of a large one."""
    if value is None:
        return None
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
