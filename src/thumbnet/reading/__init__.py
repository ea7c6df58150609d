"""Reading digits in photos: find the ink, cut it into glyphs, recognise or refuse each (no torch).

The steps, one file each, in order: ``picture`` (decode, grey, polarity) → ``paper`` (what the
picture would be without ink) → ``ink`` (a mask) → ``rulings`` (lines and boxes taken away) →
``pieces`` (connected ink) → ``rows`` → ``cuts`` (where digits may touch) → ``paths`` (which pieces
make which digits) → ``reader``.
"""

from thumbnet.languages import LANGUAGES
from thumbnet.reading.diagnosis import DIAGNOSES, describe
from thumbnet.reading.options import ReadOptions
from thumbnet.reading.reader import Reader, Stages
from thumbnet.reading.result import Box, Digit, Line, Reading

__all__ = [
    "DIAGNOSES",
    "LANGUAGES",
    "Box",
    "Digit",
    "Line",
    "ReadOptions",
    "Reader",
    "Reading",
    "Stages",
    "describe",
]
