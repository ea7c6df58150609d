"""What is seen of requests: headers, request names, the log, metrics; and failures of ours."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest
from PIL import Image
from stand_in_server import Client, StandInRecogniser, application
from starlette.types import Message, Receive, Scope, Send

from encoded_pictures import encoded
from thumbnet.server.metrics import Metrics
from thumbnet.server.observing import Observe

PNG = {"Content-Type": "image/png"}
PICTURE = encoded(Image.new("L", (3, 2), 9))


@pytest.mark.parametrize("address", ["/", "/v1/models", "/nothing", "/static/index.html", "/docs"])
def test_every_answer_has_the_security_headers(address: str) -> None:
    with Client(application()) as client:
        headers = client.get(address).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "camera=(self)" in headers["permissions-policy"]


def test_answers_are_not_kept_and_the_page_is_asked_for_anew() -> None:
    with Client(application()) as client:
        assert client.get("/v1/models").headers["cache-control"] == "no-store"
        assert client.get("/").headers["cache-control"] == "no-cache"


def test_a_request_keeps_the_name_that_a_proxy_gave_it() -> None:
    with Client(application()) as client:
        answer = client.get("/v2", headers={"X-Request-ID": "a-1.b_2"})
        assert answer.headers["x-request-id"] == "a-1.b_2"
        for bad in ("a b", "x" * 65, "ä".encode("latin-1"), "a;b"):
            answer = client.get("/v2", headers=[(b"x-request-id", bad)])  # type: ignore[list-item]
            assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_the_log_has_a_line_without_query_body_or_token(caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.INFO, "thumbnet.server"),
        Client(application(token="secret-token")) as client,
    ):
        headers = {"Authorization": "Bearer secret-token", **PNG}
        client.post("/v1/predict?seen=true&x=private", content=PICTURE, headers=headers)
        client.get("/a%0Ab?secret-token")
    first, second = (record.getMessage() for record in caplog.records)
    assert re.fullmatch(r"POST /v1/predict 200 \d+\.\d ms [0-9a-f]{32}", first)
    assert re.fullmatch(r"GET /a%0Ab 401 \d+\.\d ms [0-9a-f]{32}", second)


def test_a_failure_of_ours_is_logged_and_says_nothing_of_its_inside(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recogniser = StandInRecogniser()
    recogniser.failure = RuntimeError("a secret place")
    with Client(application(recogniser)) as client:
        answer = client.post("/v1/predict", content=PICTURE, headers=PNG)
        assert answer.status_code == 500
        assert answer.json()["error"]["what"] == "the server failed"
        assert "secret" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert client.get("/v2/health/ready").status_code == 200
    assert "a secret place" in caplog.text


@pytest.mark.parametrize("num_sent", [0, 1, 2], ids=["nothing", "half", "whole"])
def test_only_half_an_answer_lets_a_failure_reach_the_connection(
    num_sent: int, caplog: pytest.LogCaptureFixture
) -> None:
    answer = [
        {"type": "http.response.start", "status": 500, "headers": []},
        {"type": "http.response.body", "body": b"x", "more_body": False},
    ]

    async def failing(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in answer[:num_sent]:
            await send(message)
        raise RuntimeError("a secret place")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "POST", "path": "/", "raw_path": b"/", "headers": []}
    app = Observe(failing, Metrics(), ["/"])
    if num_sent == 1:
        with pytest.raises(RuntimeError):
            asyncio.run(app(scope, receive, send))
        assert sent == answer[:1]
    else:
        asyncio.run(app(scope, receive, send))
        assert [message["type"] for message in sent] == [each["type"] for each in answer]
        assert sent[0]["status"] == 500
    assert "a secret place" in caplog.text


def test_metrics_count_requests_by_route_method_and_status() -> None:
    with Client(application(max_body_bytes=1000)) as client:
        for number in range(3):
            picture = encoded(Image.new("L", (3, 2), number))
            client.post("/v1/predict", content=picture, headers=PNG)
        client.post("/v1/predict", content=b"x" * 2000, headers=PNG)
        client.get("/v2/models/digits")
        client.get("/v2/models/other")
        client.ask("BREW", "/invented/path")
        lines = client.get("/metrics").text.splitlines()
    requests = 'thumbnet_requests_total{method="%s",route="%s",status="%s"} %s'
    for expected in (
        requests % ("POST", "/v1/predict", "200", "3.0"),
        requests % ("POST", "/v1/predict", "413", "1.0"),
        requests % ("GET", "/v2/models/{name}", "200", "1.0"),
        requests % ("GET", "/v2/models/{name}", "404", "1.0"),
        requests % ("other", "other", "404", "1.0"),
        'thumbnet_request_seconds_count{route="/v1/predict"} 4.0',
        "thumbnet_batch_pictures_count 3.0",
        "thumbnet_batch_pictures_sum 3.0",
        # The request that asks.
        "thumbnet_requests_in_flight 1.0",
    ):
        assert expected in lines
    assert any(line.startswith("thumbnet_refused_total ") for line in lines)


def test_two_applications_count_by_themselves() -> None:
    with Client(application()) as first, Client(application()) as second:
        first.get("/v2")
        assert "/v2" not in second.get("/metrics").text
