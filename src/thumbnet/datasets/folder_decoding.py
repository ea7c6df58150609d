"""Decodes many pictures on all cores.

Processes, because for tiny pictures Pillow's work is mostly Python: on 6,000 32×32 PNGs and 2 cores
one thread took 0.65 s, and two threads 1.49 s (they fight for the interpreter lock).
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, cast

import numpy as np

from thumbnet.datasets.archive import FileSource
from thumbnet.datasets.folder_worker import decode_chunk
from thumbnet.errors import DataError

CHUNK_PICTURES = 256
CHUNK_BYTES = 16 * 1024 * 1024
MAX_PROCESSES = 16
WORKER_MODULE = "thumbnet.datasets.folder_worker"

_Chunk = list[tuple[str, bytes]]
_Decoded = tuple[np.ndarray, list[str | None]]


def decode_files(
    source: FileSource, names: Sequence[str], channels: int, size_px: int
) -> tuple[np.ndarray, dict[str, str]]:
    """Decode the named files to uint8 ``(N, channels, size_px, size_px)``, in the order of names.

    Returns:
        The pixels (zeros for a bad picture), and the reason for each bad picture by its name.

    Raises:
        DataError: the source cannot be read to its end, or a decoding process died.
    """
    position = {name: index for index, name in enumerate(names)}
    pixels = np.zeros((len(names), channels, size_px, size_px), dtype=np.uint8)
    bad: dict[str, str] = {}

    def keep(chunk: _Chunk, decoded: _Decoded) -> None:
        chunk_pixels, reasons = decoded
        pixels[[position[name] for name, _ in chunk]] = chunk_pixels
        bad.update({name: why for (name, _), why in zip(chunk, reasons, strict=True) if why})

    chunks = _chunks(source.read(names))
    first = list(itertools.islice(chunks, 2))
    # Starting processes costs as much as decoding a chunk or two of tiny pictures.
    if len(first) < 2 or not sys.executable or _num_cores() == 1:
        for chunk in itertools.chain(first, chunks):
            keep(chunk, decode_chunk([data for _, data in chunk], channels, size_px))
    else:
        _decode_in_processes(itertools.chain(first, chunks), keep, channels, size_px)
    return pixels, {name: bad[name] for name in names if name in bad}


def _chunks(files: Iterable[tuple[str, bytes]]) -> Iterator[_Chunk]:
    chunk: _Chunk = []
    num_bytes = 0
    for name, data in files:
        chunk.append((name, data))
        num_bytes += len(data)
        if len(chunk) == CHUNK_PICTURES or num_bytes >= CHUNK_BYTES:
            yield chunk
            chunk, num_bytes = [], 0
    if chunk:
        yield chunk


def _decode_in_processes(
    chunks: Iterator[_Chunk],
    keep: Callable[[_Chunk, _Decoded], None],
    channels: int,
    size_px: int,
) -> None:
    reading = threading.Lock()

    def feed(process: subprocess.Popen[bytes]) -> None:
        while True:
            with reading:
                chunk = next(chunks, None)
            if chunk is None:
                return
            keep(chunk, _decode_in(process, chunk, channels, size_px))

    num_processes = min(_num_cores(), MAX_PROCESSES)
    # The processes end first, so that after an interruption no thread waits for a reply.
    with (
        ThreadPoolExecutor(num_processes) as threads,
        _decoding_processes(num_processes, channels, size_px) as processes,
    ):
        for _ in threads.map(feed, processes):
            pass


@contextmanager
def _decoding_processes(
    num_processes: int, channels: int, size_px: int
) -> Iterator[list[subprocess.Popen[bytes]]]:
    import_path = os.pathsep.join(entry for entry in sys.path if entry)
    command = [sys.executable, "-P", "-m", WORKER_MODULE]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(num_processes):
            process = subprocess.Popen(  # noqa: S603 - our own module, and two integers
                [*command, str(channels), str(size_px)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": import_path},
            )
            processes.append(process)
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _decode_in(
    process: subprocess.Popen[bytes], chunk: _Chunk, channels: int, size_px: int
) -> _Decoded:
    requests, replies = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
    shape = (len(chunk), channels, size_px, size_px)
    num_bytes = int(np.prod(shape))
    try:
        requests.write(json.dumps([len(data) for _, data in chunk]).encode() + b"\n")
        requests.writelines(data for _, data in chunk)
        requests.flush()
        reasons, data = json.loads(replies.readline() or b"null"), replies.read(num_bytes)
    except (OSError, ValueError):
        reasons, data = None, b""
    if reasons is None or len(data) != num_bytes:
        raise DataError(
            f"a decoding process ended too early (exit code {process.poll()})",
            got=f"while decoding '{chunk[0][0]}' or one of the {len(chunk) - 1} after it",
            expected="enough memory, and no picture that crashes its decoder",
            fix="free memory, or remove the picture",
        )
    return np.frombuffer(data, dtype=np.uint8).reshape(shape), reasons


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
