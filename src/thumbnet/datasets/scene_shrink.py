"""Made photos as messengers pass them on: made smaller until the file is small."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from thumbnet.datasets.scenes import SMALLEST_PX, Scene

MAX_BYTES = 50_000
_STEP = 0.85
_SMALLEST_SCALE = 0.4  # of a scene without digits, which have no height there


def shrink(scene: Scene, max_bytes: int = MAX_BYTES) -> Scene:
    """Scale a scene down until its file is small, but not below legible digits."""
    heights = [box[3] - box[1] for row in scene.boxes for box in row]
    smallest = min(1.0, SMALLEST_PX / float(np.median(heights))) if heights else _SMALLEST_SCALE
    scale, shrunk = 1.0, scene
    while len(shrunk.encode()) > max_bytes and scale > smallest:
        scale = max(scale * _STEP, smallest)
        shrunk = _scaled(scene, scale)
    return shrunk


def _scaled(scene: Scene, scale: float) -> Scene:
    height, width, _ = scene.picture.shape
    size = round(width * scale), round(height * scale)
    picture = Image.fromarray(scene.picture).resize(size, Image.Resampling.LANCZOS)
    boxes = tuple(
        tuple(
            (round(left * scale), round(top * scale), round(right * scale), round(bottom * scale))
            for left, top, right, bottom in row
        )
        for row in scene.boxes
    )
    return replace(scene, picture=np.asarray(picture), boxes=boxes)
