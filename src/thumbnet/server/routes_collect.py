"""``/v1/collect``: keep what visitors drew, if they said yes; only with ``--collect``."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from thumbnet.server.problems import RequestError, parse_body
from thumbnet.server.schemas import CollectAnswer, json_body, refusals
from thumbnet.server.services import SampleCollector, services_of
from thumbnet.server.uploads import check_json_type

router = APIRouter(prefix="/v1", tags=["collecting"])


class CollectRequest(BaseModel):
    """One sample: what the network saw, what it shows, and that its author gives it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    label: Annotated[str, Field(max_length=100)]
    # Not Literal[True], which 1 equals too.
    consent: Annotated[bool, Field(json_schema_extra={"const": True})]
    seen: Annotated[str, Field(description="A PNG in base64.")]


@router.post(
    "/collect",
    summary="Give a sample",
    openapi_extra=json_body(CollectRequest),
    responses={200: {"model": CollectAnswer}, **refusals(415, 422, 503)},
)
async def collect(request: Request) -> Response:
    """Keep one sample with its label; without consent nothing is kept."""
    # A page of another site cannot send this type without asking the browser, which asks us.
    check_json_type(request.headers.get("content-type"))
    body, collector = await request.body(), _collector(request)

    def work() -> dict[str, int]:
        sample, picture = _parse(body)
        collector.add(sample.label, picture)
        return collector.counts()

    return JSONResponse({"counts": await services_of(request).in_thread(work)})


@router.get(
    "/collect",
    summary="Count the samples",
    responses={200: {"model": CollectAnswer}, **refusals()},
)
async def counts(request: Request) -> Response:
    """Say how many samples of each label there are."""
    collector = _collector(request)
    return JSONResponse({"counts": await services_of(request).in_thread(collector.counts)})


def _collector(request: Request) -> SampleCollector:
    collector = services_of(request).collector
    # The routes exist only where samples are collected.
    assert collector is not None
    return collector


def _parse(body: bytes) -> tuple[CollectRequest, bytes]:
    sample = parse_body(CollectRequest, body, 422, "this is no sample")
    if not sample.consent:
        raise RequestError(422, "this is no sample", got="no consent", expected="'consent': true")
    try:
        return sample, base64.b64decode(sample.seen, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(
            422, "'seen' is not base64", got=error, expected="a PNG in base64"
        ) from None
