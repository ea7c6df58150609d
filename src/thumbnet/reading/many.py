"""Many photos, one after the other or on all cores; one that fails does not stop the others."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thumbnet import files
from thumbnet.errors import ImageError, OutputError, ThumbnetError
from thumbnet.images import decode_image
from thumbnet.inference.locate import check_weights, find_recogniser
from thumbnet.reading.annotate import annotate
from thumbnet.reading.explain import explain_page
from thumbnet.reading.options import ReadOptions
from thumbnet.reading.reader import Reader

if TYPE_CHECKING:
    import numpy as np

PHOTOS_PER_PROCESS = 8
"""Starting a process takes as long as reading a few photos."""

_WAITING_PER_PROCESS = 16


@dataclass(frozen=True)
class Photo:
    """One photo to read, and what to draw of it.

    Attributes:
        name: what its record is called.
        source: its file, or the bytes of one.
        annotated: the PNG file to write with the reading drawn into the photo.
        explained: the HTML file to write with how it was read.
    """

    name: str
    source: Path | bytes
    annotated: Path | None = None
    explained: Path | None = None


@dataclass(frozen=True)
class Settings:
    """How photos are read, the same for all.

    Attributes:
        model: see ``Reader.load``.
        options: what may be expected of each.
        language: of diagnoses and explanations.
        threads: CPU threads for one photo; as many as there are cores by default.
        with_sha256: put the SHA-256 of each photo's file into its record.
    """

    model: str = "digits"
    options: ReadOptions = field(default_factory=ReadOptions)
    language: str = "en"
    threads: int | None = None
    with_sha256: bool = False


def num_processes_for(num_photos: int, wanted: int | None = None) -> int:
    """Return how many processes read ``num_photos``: no more than cores, nor than are worth it."""
    if wanted is not None:
        return max(1, min(wanted, num_photos))
    if hasattr(os, "sched_getaffinity"):
        num_cores = len(os.sched_getaffinity(0))
    else:
        num_cores = os.cpu_count() or 1
    return max(1, min(num_cores, num_photos // PHOTOS_PER_PROCESS))


def read_many(
    photos: Sequence[Photo], settings: Settings, num_processes: int = 1
) -> Generator[dict[str, Any], None, None]:
    """Yield a record for each photo, in their order, as soon as it and those before it are read.

    A record is ``{"file": name, **Reading.to_dict()}``, or ``{"file": name, "error": message}`` of
    a photo that cannot be read or drawn.

    Args:
        photos: what to read.
        settings: how.
        num_processes: 1 reads in this process. More are started afresh (spawned), each with one
            thread unless ``settings`` says otherwise, and load the recogniser once; as always with
            spawned processes, the main module must be importable without side effects.

    Raises:
        ModelError: there is no such model.
        ThumbnetError: a process died.
    """
    if num_processes > 1:
        yield from _read_in_processes(photos, settings, num_processes)
        return
    reader = _load(settings, settings.threads)
    for photo in photos:
        yield _read(reader, photo, settings)


def _read_in_processes(
    photos: Sequence[Photo], settings: Settings, num_processes: int
) -> Generator[dict[str, Any], None, None]:
    pool = ProcessPoolExecutor(
        num_processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_process,
        initargs=(settings,),
    )
    waiting: deque[Future[dict[str, Any]]] = deque()
    try:
        for photo in photos:
            with _ctrl_c_held_back():
                waiting.append(pool.submit(_read_in_process, photo))
            # Few wait, so that little is read in vain if this is stopped.
            if len(waiting) == _WAITING_PER_PROCESS * num_processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise ThumbnetError(
            "a reading process died",
            expected="enough memory, and no photo that crashes its decoder",
            fix="use fewer processes: --jobs 1",
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _ctrl_c_held_back() -> Generator[None, None, None]:
    """Let a process that is started meanwhile never get a Ctrl-C, and this one get it afterwards.

    Ctrl-C reaches the whole process group; the parent alone decides what it means. What a process
    ignores by itself would still end it, with a traceback, while it imports its libraries.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Process:
    """What one reading process keeps; its reader is loaded for the first photo."""

    settings: Settings
    reader: Reader | None = None


def _start_process(settings: Settings) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Process.settings = settings


def _end_with_parent() -> None:
    """End this process when the parent was killed: the pool would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _read_in_process(photo: Photo) -> dict[str, Any]:
    settings = _Process.settings
    if _Process.reader is None:
        _Process.reader = _load(settings, settings.threads or 1)
    return _read(_Process.reader, photo, settings)


def _load(settings: Settings, threads: int | None) -> Reader:
    reader = Reader.load(settings.model, threads=threads)
    if (file := find_recogniser(settings.model)) is not None:
        check_weights(file, reader.recogniser.metadata["model_sha256"])
    return reader


def _read(reader: Reader, photo: Photo, settings: Settings) -> dict[str, Any]:
    record: dict[str, Any] = {"file": photo.name}
    try:
        if settings.with_sha256 and isinstance(photo.source, Path):
            record["sha256"] = files.sha256(photo.source)
        if photo.annotated is None and photo.explained is None:
            reading = reader.read(photo.source, settings.options)
        else:
            reading, stages = reader.read_stages(photo.source, settings.options)
            # Decoded anew, because reading a large photo decodes it smaller.
            pixels = decode_image(photo.source, photo.name)
            if photo.annotated is not None:
                _write(photo.annotated, _to_png(annotate(pixels, reading)))
            if photo.explained is not None:
                page = explain_page(pixels, reading, stages, settings.language)
                _write(photo.explained, page)
        record |= reading.to_dict(language=settings.language)
    except OutputError:
        # The next photo's file could not be written either.
        raise
    except (ThumbnetError, OSError) as error:
        record["error"] = str(error)
    except MemoryError:
        record["error"] = str(ImageError("the photo needs more memory than there is"))
    return record


def _write(path: Path, content: bytes | str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.cannot_write(path, error) from error
    files.write_atomically(path, content)


def _to_png(pixels: np.ndarray) -> bytes:
    from PIL.Image import fromarray

    content = BytesIO()
    fromarray(pixels).save(content, "PNG")
    return content.getvalue()
