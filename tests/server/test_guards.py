"""Who is let in: the token, bodies of bounded size and time, a bounded number in flight."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from stand_in_server import Client, StandInRecogniser, application, running
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send
from test_batcher import until

from thumbnet.server.guards import LimitInFlight, Places, ReceiveBody, RefuseWhenFull
from thumbnet.server.settings import ServerSettings

TOKEN = "secret-token-1"
PNG = {"Content-Type": "image/png"}


class Exchange:
    """One request to a bare ASGI application, its body given part by part."""

    def __init__(self, method: str = "POST", **headers: str) -> None:
        names = [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ]
        self.scope: Scope = {"type": "http", "method": method, "path": "/v1/x", "headers": names}
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[Message] = []

    def give(self, body: bytes, more: bool = False) -> Exchange:
        self.incoming.put_nowait({"type": "http.request", "body": body, "more_body": more})
        return self

    def leave(self) -> Exchange:
        self.incoming.put_nowait({"type": "http.disconnect"})
        return self

    async def through(self, app: Any) -> Exchange:
        async def send(message: Message) -> None:
            self.sent.append(message)

        await app(self.scope, self.incoming.get, send)
        return self

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def error(self) -> Any:
        return json.loads(self.sent[1]["body"])["error"]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body."""
    message = await receive()
    assert message["more_body"] is False
    await PlainTextResponse(message["body"])(scope, receive, send)


def test_a_body_in_parts_arrives_whole() -> None:
    app = ReceiveBody(echo, ServerSettings(max_body_bytes=10))
    exchange = Exchange().give(b"abcde", more=True).give(b"fghij")
    asyncio.run(exchange.through(app))
    assert (exchange.status, exchange.sent[1]["body"]) == (200, b"abcdefghij")


def test_a_declared_length_above_the_limit_is_refused_before_anything_is_read() -> None:
    app = ReceiveBody(echo, ServerSettings(max_body_bytes=10))
    exchange = Exchange(content_length="11")
    asyncio.run(exchange.through(app))
    assert exchange.status == 413
    assert exchange.error["expected"] == "at most 10 bytes"


@pytest.mark.parametrize("declared", [{}, {"content_length": "3"}], ids=["absent", "lying"])
def test_a_body_that_grows_above_the_limit_is_refused(declared: dict[str, str]) -> None:
    app = ReceiveBody(echo, ServerSettings(max_body_bytes=10))
    exchange = Exchange(**declared)
    exchange.give(b"abcdef", more=True).give(b"ghijk", more=True)
    asyncio.run(exchange.through(app))
    assert exchange.status == 413


def test_a_body_that_arrives_too_slowly_is_refused_and_its_connection_closed() -> None:
    app = ReceiveBody(echo, ServerSettings(timeout_s=0.05))
    exchange = Exchange().give(b"abc", more=True)
    asyncio.run(exchange.through(app))
    assert exchange.status == 408
    assert exchange.headers[b"connection"] == b"close"
    assert exchange.error["got"] == "3 bytes in 0.05 s"


def test_a_sender_who_leaves_gets_no_answer() -> None:
    app = ReceiveBody(echo, ServerSettings())
    exchange = Exchange().give(b"abc", more=True).leave()
    asyncio.run(exchange.through(app))
    assert exchange.sent == []


def test_all_bodies_together_are_bounded() -> None:
    async def work() -> None:
        app = ReceiveBody(echo, ServerSettings(max_body_bytes=10, max_in_flight=2))
        slow = [Exchange().give(b"0123456789", more=True) for _ in range(2)]
        tasks = [asyncio.create_task(each.through(app)) for each in slow]
        await until(lambda: all(each.incoming.empty() for each in slow))
        refused = await Exchange().give(b"a").through(app)
        assert refused.status == 429
        assert refused.headers[b"retry-after"] == b"1"
        for each in slow:
            each.give(b"")
        await asyncio.gather(*tasks)
        assert [each.status for each in slow] == [200, 200]
        # What was held is free again.
        assert (await Exchange().give(b"0123456789").through(app)).status == 200

    asyncio.run(work())


def test_one_request_more_than_the_limit_is_told_to_come_back() -> None:
    async def work() -> None:
        gate = asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            await gate.wait()
            await echo(scope, receive, send)

        places = Places(2)
        app = LimitInFlight(slow, places, timeout_s=5)
        inside = [Exchange().give(b"x") for _ in range(2)]
        tasks = [asyncio.create_task(each.through(app)) for each in inside]
        await until(lambda: places.num_taken == 2)
        refused = await Exchange().give(b"x").through(app)
        assert (refused.status, refused.headers[b"retry-after"]) == (429, b"1")
        gate.set()
        await asyncio.gather(*tasks)
        assert [each.status for each in inside] == [200, 200]
        assert (await Exchange().give(b"x").through(app)).status == 200

    asyncio.run(work())


def test_a_full_server_refuses_a_post_before_its_body_comes_and_nothing_else() -> None:
    places = Places(1)
    app = RefuseWhenFull(echo, places)
    assert asyncio.run(Exchange().give(b"x").through(app)).status == 200
    places.num_taken = 1
    # Nothing is given: whoever waited for a body would wait for ever.
    refused = asyncio.run(asyncio.wait_for(Exchange().through(app), 5))
    assert (refused.status, refused.headers[b"retry-after"]) == (429, b"1")
    assert asyncio.run(Exchange("GET").give(b"x").through(app)).status == 200


def test_an_answer_that_takes_too_long_is_given_up() -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    app = LimitInFlight(never, Places(1), timeout_s=0.05)
    exchange = Exchange().give(b"x")
    asyncio.run(exchange.through(app))
    assert exchange.status == 503
    assert exchange.headers[b"retry-after"] == b"1"
    assert exchange.error["what"] == "the answer takes too long"


def test_a_timeout_of_something_else_is_not_hidden() -> None:
    async def fails(*_: object) -> None:
        raise TimeoutError("another one")

    app = LimitInFlight(fails, Places(1), timeout_s=5)
    with pytest.raises(TimeoutError, match="another one"):
        asyncio.run(Exchange().give(b"x").through(app))


def test_with_a_token_everything_but_health_and_the_page_asks_for_it() -> None:
    with Client(application(token=TOKEN)) as client:
        for address in ("/", "/v2/health/live", "/v2/health/ready", "/static/app.js"):
            assert client.get(address).status_code in (200, 404), address
        for address in ("/v1/models", "/v2", "/metrics", "/docs", "/openapi.json", "/nothing"):
            refused = client.get(address)
            assert refused.status_code == 401, address
            assert refused.headers["www-authenticate"] == "Bearer"
            assert refused.json()["error"]
            allowed = client.get(address, headers={"Authorization": f"bearer {TOKEN}"})
            assert allowed.status_code == (404 if address == "/nothing" else 200), address


@pytest.mark.parametrize(
    "given",
    ["Bearer", "Bearer ", f"Basic {TOKEN}", "Bearer secret-token-2", f"Bearer {TOKEN} x", TOKEN],
)
def test_another_token_is_none(given: str) -> None:
    with Client(application(token=TOKEN)) as client:
        refused = client.post("/v1/read", content=b"x", headers={"Authorization": given, **PNG})
        assert refused.status_code == 401
        assert TOKEN not in refused.text


def test_a_token_outside_ascii_is_refused_and_not_a_crash() -> None:
    with Client(application(token=TOKEN)) as client:
        given = "Bearer töken".encode("latin-1")
        assert client.get("/v1/models", headers=[(b"authorization", given)]).status_code == 401


def test_limits_hold_for_the_whole_application() -> None:
    async def work() -> None:
        recogniser = StandInRecogniser()
        app = application(recogniser, max_body_bytes=1000, max_in_flight=1, timeout_s=5)

        async def too_large() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"x" * 500

        async with running(app) as client:
            refused = await client.post("/v1/read", content=too_large(), headers=PNG)
            assert refused.status_code == 413
            infer = {"inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [1, 1, 1, 1]}]}
            infer["inputs"][0]["data"] = [7]  # type: ignore[assignment]
            recogniser.gate.clear()
            address = "/v2/models/digits/infer"
            first = asyncio.create_task(client.post(address, json=infer))
            await until(recogniser.started.is_set)
            refused = await client.post(address, json=infer)
            assert refused.status_code == 429
            assert isinstance(refused.json()["error"], str)
            # Health is asked for when a server is busiest.
            assert (await client.get("/v2/health/ready")).status_code == 200
            recogniser.gate.set()
            assert (await first).status_code == 200

    asyncio.run(work())
