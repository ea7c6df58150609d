"""``/openapi.json`` describes what is really answered; the pages work without a network."""

from __future__ import annotations

import re
from typing import Any

import pytest
from PIL import Image
from pydantic import TypeAdapter
from stand_in_server import Client, StandInRecogniser, application
from test_routes_collect import SAMPLE, StandInCollector

from encoded_pictures import encoded
from thumbnet.inference import Recogniser
from thumbnet.server import schemas

PICTURE = encoded(Image.new("L", (9, 9), 200))
INFER = {
    "id": "1",
    "inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [1, 1, 1, 1], "data": [7]}],
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    with Client(application(token="t", collector=StandInCollector())) as client:
        answer = client.get("/openapi.json", headers={"Authorization": "Bearer t"})
        document: dict[str, Any] = answer.json()
        return document


def references(value: Any) -> set[str]:
    """Return every ``$ref`` in a document."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
    return own.union(*map(references, value.values()))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = references(document)
    assert "#/components/schemas/InferRequest" in found
    assert "#/components/schemas/CollectRequest" in found
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_path_is_described_with_its_refusals(document: dict[str, Any]) -> None:
    assert set(document["paths"]) == {
        *("/v1/read", "/v1/predict", "/v1/models", "/v1/collect", "/metrics"),
        *("/v2", "/v2/health/live", "/v2/health/ready"),
        *("/v2/models/{name}", "/v2/models/{name}/ready", "/v2/models/{name}/infer"),
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            statuses = set(operation["responses"])
            assert {"200", "401", "408", "413", "429"} <= statuses, path
            assert ("503" in statuses) >= (method == "post"), path
            assert ("requestBody" in operation) == (method == "post"), path
            assert operation["summary"], path
            assert ("security" in operation) == (not path.startswith("/v2/health")), path
    assert "HTTPValidationError" not in str(document)


def test_refusals_are_described_as_json_and_metrics_as_text(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                kind = "text/plain" if (path, status) == ("/metrics", "200") else "application/json"
                assert list(response["content"]) == [kind], path


def test_values_of_a_query_are_described_with_their_limits(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/v1/read"]["post"]["parameters"]
    described = {each["name"]: each["schema"] for each in parameters}
    assert described["expect"].items() >= {"minimum": 1, "maximum": 1000}.items()
    assert described["charset"].items() >= {"pattern": "^[0-9]+$", "maxLength": 100}.items()
    assert described["min_confidence"].items() >= {"minimum": 0, "maximum": 1}.items()
    assert described["language"]["enum"] == ["en", "zh"]
    assert not any(each["required"] for each in parameters)


@pytest.mark.parametrize(
    ("method", "address", "options", "model"),
    [
        ("POST", "/v1/read?seen=true", {"content": PICTURE}, schemas.ReadAnswer),
        ("POST", "/v1/read?expect=0", {"content": PICTURE}, schemas.Problem),
        ("POST", "/v1/read", {"content": b"x"}, schemas.Problem),
        ("POST", "/v1/predict?seen=1", {"content": PICTURE}, list[schemas.PredictAnswer]),
        ("GET", "/v1/models", {}, schemas.ModelsAnswer),
        ("POST", "/v1/collect", {"json": SAMPLE}, schemas.CollectAnswer),
        ("GET", "/v1/collect", {}, schemas.CollectAnswer),
        ("GET", "/v2", {}, schemas.ServerMetadata),
        ("GET", "/v2/health/live", {}, schemas.Live),
        ("GET", "/v2/health/ready", {}, schemas.Ready),
        ("GET", "/v2/models/digits", {}, schemas.ModelMetadata),
        ("GET", "/v2/models/digits/ready", {}, schemas.ModelReady),
        ("POST", "/v2/models/digits/infer", {"json": INFER}, schemas.InferAnswer),
        ("POST", "/v2/models/digits/infer", {"json": {}}, schemas.ProtocolProblem),
        ("GET", "/v2/models/x", {}, schemas.ProtocolProblem),
    ],
)
def test_answers_have_the_described_form_and_nothing_more(
    method: str, address: str, options: dict[str, Any], model: Any
) -> None:
    recogniser = Recogniser.load("digits", threads=1)
    with Client(application(recogniser, StandInCollector())) as client:
        answer = client.ask(method, address, **options).json()
    adapter = TypeAdapter(model)
    parsed = adapter.validate_python(answer)
    assert adapter.dump_python(parsed, mode="json", exclude_unset=True) == answer


def test_the_list_of_addresses_needs_no_script_and_no_network() -> None:
    with Client(application()) as client:
        page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "/v2/models/{name}/infer" in page.text
    assert "<script" not in page.text
    assert "style" not in page.text
    assert re.findall(r'(?:href|src)="([^"]*)"', page.text) == ["/openapi.json"]


def test_the_page_is_at_the_root_and_its_files_below_static() -> None:
    with Client(application(StandInRecogniser())) as client:
        page = client.get("/")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        files = re.findall(r'(?:href|src)="(static/[^"]*)"', page.text)
        assert files
        for name in files:
            assert client.get(f"/{name}").status_code == 200, name
        for outside in ("/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/a%00b", "/static"):
            assert client.get(outside).status_code == 404, outside
        assert client.ask("HEAD", "/static/index.html").status_code == 200


def test_example_of_a_tensor_is_answered(document: dict[str, Any]) -> None:
    (example,) = document["components"]["schemas"]["InferRequest"]["examples"]
    with Client(application(token="t")) as client:
        answer = client.post(
            "/v2/models/digits/infer", json=example, headers={"Authorization": "Bearer t"}
        )
    assert answer.status_code == 200
