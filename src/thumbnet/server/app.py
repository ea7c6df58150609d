"""The application: its routes, and the layers that a request passes before it reaches one."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.types import ASGIApp

from thumbnet.errors import ModelError
from thumbnet.inference import Recogniser
from thumbnet.server import pages, routes_collect, routes_v1, routes_v2
from thumbnet.server.guards import LimitInFlight, Places, ReceiveBody, RefuseWhenFull, RequireToken
from thumbnet.server.observing import Observe
from thumbnet.server.problems import install_handlers
from thumbnet.server.routes_collect import CollectRequest
from thumbnet.server.schemas import add_definitions
from thumbnet.server.services import THREADS_OF_A_NETWORK, Services
from thumbnet.server.settings import ServerSettings, from_json
from thumbnet.server.tensors import InferRequest
from thumbnet.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT = "THUMBNET_SERVER"
"""Tells a worker process, as JSON, what to serve: arguments of a process are for all to see."""


def create_app(models: Mapping[str, Path], settings: ServerSettings) -> FastAPI:
    """Load recognisers and return the application that serves them.

    Args:
        models: name → file; the first is what a request without a name means.
        settings: limits, secret, sizes.

    Raises:
        ModelError: a file is missing, damaged or no recogniser, or there is none.
        ThumbnetError: samples cannot be collected where ``settings`` say.
    """
    if not models:
        raise ModelError("there is no model to serve", expected="one or more")
    recognisers = {
        name: Recogniser.load(path, threads=THREADS_OF_A_NETWORK) for name, path in models.items()
    }
    collector = None
    if settings.collect is not None:
        from thumbnet.server.collecting import Collector

        collector = Collector(settings.collect)
    return build_app(Services(recognisers, settings, collector))


def create_from_environment() -> FastAPI:
    """Return the application that ``THUMBNET_SERVER`` describes, for a worker process."""
    return create_app(*from_json(os.environ[ENVIRONMENT]))


class _Application(FastAPI):
    """An application whose guards are outside of FastAPI's own layers.

    A refusal then costs half as much: under overload its time is taken from the answers.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """Return all layers; FastAPI asks for them once."""
        services: Services = self.state.services
        settings = services.settings
        places = Places(settings.max_in_flight)
        app: ASGIApp = super().build_middleware_stack()
        app = LimitInFlight(app, places, settings.timeout_s)
        app = ReceiveBody(app, settings)
        app = RefuseWhenFull(app, places)
        if settings.token is not None:
            app = RequireToken(app, settings.token)
        paths = [*self.openapi()["paths"], "/", "/docs", "/openapi.json", "/static/{file:path}"]
        return Observe(app, services.metrics, paths)


def build_app(services: Services) -> FastAPI:
    """Return the application of services that are ready to be used."""
    app = _Application(
        title="Thumbnet",
        version=__version__,
        description="Reads handwritten digits. Every refusal says what was got and expected.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        # What is measured is at /metrics; nothing is sent anywhere.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.services = services
    install_handlers(app)
    _add_routes(app, services)
    _describe(app, services)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    services.is_ready = True
    yield
    await services.close()


def _add_routes(app: FastAPI, services: Services) -> None:
    # The layer outside checks the token; this tells /openapi.json of it.
    secret: list[Any] = []
    if services.settings.token is not None:
        secret = [Depends(HTTPBearer(auto_error=False))]
    app.include_router(routes_v2.health)
    for router in (routes_v1.router, routes_v2.router, pages.router):
        app.include_router(router, dependencies=secret)
    if services.collector is not None:
        app.include_router(routes_collect.router, dependencies=secret)
    pages.mount_page(app)


def _describe(app: FastAPI, services: Services) -> None:
    """Make /openapi.json say what FastAPI cannot know."""
    document = app.openapi()
    bodies: list[type[BaseModel]] = [InferRequest]
    if services.collector is not None:
        bodies.append(CollectRequest)
    add_definitions(document, bodies)
    # FastAPI adds a refusal of its own to every route with a parameter, also where none can occur.
    own = ("HTTPValidationError", "ValidationError")
    for operations in document["paths"].values():
        for operation in operations.values():
            refusal = operation["responses"].get("422")
            if refusal is not None and own[0] in str(refusal):
                del operation["responses"]["422"]
    for name in own:
        document["components"]["schemas"].pop(name, None)
