"""One decoding process: pictures in on stdin, uint8 pixels out on stdout, until stdin closes.

A plain child process and not ``multiprocessing``, whose spawned children import the caller's main
module: that fails for ``python - <script`` and runs an unguarded script a second time.

Each message is one line of JSON and then bytes. In: the byte length of each picture, and the
pictures. Out: for each picture null or the reason why it cannot be used, and uint8
``(N, channels, size_px, size_px)``, zeros where there is a reason.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence

import numpy as np

from thumbnet.errors import ImageError
from thumbnet.images import decode_image, fit_image, quiet_pillow


def decode_chunk(
    pictures: Sequence[bytes], channels: int, size_px: int
) -> tuple[np.ndarray, list[str | None]]:
    """Decode pictures to uint8 ``(N, channels, size_px, size_px)``, and a reason for each bad one.

    A bad picture's pixels are zeros, and its reason is the first line of its ``ImageError``.
    """
    pixels = np.zeros((len(pictures), channels, size_px, size_px), dtype=np.uint8)
    reasons: list[str | None] = []
    with quiet_pillow():
        for index, data in enumerate(pictures):
            try:
                pixels[index] = fit_image(decode_image(data, "it"), channels, size_px)
                reasons.append(None)
            except ImageError as error:
                reasons.append(error.what.removeprefix("'it' "))
    return pixels, reasons


def main() -> None:
    """Serve chunks until stdin closes; the form of the pixels is the two arguments."""
    channels, size_px = int(sys.argv[1]), int(sys.argv[2])
    # Ctrl-C reaches the whole process group; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    while line := requests.readline():
        pictures = [requests.read(num_bytes) for num_bytes in json.loads(line)]
        pixels, reasons = decode_chunk(pictures, channels, size_px)
        replies.write(json.dumps(reasons).encode() + b"\n")
        replies.write(pixels.data)
        replies.flush()


if __name__ == "__main__":
    main()
