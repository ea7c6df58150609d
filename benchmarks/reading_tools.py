"""Tools that read photos, each in a process of its own, so that its memory is its own too.

Usage::

    python benchmarks/reading_tools.py thumbnet 2 photo.jpg …    # a line of JSON for each photo

The second word is the number of threads. This file needs no more than Python, so that the Python
of another environment can run it, where the other tool is installed.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

Rows = list[str]
Piece = tuple[str, float, float, float, float]  # text; left, top, right, bottom of its box
PAGE_SEGMENTATIONS = (6, 11)  # Tesseract's: one block of text, and sparse text
_BYTES_PER_KIB = 1024


@dataclass(frozen=True)
class ToolRun:
    """What one process of a tool read.

    Attributes:
        rows: for each photo, the rows of digits from top to bottom.
        seconds: for each photo.
        peak_bytes: most memory resident at a time.
        version: of the tool.
    """

    rows: list[Rows]
    seconds: list[float]
    peak_bytes: int
    version: str


def run_tool(
    tool: str, photos: Sequence[Path], *, threads: int, python: str = sys.executable
) -> ToolRun:
    """Read photos with a tool in a new process; the first is read twice, and timed warm.

    Args:
        tool: one of ``TOOLS``.
        photos: their files.
        threads: that the tool may use.
        python: the interpreter that has the tool.

    Raises:
        subprocess.CalledProcessError: the tool failed; its own words are on stderr.
    """
    files = [str(path) for path in (photos[0], *photos)]
    done = subprocess.run(
        [python, __file__, tool, str(threads), *files],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_THREAD_LIMIT": str(threads)},
    )
    _, *answers, last = map(json.loads, done.stdout.splitlines())
    return ToolRun(
        [answer["rows"] for answer in answers],
        [answer["seconds"] for answer in answers],
        last["peak_bytes"],
        last["version"],
    )


def join_rows(pieces: Sequence[Piece]) -> Rows:
    """Join pieces of text that stand beside one another to rows, and keep only their digits.

    A piece continues the row whose last piece it overlaps most in height, if by half of the lower
    one's height; so a row may lean.
    """
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece[1:]):
        nearest = max(rows, key=lambda row: _shared_height(row[-1], piece), default=None)
        if nearest is not None and _shared_height(nearest[-1], piece) >= 0.5:
            nearest.append(piece)
        else:
            rows.append([piece])
    rows.sort(key=lambda row: sum(top + bottom for _, _, top, _, bottom in row) / len(row))
    texts = ("".join(piece[0] for piece in row) for row in rows)
    digits = ("".join(filter("0123456789".__contains__, text)) for text in texts)
    return [text for text in digits if text]


def _shared_height(first: Piece, second: Piece) -> float:
    shared = min(first[4], second[4]) - max(first[2], second[2])
    lower = min(first[4] - first[2], second[4] - second[2])
    return shared / lower if lower > 0 else 0.0


def parse_tsv(table: str) -> list[Piece]:
    """Return the words in Tesseract's table, which has a line for blocks and rows too."""
    pieces: list[Piece] = []
    names, *lines = (line.split("\t") for line in table.splitlines())
    for line in lines:
        cells = dict(zip(names, line, strict=True))
        if cells["text"].strip():
            left, top, width, height = (
                float(cells[name]) for name in ("left", "top", "width", "height")
            )
            pieces.append((cells["text"], left, top, left + width, top + height))
    return pieces


# The rest runs in the tool's own process.


def _open_thumbnet(threads: int) -> tuple[Callable[[str], Rows], str]:
    from thumbnet.reading import Reader

    reader = Reader.load(threads=threads)
    return lambda file: [line.text for line in reader.read(file).lines], metadata.version(
        "thumbnet"
    )


def _open_tesseract(segmentation: int) -> tuple[Callable[[str], Rows], str]:
    options = ["--psm", str(segmentation), "-c", "tessedit_char_whitelist=0123456789"]

    def read(file: str) -> Rows:
        words = ["tesseract", file, "-", *options, "tsv"]
        return join_rows(parse_tsv(_output(words)))

    return read, _output(["tesseract", "--version"]).split()[1]


def _output(words: list[str]) -> str:
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return done.stdout


def _open_rapidocr(threads: int) -> tuple[Callable[[str], Rows], str]:
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR(intra_op_num_threads=threads)

    def read(file: str) -> Rows:
        pieces: list[Piece] = []
        for corners, text, _ in engine(file)[0] or []:
            xs, ys = zip(*corners, strict=True)
            pieces.append((text, min(xs), min(ys), max(xs), max(ys)))
        return join_rows(pieces)

    return read, metadata.version("rapidocr-onnxruntime")


def _peak_bytes(of_children: bool) -> int:
    """Return the most memory that was resident, in this process or in the largest child.

    A process's own ``ru_maxrss`` would count its parent too, whose memory it begins with.
    """
    if of_children:
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _BYTES_PER_KIB
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * _BYTES_PER_KIB
    raise OSError("this system does not tell a process's peak memory")


TOOLS: dict[str, Callable[[int], tuple[Callable[[str], Rows], str]]] = {
    "thumbnet": _open_thumbnet,
    **{
        f"tesseract-psm{number}": lambda _, number=number: _open_tesseract(number)
        for number in PAGE_SEGMENTATIONS
    },
    "rapidocr": _open_rapidocr,
}


def main(tool: str, threads: str, *files: str) -> None:
    """Read files, and print what was read, how long it took, and what it needed."""
    read, version = TOOLS[tool](int(threads))
    for file in files:
        start = time.perf_counter()
        rows = read(file)
        print(json.dumps({"rows": rows, "seconds": time.perf_counter() - start}))
    facts: dict[str, Any] = {
        "peak_bytes": _peak_bytes(tool.startswith("tesseract")),
        "version": version,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main(*sys.argv[1:])
