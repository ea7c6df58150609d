"""Pictures of several requests recognised together, each answer to its own request."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from thumbnet.prediction import Prediction

if TYPE_CHECKING:
    import numpy as np

Predict = Callable[[list["np.ndarray"]], Sequence[Prediction]]


@dataclass(frozen=True)
class _Waiting:
    """A request's pictures, and where their predictions go."""

    pictures: list[np.ndarray]
    answer: asyncio.Future[list[Prediction]]


class Batcher:
    """Recognises in a few threads; what arrives while all are busy is the next batch.

    So a request never waits for others to come: when a thread is free it starts at once, and the
    busier the server, the larger the batches. Requests that were given up are left out.

    Args:
        predict: pictures, uint8 ``(H, W, C)`` of any shapes → as many predictions, in order. It is
            called in the threads.
        max_pictures: a batch takes no further request once it has so many.
        num_threads: so many batches are recognised at a time.
        observe: is told the number of pictures of every batch.
    """

    def __init__(
        self,
        predict: Predict,
        max_pictures: int,
        num_threads: int = 1,
        observe: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._predict = predict
        self._max_pictures = max_pictures
        self._observe = observe
        self._waiting: deque[_Waiting] = deque()
        self._num_threads = num_threads
        self._at_work: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(num_threads, thread_name_prefix="thumbnet-batches")

    async def predict(self, pictures: list[np.ndarray]) -> list[Prediction]:
        """Return the predictions of one request's pictures, uint8 ``(H, W, C)``.

        Raises:
            Exception: whatever ``predict`` raises for these pictures alone.
        """
        answer: asyncio.Future[list[Prediction]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(pictures, answer))
        if len(self._at_work) < self._num_threads:
            self._at_work.add(asyncio.create_task(self._answer_all()))
        return await answer

    async def close(self) -> None:
        """Answer what is waiting, then end the threads."""
        while self._at_work:
            await asyncio.wait(self._at_work)
        self._threads.shutdown()

    async def _answer_all(self) -> None:
        while self._waiting:
            await self._answer(self._take())
        # Not in a callback: that would come later, and a request in between would wait for ever.
        task = asyncio.current_task()
        assert task is not None
        self._at_work.discard(task)

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        num_pictures = 0
        while self._waiting and num_pictures < self._max_pictures:
            request = self._waiting.popleft()
            if not request.answer.done():
                taken.append(request)
                num_pictures += len(request.pictures)
        return taken

    async def _answer(self, requests: list[_Waiting]) -> None:
        pictures = [picture for request in requests for picture in request.pictures]
        if not pictures:
            return
        self._observe(len(pictures))
        loop = asyncio.get_running_loop()
        try:
            predictions = await loop.run_in_executor(self._threads, self._predict, pictures)
        except Exception as error:
            await self._answer_failed(requests, error)
            return
        start = 0
        for request in requests:
            end = start + len(request.pictures)
            if not request.answer.done():
                request.answer.set_result(list(predictions[start:end]))
            start = end

    async def _answer_failed(self, requests: list[_Waiting], error: Exception) -> None:
        """Ask again for each request alone, so that one's failure is not another's."""
        if len(requests) > 1:
            for request in requests:
                await self._answer([request])
        elif not requests[0].answer.done():
            requests[0].answer.set_exception(error)
