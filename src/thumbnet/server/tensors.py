"""Tensors of the Open Inference Protocol, version 2: JSON → pixels, predictions → JSON.

https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from thumbnet.inference.pictures import MAX_SIDE_PX
from thumbnet.prediction import Prediction
from thumbnet.server.problems import RequestError, parse_body

if TYPE_CHECKING:
    import numpy as np

INPUT = "pixels"
OutputName = Literal["label", "probability", "probabilities", "refused", "score", "seen"]
DATATYPES: dict[OutputName, str] = {
    "label": "INT64",
    "probability": "FP32",
    "probabilities": "FP32",
    "refused": "BOOL",
    "score": "FP32",
    "seen": "UINT8",
}

_Parameters = dict[str, Any]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


# One grey picture of 4 by 3 pixels with an upright stroke.
EXAMPLE: dict[str, Any] = {
    "inputs": [
        {
            "name": INPUT,
            "shape": [1, 4, 3, 1],
            "datatype": "UINT8",
            "data": [0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0],
        }
    ]
}


class InputTensor(_Strict):
    """N pictures of one shape, 0 to 255; the numbers flat, row by row, or nested as the shape."""

    name: Literal["pixels"]
    shape: Annotated[list[PositiveInt], Field(min_length=4, max_length=4)]
    datatype: Literal["UINT8"]
    parameters: _Parameters = {}
    data: list[Any]


class WantedOutput(_Strict):
    """One of the outputs that are wanted; all are sent if none is named."""

    name: OutputName
    parameters: _Parameters = {}


class InferRequest(_Strict):
    """What ``infer`` takes."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: str = ""
    parameters: _Parameters = {}
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=1)]
    outputs: Annotated[list[WantedOutput], Field(min_length=1)] = [
        WantedOutput(name=name) for name in DATATYPES
    ]


def parse_infer(body: bytes, max_pictures: int) -> tuple[InferRequest, np.ndarray]:
    """Return a request and its pixels, uint8 ``(N, H, W, C)``.

    Raises:
        RequestError: 400, as the protocol has it: no JSON, of another form, more pictures than
            ``max_pictures``, or numbers that do not fit the shape or a byte.
    """
    import numpy as np

    request = parse_body(InferRequest, body, 400, "this is no inference request")
    tensor = request.inputs[0]
    num_pictures, height, width, channels = tensor.shape
    if num_pictures > max_pictures or max(height, width) > MAX_SIDE_PX or channels not in (1, 3):
        raise RequestError(
            400,
            "no pictures of this shape are taken",
            got=tensor.shape,
            expected=f"[N, H, W, C], N at most {max_pictures}, H and W at most {MAX_SIDE_PX:,}, "
            "C 1 (grey) or 3 (RGB)",
        )
    numbers = _flat(tensor.data, tensor.shape)
    if set(map(type, numbers)) != {int}:
        raise RequestError(400, "the data are not all whole numbers", expected="0 to 255")
    try:
        pixels = bytes(numbers)
    except ValueError:
        raise RequestError(400, "a number does not fit UINT8", expected="0 to 255") from None
    # A copy, because what the bytes hold cannot be written to.
    return request, np.frombuffer(pixels, np.uint8).reshape(tensor.shape).copy()


def _flat(data: list[Any], shape: list[int]) -> list[Any]:
    """Return the numbers row by row, whether ``data`` is flat or nested."""
    if data and isinstance(data[0], list):
        rows: list[Any] = [data]
        for size in shape:
            if any(not isinstance(row, list) or len(row) != size for row in rows):
                raise _wrong_size(shape, f"a list without {size} entries")
            rows = list(chain.from_iterable(rows))
        return rows
    if len(data) != math.prod(shape):
        raise _wrong_size(shape, f"{len(data):,} numbers")
    return data


def _wrong_size(shape: list[int], got: str) -> RequestError:
    return RequestError(
        400,
        "the data do not fill the shape",
        got=got,
        expected=f"{math.prod(shape):,} numbers for {shape}",
    )


def output_tensors(
    request: InferRequest, predictions: Sequence[Prediction], class_names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the wanted outputs of N predictions, in the order that they were asked for."""
    index = {name: position for position, name in enumerate(class_names)}
    values: dict[OutputName, Callable[[Prediction], Any]] = {
        "label": lambda each: index[each.label],
        "probability": lambda each: each.probability,
        "probabilities": lambda each: list(each.probabilities.values()),
        "refused": lambda each: each.refused,
        "score": lambda each: each.score,
        "seen": lambda each: each.seen,
    }
    # Asked for twice, an output is sent once.
    names = dict.fromkeys(wanted.name for wanted in request.outputs)
    return [_tensor(name, [values[name](each) for each in predictions]) for name in names]


def _tensor(name: OutputName, values: list[Any]) -> dict[str, Any]:
    import numpy as np

    array = np.asarray(values)
    return {
        "name": name,
        "datatype": DATATYPES[name],
        "shape": list(array.shape),
        "data": array.ravel().tolist(),
    }
