"""Make the READMEs' picture of ``thumbnet read``: a made scene, read and annotated.

Usage::

    python scripts/make_read_picture.py     # → docs/images/read.jpg

The scene is written with MNIST's training digits, on which the recogniser was trained: it shows
what the command does, not how well.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from thumbnet.datasets.mnist import load_mnist
from thumbnet.datasets.scenes import make_scene
from thumbnet.images import decode_image
from thumbnet.reading import Reader
from thumbnet.reading.annotate import annotate

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "read.jpg"
KIND, SEED = "squared", 1
MARGIN_PX = 50
QUALITY = 88


def make_picture() -> np.ndarray:
    """Return the annotated scene, uint8 ``(H, W, 3)``, cut to its writing."""
    images = load_mnist("train")
    scene = make_scene(KIND, SEED, images.images[:, 0].numpy(), images.labels.numpy())
    pixels = decode_image(scene.encode())
    reading = Reader.load().read(pixels)
    top = min(line.box.top for line in reading.lines) - MARGIN_PX
    bottom = max(line.box.bottom for line in reading.lines) + MARGIN_PX
    return annotate(pixels, reading)[max(top, 0) : bottom]


if __name__ == "__main__":
    Image.fromarray(make_picture()).save(PICTURE, quality=QUALITY)
