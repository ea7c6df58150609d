"""Batches across requests: no answer is swapped, no request harms another."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import numpy as np
import pytest
from stand_in_server import StandInRecogniser, fingerprint

from thumbnet.errors import ModelError
from thumbnet.prediction import Prediction
from thumbnet.server.batcher import Batcher

NUM_REQUESTS = 2000


def picture(number: int, width_px: int = 4) -> np.ndarray:
    """Return a picture of its own for each number."""
    pixels = np.zeros((4, width_px, 1), np.uint8)
    pixels[0, :4, 0] = np.frombuffer(np.int32(number).tobytes(), np.uint8)
    return pixels


async def until(condition: Any) -> None:
    """Let the other tasks go on until something is so."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


@pytest.mark.parametrize("num_threads", [1, 3])
def test_every_request_of_many_gets_its_own_answer(num_threads: int) -> None:
    async def work() -> None:
        recogniser = StandInRecogniser()
        batcher = Batcher(recogniser.predict, 64, num_threads)
        # Pictures of several shapes, one to three of them in a request.
        requests = [
            [picture(3 * number + each, 4 + number % 3) for each in range(1 + number % 3)]
            for number in range(NUM_REQUESTS)
        ]
        answers = await asyncio.gather(*(batcher.predict(pictures) for pictures in requests))
        for pictures, predictions in zip(requests, answers, strict=True):
            expected = [fingerprint(pixels) for pixels in pictures]
            assert [each.probability for each in predictions] == expected
        assert sum(recogniser.batches) == sum(map(len, requests))
        assert max(recogniser.batches) <= 66
        assert len(recogniser.batches) < NUM_REQUESTS / 20
        await batcher.close()

    run(work())


def test_a_request_starts_at_once_when_nothing_else_is_answered() -> None:
    async def work() -> None:
        recogniser = StandInRecogniser()
        batcher = Batcher(recogniser.predict, 64)
        for number in range(3):
            await batcher.predict([picture(number)])
        assert recogniser.batches == [1, 1, 1]
        await batcher.close()

    run(work())


def test_a_free_thread_does_not_wait_for_a_busy_one() -> None:
    async def work() -> None:
        recogniser = StandInRecogniser()
        batcher = Batcher(recogniser.predict, 64, num_threads=2)
        recogniser.gate.clear()
        requests = [asyncio.create_task(batcher.predict([picture(0)]))]
        await until(lambda: recogniser.batches == [1])
        requests.append(asyncio.create_task(batcher.predict([picture(1)])))
        await until(lambda: recogniser.batches == [1, 1])
        requests += [asyncio.create_task(batcher.predict([picture(n)])) for n in (2, 3)]
        recogniser.gate.set()
        await asyncio.gather(*requests)
        assert recogniser.batches == [1, 1, 2]
        await batcher.close()

    run(work())


def test_what_arrives_while_a_batch_is_answered_is_the_next_batch() -> None:
    async def work() -> None:
        recogniser = StandInRecogniser()
        observed: list[int] = []
        batcher = Batcher(recogniser.predict, 4, observe=observed.append)
        recogniser.gate.clear()
        first = asyncio.create_task(batcher.predict([picture(0)]))
        await until(recogniser.started.is_set)
        others = [asyncio.create_task(batcher.predict([picture(n)])) for n in range(1, 7)]
        await asyncio.sleep(0)
        recogniser.gate.set()
        await asyncio.gather(first, *others)
        assert recogniser.batches == observed == [1, 4, 2]
        await batcher.close()

    run(work())


def test_a_request_that_is_given_up_harms_no_other() -> None:
    async def work() -> None:
        recogniser = StandInRecogniser()
        batcher = Batcher(recogniser.predict, 64)
        recogniser.gate.clear()
        running = asyncio.create_task(batcher.predict([picture(0)]))
        await until(recogniser.started.is_set)
        waiting = [asyncio.create_task(batcher.predict([picture(n)])) for n in range(1, 4)]
        await asyncio.sleep(0)
        running.cancel()
        waiting[1].cancel()
        await asyncio.sleep(0)
        recogniser.gate.set()
        answers = [await waiting[0], await waiting[2]]
        assert [each[0].probability for each in answers] == [
            fingerprint(picture(1)),
            fingerprint(picture(3)),
        ]
        assert running.cancelled()
        assert waiting[1].cancelled()
        assert recogniser.batches == [1, 2]
        await batcher.close()

    run(work())


def test_a_request_that_fails_harms_no_other() -> None:
    recogniser = StandInRecogniser()

    def predict(pictures: list[np.ndarray]) -> Sequence[Prediction]:
        if any((pixels == picture(2)).all() for pixels in pictures):
            raise ModelError("not this one")
        return recogniser.predict(pictures)

    async def work() -> None:
        batcher = Batcher(predict, 64)
        requests = [batcher.predict([picture(number)]) for number in range(4)]
        answers = await asyncio.gather(*requests, return_exceptions=True)
        with pytest.raises(ModelError, match="not this one"):
            raise answers.pop(2)  # type: ignore[misc]
        found = [each[0].probability for each in answers]  # type: ignore[index]
        assert found == [fingerprint(picture(number)) for number in (0, 1, 3)]
        await batcher.close()

    run(work())


def test_closing_answers_what_is_waiting_first() -> None:
    async def work() -> None:
        recogniser = StandInRecogniser()
        batcher = Batcher(recogniser.predict, 1)
        recogniser.gate.clear()
        requests = [asyncio.create_task(batcher.predict([picture(n)])) for n in range(5)]
        await until(recogniser.started.is_set)
        closing = asyncio.create_task(batcher.close())
        await asyncio.sleep(0)
        assert not closing.done()
        recogniser.gate.set()
        await closing
        assert all(request.done() for request in requests)
        assert [(await request)[0].probability for request in requests] == [
            fingerprint(picture(number)) for number in range(5)
        ]

    run(work())
