"""``/v2``: the Open Inference Protocol; its tensors, its selection of outputs, its errors."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from stand_in_server import Client, StandInRecogniser, application, fingerprint, running

from thumbnet.inference import Recogniser
from thumbnet.version import __version__

ADDRESS = "/v2/models/digits/infer"
OUTPUTS = ["label", "probability", "probabilities", "refused", "score", "seen"]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Client(application()) as client:
        yield client


def tensor(pixels: np.ndarray, **changes: Any) -> dict[str, Any]:
    values = {
        "name": "pixels",
        "datatype": "UINT8",
        "shape": list(pixels.shape),
        "data": pixels.ravel().tolist(),
    }
    return values | changes


def some_pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(math.prod(shape)).integers(0, 256, shape, dtype=np.uint8)


def test_the_server_and_its_health_are_described(client: Client) -> None:
    assert client.get("/v2").json() == {
        "name": "thumbnet",
        "version": __version__,
        "extensions": [],
    }
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"live": True, "ready": True}
    assert client.get("/v2/models/digits/ready").json() == {"name": "digits", "ready": True}


def test_a_server_is_not_ready_before_it_starts_nor_while_it_stops() -> None:
    import asyncio

    import httpx

    app = application()

    async def is_ready() -> tuple[int, bool]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            answer = await client.get("/v2/health/ready")
            model = await client.get("/v2/models/digits/ready")
            assert model.status_code == answer.status_code
            return answer.status_code, answer.json()["ready"]

    async def work() -> None:
        assert await is_ready() == (503, False)
        async with running(app):
            assert await is_ready() == (200, True)
        assert await is_ready() == (503, False)

    asyncio.run(work())


def test_a_model_is_described_with_its_tensors(client: Client) -> None:
    model = client.get("/v2/models/digits").json()
    assert (model["name"], model["platform"]) == ("digits", "onnx_onnxv1")
    assert model["inputs"] == [
        {"name": "pixels", "datatype": "UINT8", "shape": [-1, -1, -1, -1]},
    ]
    assert [each["name"] for each in model["outputs"]] == OUTPUTS
    shapes = {each["name"]: each["shape"] for each in model["outputs"]}
    assert (shapes["probabilities"], shapes["seen"]) == ([-1, 10], [-1, 28, 28])


@pytest.mark.parametrize("nested", [False, True])
def test_tensors_come_flat_or_nested(client: Client, nested: bool) -> None:
    pixels = some_pixels(3, 5, 4, 3)
    data = pixels.tolist() if nested else pixels.ravel().tolist()
    answer = client.post(ADDRESS, json={"inputs": [tensor(pixels, data=data)]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["model_name"] == "digits"
    assert "id" not in answer.json()
    outputs = {each["name"]: each for each in answer.json()["outputs"]}
    assert list(outputs) == OUTPUTS
    assert outputs["probability"]["data"] == [fingerprint(each) for each in pixels]
    assert outputs["seen"]["shape"] == [3, 28, 28]
    assert len(outputs["seen"]["data"]) == 3 * 28 * 28


def test_answers_are_those_of_the_recogniser() -> None:
    recogniser = Recogniser.load("digits", threads=1)
    pixels = some_pixels(2, 28, 28, 1)
    expected = recogniser.run(pixels)
    described = {}
    with Client(application(recogniser)) as client:
        answer = client.post(ADDRESS, json={"inputs": [tensor(pixels)]}).json()
        for each in client.get("/v2/models/digits").json()["outputs"]:
            described[each["name"]] = each
    for output in answer["outputs"]:
        array = getattr(expected, output["name"])
        assert output["shape"] == list(array.shape)
        assert output["data"] == array.ravel().tolist()
        assert output["datatype"] == described[output["name"]]["datatype"]
        assert output["shape"][1:] == described[output["name"]]["shape"][1:]


def test_only_the_outputs_that_are_wanted_come_and_the_id_comes_back(client: Client) -> None:
    wanted = [{"name": "score"}, {"name": "label", "parameters": {"a": 1}}, {"name": "score"}]
    body = {"id": "7", "inputs": [tensor(some_pixels(1, 2, 2, 1))], "outputs": wanted}
    answer = client.post(ADDRESS, json=body).json()
    assert answer["id"] == "7"
    assert [each["name"] for each in answer["outputs"]] == ["score", "label"]
    assert [each["datatype"] for each in answer["outputs"]] == ["FP32", "INT64"]


PIXELS = some_pixels(1, 2, 2, 1)
RAGGED = [[[[1], [2]], [[3]]]]
MISTAKES: dict[str, tuple[Any, str]] = {
    "no JSON": (b"{", "no inference request"),
    "no object": ([1], "no inference request"),
    "not even text": (b"\xff\xfe", "no inference request"),
    "half a character": (b'{"id": "\\ud800", "inputs": []}', "no inference request"),
    "very deep": (b"[" * 100_000, "no inference request"),
    "no inputs": ({"inputs": []}, "inputs"),
    "two inputs": ({"inputs": [tensor(PIXELS)] * 2}, "inputs"),
    "another name": ({"inputs": [tensor(PIXELS, name="x")]}, "'pixels'"),
    "another type": ({"inputs": [tensor(PIXELS, datatype="FP32")]}, "'UINT8'"),
    "three sizes": ({"inputs": [tensor(PIXELS, shape=[2, 2, 1])]}, "inputs.0.shape"),
    "a size of zero": ({"inputs": [tensor(PIXELS, shape=[0, 2, 2, 1])]}, "inputs.0.shape.0"),
    "a size of 1.0": ({"inputs": [tensor(PIXELS, shape=[1.0, 2, 2, 1])]}, "inputs.0.shape.0"),
    "two channels": ({"inputs": [tensor(PIXELS, shape=[1, 2, 1, 2])]}, "no pictures of this shape"),
    "too many": ({"inputs": [tensor(PIXELS, shape=[257, 1, 1, 1])]}, "N at most 256"),
    "too long": ({"inputs": [tensor(PIXELS, shape=[1, 1, 70_000, 1])]}, "at most 65,535"),
    "too few numbers": ({"inputs": [tensor(PIXELS, data=[1, 2, 3])]}, "do not fill the shape"),
    "no numbers": ({"inputs": [tensor(PIXELS, data=[])]}, "do not fill the shape"),
    "ragged": ({"inputs": [tensor(PIXELS, data=RAGGED)]}, "do not fill the shape"),
    "mixed": ({"inputs": [tensor(PIXELS, data=[[1], 2, 3, 4])]}, "do not fill the shape"),
    "fractions": ({"inputs": [tensor(PIXELS, data=[1, 2, 3, 4.5])]}, "not all whole numbers"),
    "texts": ({"inputs": [tensor(PIXELS, data=[1, 2, 3, "4"])]}, "not all whole numbers"),
    "true": ({"inputs": [tensor(PIXELS, data=[1, 2, 3, True])]}, "not all whole numbers"),
    "lists": ({"inputs": [tensor(PIXELS, data=[1, 2, 3, [4]])]}, "not all whole numbers"),
    "below zero": ({"inputs": [tensor(PIXELS, data=[1, 2, 3, -1])]}, "does not fit UINT8"),
    "enormous": ({"inputs": [tensor(PIXELS, data=[1, 2, 3, 10**40])]}, "does not fit UINT8"),
    "unknown output": ({"inputs": [tensor(PIXELS)], "outputs": [{"name": "x"}]}, "outputs.0.name"),
    "unknown key": ({"inputs": [tensor(PIXELS)], "more": 1}, "more"),
    "a number as id": ({"inputs": [tensor(PIXELS)], "id": 7}, "id"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_as_the_protocol_has_it(client: Client, mistake: str) -> None:
    body, words = MISTAKES[mistake]
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post(ADDRESS, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]


def test_other_refusals_have_the_form_of_the_protocol_too(client: Client) -> None:
    for status, answer in (
        (404, client.post("/v2/models/x/infer", json={})),
        (404, client.get("/v2/models/x")),
        (404, client.get("/v2/models/x/ready")),
        (404, client.get("/v2/nothing")),
        (405, client.get(ADDRESS)),
        (415, client.post(ADDRESS, content=b"{}", headers={"Content-Type": "text/plain"})),
    ):
        assert answer.status_code == status
        assert isinstance(answer.json()["error"], str)


def test_a_model_without_a_grey_network_sees_colours() -> None:
    recogniser = StandInRecogniser(("cat", "dog"))
    spec = {"channels": 3, "size_px": 8, "frame": "resize"}
    recogniser.metadata = {**recogniser.metadata, "input": spec}
    with Client(application(recogniser)) as client:
        outputs = client.get("/v2/models/digits").json()["outputs"]
    shapes = {each["name"]: each["shape"] for each in outputs}
    assert (shapes["probabilities"], shapes["seen"]) == ([-1, 2], [-1, 8, 8, 3])
