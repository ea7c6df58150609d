"""Random pictures and ways to encode them, for the tests of decoding."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

RANDOM = np.random.default_rng(0)
RGB = RANDOM.integers(0, 256, (5, 7, 3), dtype=np.uint8)
GREY = RANDOM.integers(0, 256, (5, 7), dtype=np.uint8)
LARGE_RGB = RANDOM.integers(0, 256, (40, 50, 3), dtype=np.uint8)
LOSSLESS = ["PNG", "BMP", "TIFF", "PPM", "WEBP"]


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Return the file that Pillow makes of ``image``, lossless where the format can be."""
    file = BytesIO()
    if kind == "WEBP":
        options = {"lossless": True, "exact": True, **options}
    image.save(file, kind, **options)
    return file.getvalue()


def png(
    width: int, height: int, rows: bytes, *, bits: int = 8, colour: int = 0, interlace: int = 0
) -> bytes:
    """Write a PNG by hand (ISO/IEC 15948), so that its header can say anything."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
