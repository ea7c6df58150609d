"""The page and its files, a list of the addresses, and the metrics."""

from __future__ import annotations

import html
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from thumbnet.server.schemas import refusals
from thumbnet.server.services import services_of

STATIC = Path(__file__).parent / "static"

router = APIRouter()

# Of the page that needs no server; found without importing that package, which would need torch.
_SHARED_FILES = ("thumbnet.export", "web")
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Kept by the browser, but asked for each time, so that a new version is seen at once.
_CACHING = {"Cache-Control": "no-cache"}


class _PageFiles(StaticFiles):
    """The files of the page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_CACHING)
        return response


def mount_page(app: FastAPI) -> None:
    """Serve the files of the page below ``/static``: its own, and those that both pages share."""
    files = _PageFiles(directory=STATIC, packages=[_SHARED_FILES])
    app.mount("/static", files, name="static")


@router.get("/", include_in_schema=False)
async def page() -> Response:
    """Return the page."""
    return FileResponse(STATIC / "index.html", headers=_CACHING)


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    """Return a list of the addresses that needs neither scripts nor a network."""
    rows = [
        f"<tr><td>{method.upper()}</td><td><code>{html.escape(path)}</code></td>"
        f"<td>{html.escape(operation.get('summary', ''))}</td></tr>"
        for path, operations in request.app.openapi()["paths"].items()
        for method, operation in operations.items()
    ]
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Thumbnet: addresses</title>'
        f"<h1>Addresses of this server</h1><table>{''.join(rows)}</table>"
        '<p>Bodies, answers and refusals: <a href="/openapi.json">/openapi.json</a></p></html>'
    )


@router.get(
    "/metrics",
    summary="Metrics for Prometheus, of this process",
    tags=["health"],
    # Without a type of its own, or the refusals would be described as text as well.
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **refusals()},
)
async def metrics(request: Request) -> Response:
    """Return counts, times and sizes in Prometheus' text format."""
    return Response(services_of(request).metrics.text(), media_type=_METRICS_TYPE)
