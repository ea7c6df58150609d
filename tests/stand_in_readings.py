"""Readings that are made up, and a reader that reads a picture's first pixel."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from thumbnet.images import decode_image
from thumbnet.reading.options import ReadOptions
from thumbnet.reading.reader import Stages
from thumbnet.reading.result import Box, Digit, Line, Reading


def make_digit(
    text: str = "7",
    box: tuple[int, int, int, int] = (20, 60, 50, 110),
    *,
    label: str | None = None,
    probability: float = 0.97,
    diagnosis: tuple[str, ...] = (),
) -> Digit:
    """Return a digit; what is left of ``probability`` goes to the next digit, 0 after 9."""
    label = label or text
    probabilities = dict.fromkeys("0123456789", 0.0)
    probabilities[label] = probability
    probabilities[str((int(label) + 1) % 10)] = 1 - probability
    return Digit(
        text=text,
        box=Box(*box),
        label=label,
        probability=probability,
        score=probability,
        probabilities=probabilities,
        refused=text == "?",
        seen=np.full((28, 28), 255, np.uint8),
        diagnosis=diagnosis,
    )


def make_reading(
    *lines: list[Digit], size: tuple[int, int] = (320, 240), diagnosis: tuple[str, ...] = ()
) -> Reading:
    """Return a reading of a picture of ``size``, width first."""
    return Reading(*size, tuple(Line(tuple(digits)) for digits in lines), diagnosis)


class StandInReader:
    """Reads the grey value of the first pixel, one line for each picture; 0 is no ink."""

    recogniser = SimpleNamespace(metadata={"model_sha256": ""})

    def read(self, image: Path | bytes, options: ReadOptions | None = None) -> Reading:
        return self.read_stages(image, options)[0]

    def read_stages(
        self, image: Path | bytes, options: ReadOptions | None = None
    ) -> tuple[Reading, Stages]:
        pixels = decode_image(image)
        self.options = options
        size = (pixels.shape[1], pixels.shape[0])
        stages = Stages([("grey", pixels[:, :, 0])])
        value = int(pixels[0, 0, 0])
        if value == 0:
            return make_reading(size=size, diagnosis=("no-ink",)), stages
        digits = [make_digit(text, (1, 1, 9, 9)) for text in str(value)]
        return make_reading(digits, size=size), stages


def write_values(folder: Path, *values: int, **named: Any) -> list[Path]:
    """Write a grey PNG of each value, ``0.png``, ``1.png``, …, for ``StandInReader`` to read."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, value in enumerate(values):
        path = folder / named.get("pattern", "{}.png").format(index)
        Image.fromarray(np.full((12, 10), value, np.uint8)).save(path)
        paths.append(path)
    return paths
