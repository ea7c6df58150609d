"""``/v1``: pictures in, digits out; which models there are."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import JSONResponse, Response

from thumbnet.prediction import Prediction
from thumbnet.reading import ReadOptions
from thumbnet.reading.options import ALL_DIGITS
from thumbnet.server.problems import RequestError
from thumbnet.server.schemas import ModelsAnswer, PredictAnswer, ReadAnswer, refusals
from thumbnet.server.services import ServedModel, services_of
from thumbnet.server.uploads import FIELD, files_of

router = APIRouter(prefix="/v1", tags=["pictures"])

_MOST_DIGITS = 1000
_BINARY = {"type": "string", "format": "binary"}

Model = Annotated[
    str | SkipJsonSchema[None], Query(description="A name of /v1/models; by default the first.")
]
Seen = Annotated[bool, Query(description="Add what the network saw, as a PNG in base64.")]


def _pictures(of_form: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a body that is a picture, or a form with the field ``file``."""
    form = {"type": "object", "required": [FIELD], "properties": {FIELD: of_form}}
    content: dict[str, Any] = {
        "multipart/form-data": {"schema": form},
        "image/*": {"schema": _BINARY},
        "application/octet-stream": {"schema": _BINARY},
    }
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/read",
    summary="Read the digits of a photo",
    openapi_extra=_pictures(_BINARY),
    responses={200: {"model": ReadAnswer}, **refusals(404, 415, 422, 503)},
)
async def read(
    request: Request,
    model: Model = None,
    charset: Annotated[
        str,
        Query(description="The digits that may occur.", pattern="^[0-9]+$", max_length=100),
    ] = ALL_DIGITS,
    expect: Annotated[
        Annotated[int, Field(ge=1, le=_MOST_DIGITS)] | SkipJsonSchema[None],
        Query(description="How many digits a line has."),
    ] = None,
    min_confidence: Annotated[
        float, Query(description="A digit less probable is shown as ?.", ge=0, le=1)
    ] = 0.0,
    language: Annotated[Literal["en", "zh"], Query(description="Of the diagnosis.")] = "en",
    seen: Seen = False,
) -> Response:
    """Find the lines of digits in one picture, and say of each digit how sure it is."""
    services = services_of(request)
    reader = _reader(services.model(model))
    options = ReadOptions(charset=charset, expect=expect, min_confidence=min_confidence)
    body, content_type = await request.body(), request.headers.get("content-type")

    def work() -> Response:
        [picture] = files_of(body, content_type, max_files=1)
        reading = reader.read(picture, options)
        digits = [digit for line in reading.lines for digit in line.digits]
        services.metrics.refused.inc(sum(digit.refused for digit in digits))
        return JSONResponse(reading.to_dict(seen=seen, language=language))

    return await services.in_thread(work)


@router.post(
    "/predict",
    summary="Classify pictures of one glyph each",
    openapi_extra=_pictures({"type": "array", "items": _BINARY, "minItems": 1}),
    responses={200: {"model": list[PredictAnswer]}, **refusals(404, 415, 422, 503)},
)
async def predict(request: Request, model: Model = None, seen: Seen = False) -> Response:
    """Say of every picture what it shows, how likely that is, and whether it is refused."""
    services = services_of(request)
    served = services.model(model)
    content_type = request.headers.get("content-type")
    predictions = await services.predict(served, await request.body(), content_type)
    return JSONResponse([_to_dict(each, seen) for each in predictions])


@router.get(
    "/models",
    summary="List the models",
    responses={200: {"model": ModelsAnswer}, **refusals()},
)
async def models(request: Request) -> Response:
    """Say which models are served, and whether samples are collected."""
    services = services_of(request)
    rows = [_summary(model) for model in services.models]
    return JSONResponse({"models": rows, "collect": services.collector is not None})


def _reader(model: ServedModel) -> Any:
    if model.reader is None:
        raise RequestError(
            422,
            "this model does not read photos",
            got=f"{model.name}: {', '.join(model.recogniser.class_names)}",
            expected="a model of the ten digits",
            fix=f"/v1/predict?model={model.name}",
        )
    return model.reader


def _to_dict(prediction: Prediction, seen: bool) -> dict[str, Any]:
    answer = {
        "label": prediction.label,
        "probability": prediction.probability,
        "probabilities": prediction.probabilities,
        "refused": prediction.refused,
        "score": prediction.score,
    }
    if seen:
        answer["seen"] = _png(prediction.seen)
    return answer


def _png(pixels: Any) -> str:
    from PIL import Image

    content = BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode("ascii")


def _summary(model: ServedModel) -> dict[str, Any]:
    metadata = model.recogniser.metadata
    return {
        "name": model.name,
        "class_names": list(model.recogniser.class_names),
        "sha256": model.recogniser.sha256,
        "input": {key: metadata["input"][key] for key in ("channels", "size_px", "frame")},
        "thumbnet_version": metadata["thumbnet_version"],
        "made": metadata["made"],
        "summary": _first_paragraph(metadata["card"]),
        "reads_photos": model.reader is not None,
    }


def _first_paragraph(card: str) -> str:
    """Return a card's first text below its title, as one line."""
    paragraphs = (each.strip() for each in card.split("\n\n"))
    texts = (each for each in paragraphs if each and not each.startswith("#"))
    return " ".join(next(texts, "").split())
