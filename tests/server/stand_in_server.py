"""An application in this process, with a recogniser whose answers tell the pictures apart."""

from __future__ import annotations

import asyncio
import threading
import zlib
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import numpy as np
from fastapi import FastAPI

from thumbnet.inference import Recogniser
from thumbnet.prediction import Prediction
from thumbnet.server.app import build_app
from thumbnet.server.services import SampleCollector, Services
from thumbnet.server.settings import ServerSettings

DIGITS = tuple("0123456789")
METADATA = {
    "thumbnet_version": "0.1",
    "input": {"channels": 1, "size_px": 28, "frame": "mnist"},
    "made": "2026-01-01T00:00:00+00:00",
    "card": "# A stand-in\n\nIt tells pictures\napart.\n\n| | |\n",
}


def fingerprint(pixels: np.ndarray) -> float:
    """Return a number in [0, 1) that is practically another one for other pixels."""
    return zlib.crc32(pixels.tobytes(), pixels.shape[0] * 65536 + pixels.shape[1]) / 2**32


class StandInRecogniser:
    """Answers with the fingerprint of the pixels; waits while ``gate`` is closed, may fail."""

    metadata = METADATA
    sha256 = "0" * 64

    def __init__(self, class_names: tuple[str, ...] = DIGITS) -> None:
        self.class_names = class_names
        self.batches: list[int] = []
        self.started = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.failure: Exception | None = None

    def predict(self, images: Iterable[np.ndarray]) -> list[Prediction]:
        pictures = list(images)
        self.batches.append(len(pictures))
        self.started.set()
        assert self.gate.wait(timeout=30)
        if self.failure is not None:
            raise self.failure
        return [self.prediction(pixels) for pixels in pictures]

    def prediction(self, pixels: np.ndarray) -> Prediction:
        number = fingerprint(pixels)
        return Prediction(
            label=self.class_names[int(number * 1000) % len(self.class_names)],
            probability=number,
            probabilities=dict.fromkeys(self.class_names, number),
            refused=number < 0.5,
            score=number,
            seen=np.full((28, 28), int(number * 256), np.uint8),
        )


def application(
    recogniser: StandInRecogniser | Recogniser | None = None,
    collector: SampleCollector | None = None,
    **settings: Any,
) -> FastAPI:
    """Return an application with the model ``digits``."""
    model = cast(Recogniser, recogniser or StandInRecogniser())
    if collector is not None:
        settings["collect"] = Path("samples")
    return build_app(Services({"digits": model}, ServerSettings(**settings), collector))


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Start the application meanwhile; the value asks it."""
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://server") as client,
    ):
        yield client


class Client:
    """Asks an application for one thing after the other."""

    def __init__(self, app: FastAPI) -> None:
        self._running = running(app)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Client:
        context: AbstractAsyncContextManager[httpx.AsyncClient] = self._running
        self._client = self._runner.run(context.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._running.__aexit__(None, None, None))
        self._runner.close()

    def get(self, address: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._client.get(address, **options))

    def post(self, address: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._client.post(address, **options))

    def ask(self, method: str, address: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, address, **options))
