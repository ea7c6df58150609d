"""Static quantisation to int8, kept only where it costs little and is really faster here."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from thumbnet.export.parity import open_session

MAX_ACCURACY_LOSS = 0.001
NUM_CALIBRATION = 500
_BATCH = 64
_ROUNDS = 7


@dataclass(frozen=True)
class Quantisation:
    """What int8 would cost and bring, measured on held-out images.

    Attributes:
        accepted: whether the loss is at most 0.1 points and it is faster.
        accuracy: share of right labels before.
        accuracy_int8: and after.
        speed_ratio: time before ÷ time after, median of alternating rounds.
        num_images: how many images.
    """

    accepted: bool
    accuracy: float
    accuracy_int8: float
    speed_ratio: float
    num_images: int

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    def in_words(self) -> str:
        """Return a sentence for a person."""
        verdict = "int8 is used" if self.accepted else "int8 is not used"
        return (
            f"{verdict}: on {self.num_images:,} held-out images {self.accuracy_int8:.2%} right "
            f"instead of {self.accuracy:.2%}, {self.speed_ratio:.2f} times as fast"
        )


def quantise(
    model: onnx.ModelProto, pixels: np.ndarray, labels: np.ndarray
) -> tuple[onnx.ModelProto, Quantisation]:
    """Return the quantised graph and what was measured of it.

    Convolutions and the last layer are quantised by channel, activations by what the first held-out
    images show; the search for the ink stays as it is.

    Args:
        model: what ``to_onnx`` gives.
        pixels: held-out images, uint8 ``(N, H, W, C)``; none of the test set.
        labels: int64 ``(N,)``.
    """
    from onnxruntime.quantization import QuantFormat, quantize_static

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(model.SerializeToString())
        quantize_static(
            str(source),
            str(target),
            _Calibration(pixels[:NUM_CALIBRATION]),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            nodes_to_quantize=_network_nodes(model.graph),
        )
        quantised = onnx.load(str(target))
    sessions = [open_session(each.SerializeToString()) for each in (model, quantised)]
    before, after = (_accuracy(session, pixels, labels) for session in sessions)
    ratio = _speed_ratio(sessions[0], sessions[1], pixels[:1000])
    accepted = before - after <= MAX_ACCURACY_LOSS and ratio > 1
    return quantised, Quantisation(accepted, before, after, ratio, len(labels))


def _network_nodes(graph: onnx.GraphProto) -> list[str]:
    """Return the names of the nodes with weights behind the frame, whose branches come before.

    The sums that tell whether a picture is framed must stay exact, and resizing has no weights.
    """
    weights = {tensor.name for tensor in graph.initializer}
    branches = [index for index, node in enumerate(graph.node) if node.op_type == "If"]
    behind = graph.node[branches[-1] + 1 if branches else 0 :]
    return [
        node.name
        for node in behind
        if node.op_type in ("Conv", "Gemm", "MatMul") and weights & set(node.input)
    ]


class _Calibration:
    """The interface of ``onnxruntime.quantization.CalibrationDataReader``."""

    def __init__(self, pixels: np.ndarray) -> None:
        self._batches: Iterator[np.ndarray] = iter(_chunks(pixels))

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"pixels": batch}


def _accuracy(session: Any, pixels: np.ndarray, labels: np.ndarray) -> float:
    found = [session.run(["label"], {"pixels": chunk})[0] for chunk in _chunks(pixels)]
    return float((np.concatenate(found) == labels).mean())


def _chunks(pixels: np.ndarray) -> list[np.ndarray]:
    """Part pictures as ``Recogniser.run`` does: one that is not framed slows its whole batch."""
    return [pixels[start : start + _BATCH] for start in range(0, len(pixels), _BATCH)]


def _speed_ratio(first: Any, second: Any, pixels: np.ndarray) -> float:
    ratios = []
    for _ in range(_ROUNDS):
        times = []
        for session in (first, second):
            start = time.perf_counter()
            for chunk in _chunks(pixels):
                session.run(None, {"pixels": chunk})
            times.append(time.perf_counter() - start)
        ratios.append(times[0] / times[1])
    return statistics.median(ratios)
