"""``/v1/collect``: samples are kept with consent, and only where the server collects."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from stand_in_server import Client, application

from encoded_pictures import encoded
from thumbnet.errors import DataError, OutputError

SEEN = encoded(Image.new("L", (28, 28), 0))
SAMPLE = {"label": "7", "consent": True, "seen": base64.b64encode(SEEN).decode()}


class StandInCollector:
    """Keeps samples in a list."""

    def __init__(self) -> None:
        self.samples: list[tuple[str, bytes]] = []

    def add(self, label: str, picture: bytes) -> None:
        if label == "full":
            raise OutputError("the disk is full", got="/a/secret/place")
        if label != "7":
            raise DataError(f"there is no class '{label}'")
        self.samples.append((label, picture))

    def counts(self) -> dict[str, int]:
        return {"7": len(self.samples)}


def test_a_sample_with_consent_is_kept() -> None:
    collector = StandInCollector()
    with Client(application(collector=collector)) as client:
        assert client.get("/v1/models").json()["collect"] is True
        assert client.get("/v1/collect").json() == {"counts": {"7": 0}}
        answer = client.post("/v1/collect", json=SAMPLE)
        assert (answer.status_code, answer.json()) == (200, {"counts": {"7": 1}})
    assert collector.samples == [("7", SEEN)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"consent": False}, "no sample"),
        ({"consent": "yes"}, "no sample"),
        ({"consent": 1}, "no sample"),
        ({"label": 7}, "no sample"),
        ({"seen": "not base64!"}, "'seen' is not base64"),
        ({"seen": "ä"}, "'seen' is not base64"),
        ({"more": 1}, "no sample"),
        ({"label": "x"}, "there is no class 'x'"),
    ],
)
def test_anything_else_is_refused(changes: dict[str, Any], words: str) -> None:
    collector = StandInCollector()
    with Client(application(collector=collector)) as client:
        answer = client.post("/v1/collect", json=SAMPLE | changes)
        assert answer.status_code == 422
        assert words in answer.json()["error"]["what"]
    assert collector.samples == []


def test_a_page_of_another_site_cannot_send_samples() -> None:
    import json

    collector = StandInCollector()
    with Client(application(collector=collector)) as client:
        # The types that a browser sends to another site without asking it first.
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            headers = {"Content-Type": kind}
            answer = client.post("/v1/collect", content=json.dumps(SAMPLE), headers=headers)
            assert answer.status_code == 415
    assert collector.samples == []


def test_a_full_disk_is_our_failure_and_its_place_stays_private() -> None:
    with Client(application(collector=StandInCollector())) as client:
        answer = client.post("/v1/collect", json=SAMPLE | {"label": "full"})
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_without_collecting_there_is_no_such_address() -> None:
    with Client(application()) as client:
        assert client.post("/v1/collect", json=SAMPLE).status_code == 404
        assert client.get("/v1/collect").status_code == 404
        assert "/v1/collect" not in client.get("/openapi.json").json()["paths"]


def test_another_method_is_told_both_that_there_are() -> None:
    with Client(application(collector=StandInCollector())) as client:
        answer = client.ask("PUT", "/v1/collect", json=SAMPLE)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_the_real_collector_keeps_a_picture(tmp_path: Path) -> None:
    from thumbnet.server.collecting import Collector

    with Client(application(collector=Collector(tmp_path))) as client:
        answer = client.post("/v1/collect", json=SAMPLE)
        assert answer.json()["counts"]["7"] == 1
        assert client.post("/v1/collect", json=SAMPLE | {"label": "x"}).status_code == 422
    assert len(list((tmp_path / "7").glob("*.png"))) == 1
