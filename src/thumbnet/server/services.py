"""What the routes share: the models, the threads, the metrics, and whether all of it is ready."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from starlette.requests import Request

from thumbnet.errors import ModelError, nearest
from thumbnet.prediction import Prediction
from thumbnet.reading import Reader
from thumbnet.server.batcher import Batcher
from thumbnet.server.metrics import Metrics
from thumbnet.server.problems import RequestError
from thumbnet.server.settings import ServerSettings
from thumbnet.server.uploads import decode_small, files_of

if TYPE_CHECKING:
    from thumbnet.inference import Recogniser

T = TypeVar("T")

THREADS_OF_A_NETWORK = 1
"""One request, one thread: several requests at once are what keeps the cores busy."""


class SampleCollector(Protocol):
    """Keeps the samples that visitors give; see ``collecting.Collector``."""

    def add(self, label: str, picture: bytes) -> Any:
        """Keep one sample, or raise a ThumbnetError."""

    def counts(self) -> dict[str, int]:
        """Return label → number of samples."""


@dataclass(frozen=True)
class ServedModel:
    """A model by its name.

    Attributes:
        name: in addresses.
        recogniser: that answers.
        reader: of photos; None where the classes are not the ten digits.
        batcher: that asks the recogniser for several requests at once.
    """

    name: str
    recogniser: Recogniser
    reader: Reader | None
    batcher: Batcher


class Services:
    """Everything that lives as long as the application.

    Args:
        recognisers: by name; the first is what a request without a name means.
        settings: of the server.
        collector: of samples, or None.
    """

    def __init__(
        self,
        recognisers: dict[str, Recogniser],
        settings: ServerSettings,
        collector: SampleCollector | None = None,
    ) -> None:
        self.settings = settings
        self.collector = collector
        self.metrics = Metrics()
        self.is_ready = False
        self._num_threads = settings.threads or os.cpu_count() or 1
        self._models = {name: self._serve(name, each) for name, each in recognisers.items()}
        self._threads = ThreadPoolExecutor(self._num_threads, thread_name_prefix="thumbnet-work")

    @property
    def models(self) -> list[ServedModel]:
        """All of them, as they were named."""
        return list(self._models.values())

    def model(self, name: str | None = None) -> ServedModel:
        """Return a model, by default the first.

        Raises:
            RequestError: 404, there is none of this name.
        """
        if name is None:
            return self.models[0]
        if name not in self._models:
            raise RequestError(
                404, "this server has no such model", got=name, expected=nearest(name, self._models)
            )
        return self._models[name]

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run ``work`` in one of the bounded number of threads; given up, it does not start."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def predict(
        self, model: ServedModel, body: bytes, content_type: str | None
    ) -> Sequence[Prediction]:
        """Return a prediction for each picture of a request.

        Raises:
            RequestError: the request is of another type, or has no picture or too many.
            ImageError: a picture cannot be read.
        """
        max_files = self.settings.max_pictures
        pictures, predictions = await self.in_thread(
            lambda: decode_small(files_of(body, content_type, max_files), model.recogniser)
        )
        if predictions is None:
            predictions = await model.batcher.predict(pictures)
        self.metrics.refused.inc(sum(each.refused for each in predictions))
        return predictions

    async def close(self) -> None:
        """Finish what was accepted, then end the threads."""
        self.is_ready = False
        for model in self.models:
            await model.batcher.close()
        self._threads.shutdown()

    def _serve(self, name: str, recogniser: Recogniser) -> ServedModel:
        batcher = Batcher(
            recogniser.predict,
            self.settings.max_batch,
            self._num_threads,
            self.metrics.batch.observe,
        )
        try:
            reader = Reader(recogniser, threads=THREADS_OF_A_NETWORK)
        except ModelError:
            reader = None
        return ServedModel(name, recogniser, reader, batcher)


def services_of(request: Request) -> Services:
    """Return the services of the application that a request came to."""
    return cast(Services, request.app.state.services)
