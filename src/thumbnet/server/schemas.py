"""What answers look like, for ``/openapi.json``. They are written by hand, and tests compare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel


class ProblemDetails(BaseModel):
    """Why a request is refused, as text for a person."""

    what: str
    got: str | None
    expected: str | None
    fix: str | None


class Problem(BaseModel):
    """Every refusal, except below ``/v2``."""

    error: ProblemDetails


class ProtocolProblem(BaseModel):
    """Every refusal below ``/v2``, as the Open Inference Protocol has it."""

    error: str


class Diagnosis(BaseModel):
    """One reason for doubt."""

    code: str
    words: str


class ReadDigit(BaseModel):
    """One glyph; ``text`` is ``?`` where it is refused. The box is left, top, right, bottom."""

    text: str
    label: str
    box: list[int]
    probability: float
    score: float
    refused: bool
    alternatives: list[list[str | float]]
    probabilities: dict[str, float]
    diagnosis: list[Diagnosis]
    seen: str | None = None


class ReadLine(BaseModel):
    """Digits in a row, from left to right."""

    text: str
    box: list[int]
    probability: float
    digits: list[ReadDigit]


class ReadAnswer(BaseModel):
    """All that was read in one picture, in pixels of the upright picture."""

    text: str
    width: int
    height: int
    diagnosis: list[Diagnosis]
    lines: list[ReadLine]


class PredictAnswer(BaseModel):
    """What one picture shows; ``seen`` is a PNG in base64, if it was asked for."""

    label: str
    probability: float
    probabilities: dict[str, float]
    refused: bool
    score: float
    seen: str | None = None


class ModelInput(BaseModel):
    """What the network sees of a picture."""

    channels: int
    size_px: int
    frame: str


class ModelSummary(BaseModel):
    """A model that is served."""

    name: str
    class_names: list[str]
    sha256: str
    input: ModelInput
    thumbnet_version: str
    made: str
    summary: str
    reads_photos: bool


class ModelsAnswer(BaseModel):
    """What this server offers."""

    models: list[ModelSummary]
    collect: bool


class ServerMetadata(BaseModel):
    """The server, as the protocol has it."""

    name: str
    version: str
    extensions: list[str]


class Live(BaseModel):
    """Whether the server answers."""

    live: bool


class Ready(BaseModel):
    """Whether the server takes requests; ``live`` as well, as the protocol's text has it."""

    live: bool
    ready: bool


class ModelReady(BaseModel):
    """Whether one model takes requests."""

    name: str
    ready: bool


class TensorMetadata(BaseModel):
    """A tensor; −1 is a size that may vary."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """A model, as the protocol has it."""

    name: str
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class OutputTensor(BaseModel):
    """An output; the numbers row by row."""

    name: str
    datatype: str
    shape: list[int]
    data: list[int | float | bool]


class InferAnswer(BaseModel):
    """What ``infer`` answers; ``id`` if the request had one."""

    model_name: str
    id: str | None = None
    outputs: list[OutputTensor]


class CollectAnswer(BaseModel):
    """Label → number of samples."""

    counts: dict[str, int]


Responses = dict[int | str, dict[str, Any]]

_REASONS = {
    400: "A tensor is not as the protocol or the model has it",
    401: "No token, or another one",
    404: "No such model",
    408: "The request arrived too slowly",
    413: "The request is too large",
    415: "The content type is not read here",
    422: "A picture or a value cannot be used; the error says why",
    429: "Too many requests at once",
    503: "The answer takes too long, or the server is stopping",
}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """Return the description of a body that a route reads by itself; see ``add_definitions``."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def add_definitions(document: dict[str, Any], models: Iterable[type[BaseModel]]) -> None:
    """Add what ``json_body`` refers to, which FastAPI does not see, to an OpenAPI document."""
    schemas = document["components"]["schemas"]
    for model in models:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema


def refusals(*statuses: int, model: type[BaseModel] = Problem) -> Responses:
    """Return the description of answers that refuse; any request can have the first four."""
    return {
        status: {"model": model, "description": _REASONS[status]}
        for status in (401, 408, 413, 429, *statuses)
    }
