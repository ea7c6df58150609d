"""``/v2``: the Open Inference Protocol, version 2, over HTTP, for clients that know it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from thumbnet.server.problems import PROTOCOL_PREFIX
from thumbnet.server.schemas import (
    InferAnswer,
    Live,
    ModelMetadata,
    ModelReady,
    ProtocolProblem,
    Ready,
    ServerMetadata,
    json_body,
    refusals,
)
from thumbnet.server.services import services_of
from thumbnet.server.tensors import DATATYPES, INPUT, InferRequest, output_tensors, parse_infer
from thumbnet.server.uploads import check_json_type
from thumbnet.version import __version__

health = APIRouter(prefix=PROTOCOL_PREFIX, tags=["health"])
router = APIRouter(prefix=PROTOCOL_PREFIX, tags=["Open Inference Protocol"])

_PLATFORM = "onnx_onnxv1"
_REFUSALS = refusals(model=ProtocolProblem)
_REFUSALS_OF_MODEL = refusals(404, model=ProtocolProblem)


@health.get("/health/live", summary="Is it running?", responses={200: {"model": Live}, **_REFUSALS})
async def live() -> Response:
    """Answer."""
    return JSONResponse({"live": True})


@health.get(
    "/health/ready",
    summary="Does it take requests?",
    responses={
        200: {"model": Ready},
        **_REFUSALS,
        503: {"model": Ready, "description": "It is starting or stopping"},
    },
)
async def ready(request: Request) -> Response:
    """Say whether the models are loaded and the server is not stopping."""
    is_ready = services_of(request).is_ready
    return JSONResponse({"live": True, "ready": is_ready}, 200 if is_ready else 503)


@router.get(
    "", summary="Describe the server", responses={200: {"model": ServerMetadata}, **_REFUSALS}
)
async def server() -> Response:
    """Say which server this is."""
    return JSONResponse({"name": "thumbnet", "version": __version__, "extensions": []})


@router.get(
    "/models/{name}",
    summary="Describe a model",
    responses={200: {"model": ModelMetadata}, **_REFUSALS_OF_MODEL},
)
async def model_metadata(request: Request, name: str) -> Response:
    """Say which tensors a model takes and gives."""
    model = services_of(request).model(name)
    spec = model.recogniser.metadata["input"]
    seen = [spec["size_px"]] * 2 + ([] if spec["channels"] == 1 else [3])
    shapes = {"probabilities": [-1, len(model.recogniser.class_names)], "seen": [-1, *seen]}
    outputs = [
        {"name": output, "datatype": datatype, "shape": shapes.get(output, [-1])}
        for output, datatype in DATATYPES.items()
    ]
    pixels = {"name": INPUT, "datatype": "UINT8", "shape": [-1, -1, -1, -1]}
    return JSONResponse(
        {"name": model.name, "platform": _PLATFORM, "inputs": [pixels], "outputs": outputs}
    )


@router.get(
    "/models/{name}/ready",
    summary="Does a model take requests?",
    responses={
        200: {"model": ModelReady},
        **_REFUSALS_OF_MODEL,
        503: {"model": ModelReady, "description": "It is starting or stopping"},
    },
)
async def model_ready(request: Request, name: str) -> Response:
    """Say whether a model takes requests."""
    services = services_of(request)
    is_ready = services.is_ready
    answer = {"name": services.model(name).name, "ready": is_ready}
    return JSONResponse(answer, 200 if is_ready else 503)


@router.post(
    "/models/{name}/infer",
    summary="Recognise pictures that are tensors",
    openapi_extra=json_body(InferRequest),
    responses={
        200: {"model": InferAnswer},
        **refusals(400, 404, 415, 503, model=ProtocolProblem),
    },
)
async def infer(request: Request, name: str) -> Response:
    """Recognise N pictures of one shape; labels are positions in the model's class names."""
    services = services_of(request)
    model = services.model(name)
    check_json_type(request.headers.get("content-type"))
    body = await request.body()
    wanted, pixels = await services.in_thread(
        lambda: parse_infer(body, services.settings.max_pictures)
    )
    predictions = await model.batcher.predict(list(pixels))
    services.metrics.refused.inc(sum(each.refused for each in predictions))

    def answer() -> Response:
        content: dict[str, Any] = {"model_name": model.name}
        if "id" in wanted.model_fields_set:
            content["id"] = wanted.id
        content["outputs"] = output_tensors(wanted, predictions, model.recogniser.class_names)
        return JSONResponse(content)

    return await services.in_thread(answer)
