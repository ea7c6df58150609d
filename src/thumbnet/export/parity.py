"""Proof that an exported file answers as the trained network does, or no file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

import numpy as np
import torch

from thumbnet.datasets.loading import load_dataset
from thumbnet.errors import DataError, ModelError
from thumbnet.evaluation.answering import Answering

NUM_RANDOM = 1000
MAX_DIFFERENCE = 1e-4
_BATCH = 100
_LIBRARIES = ("torch", "onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True)
class Certificate:
    """How the file was compared with torch on the same pixels.

    Attributes:
        num_test: test images of the data set, all of them; 0 where it is not at hand.
        test_hash: SHA-256 of those images; None where there were none.
        num_random: made pictures of random sizes, colours and content.
        label_agreement: share of equal labels, of all pictures.
        max_probability_difference: largest difference of any probability or score.
        refusals_that_differ: pictures that one refuses and the other does not.
        libraries: versions.
    """

    num_test: int
    test_hash: str | None
    num_random: int
    label_agreement: float
    max_probability_difference: float
    refusals_that_differ: int
    libraries: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    def in_words(self) -> str:
        """Return a sentence for the card."""
        return (
            f"Exported with parity: on {self.num_test:,} test images and {self.num_random:,} made "
            f"pictures\nONNX Runtime and torch agree on {self.label_agreement:.2%} of the labels, "
            f"and probabilities differ by at\nmost {self.max_probability_difference:.1e}."
        )


def certify(
    model: bytes, module: Answering, *, num_random: int = NUM_RANDOM, with_test: bool = True
) -> Certificate:
    """Compare ONNX Runtime's answers with torch's on the whole test set and random pictures.

    Only the answers are compared: no label of the test set is looked at.

    Args:
        model: the ONNX file.
        module: what it was made of.
        num_random: how many made pictures.
        with_test: compare on the test images too, if they are at hand.

    Raises:
        ModelError: a label differs, or a probability by more than 1e-4.
    """
    session = open_session(model)
    test = _test_images(module) if with_test else None
    comparison = _Comparison()
    if test is not None:
        for chunk in torch.split(test.images, _BATCH):
            comparison.add(session, module, chunk.permute(0, 2, 3, 1).contiguous().numpy())
    num_test = comparison.num_pictures
    for batch in random_pictures(num_random, seed=0):
        comparison.add(session, module, batch)
    certificate = Certificate(
        num_test=num_test,
        test_hash=None if test is None else test.content_hash,
        num_random=comparison.num_pictures - num_test,
        label_agreement=comparison.num_agreeing / comparison.num_pictures,
        max_probability_difference=comparison.largest,
        refusals_that_differ=comparison.num_refusals_that_differ,
        libraries={name: metadata.version(name) for name in _LIBRARIES},
    )
    if certificate.label_agreement < 1 or comparison.largest > MAX_DIFFERENCE:
        raise ModelError(
            "the exported file does not answer as the trained network does",
            got=f"labels agree for {certificate.label_agreement:.3%}, probabilities differ by up "
            f"to {comparison.largest:.2e}",
            expected=f"all labels, and at most {MAX_DIFFERENCE:.0e}",
            fix="report it, with the recipe; the file was not written",
        )
    return certificate


def random_pictures(num: int, seed: int) -> Iterator[np.ndarray]:
    """Yield ``num`` pictures in batches of ten of one shape, uint8 ``(10, H, W, C)``.

    Noise, smooth shades, and strokes on paper; 1 to 96 pixels a side; grey and RGB; of either
    polarity.
    """
    generator = np.random.default_rng(seed)
    for index in range(num // 10):
        height, width = generator.integers(1, 97, 2)
        channels = (1, 3)[index % 2]
        shape = (10, height, width, channels)
        pixels = generator.integers(0, 256, shape).astype(np.float64)
        if index % 3:
            rows = np.linspace(0, 6, height)[:, None] * generator.uniform(0.2, 2, (10, 1, 1))
            columns = np.linspace(0, 6, width) * generator.uniform(0.2, 2, (10, 1, 1))
            waves = np.sin(rows + generator.uniform(0, 6, (10, 1, 1))) * np.cos(columns)
            smooth = 128 + 120 * waves
            if index % 3 == 2:
                smooth = np.where(np.abs(waves) < 0.15, 40.0, 220.0)
            pixels = smooth[..., None] + (pixels - 128) * generator.uniform(0, 0.2)
        if index % 4 == 3:
            pixels = 255 - pixels
        yield np.clip(pixels, 0, 255).astype(np.uint8)


class _Comparison:
    def __init__(self) -> None:
        self.num_pictures = 0
        self.num_agreeing = 0
        self.num_refusals_that_differ = 0
        self.largest = 0.0

    @torch.no_grad()
    def add(self, session: Any, module: Answering, pixels: np.ndarray) -> None:
        expected = module(torch.from_numpy(pixels))
        label, _, probabilities, refused, score, _ = session.run(None, {"pixels": pixels})
        self.num_pictures += len(pixels)
        self.num_agreeing += int((label == expected.label.numpy()).sum())
        self.num_refusals_that_differ += int((refused != expected.refused.numpy()).sum())
        for got, right in ((probabilities, expected.probabilities), (score, expected.score)):
            self.largest = max(self.largest, float(np.abs(got - right.numpy()).max()))


def open_session(model: bytes) -> Any:
    """Return an ONNX Runtime session of a graph on the CPU, which prints nothing."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _test_images(module: Answering) -> Any:
    name, spec = module.config.trained_on.get("data"), module.config.input
    if name is None:
        return None
    try:
        return load_dataset(name, "test", channels=spec.channels, size_px=spec.size_px)
    except DataError:
        return None
