"""Fetching one file over HTTPS: verified, resumable, and safe with many processes at once.

A download grows in ``<name>.part``, is verified there, and only then takes its final name, so that
a file under its final name is always whole. MD5 is what most publishers give: it guards against
damage; HTTPS guards the way.
"""

from __future__ import annotations

import errno
import hashlib
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from urllib.request import OpenerDirector

from filelock import FileLock

from thumbnet.datasets.download_transfer import (
    CorruptError,
    MirrorError,
    Report,
    https_opener,
    receive,
)
from thumbnet.errors import DownloadError
from thumbnet.paths import is_offline


@dataclass(frozen=True)
class RemoteFile:
    """One file of a data set, and where it can be had.

    Attributes:
        name: the file's name on disk.
        checksum: ``"md5:<hex>"`` or ``"sha256:<hex>"``, as its publisher gives it.
        mirrors: https addresses, the best first.
        size_bytes: its length; None where no publisher states it.
    """

    name: str
    checksum: str
    mirrors: tuple[str, ...]
    size_bytes: int | None = None


def has_checksum(path: Path, checksum: str) -> bool:
    """Return whether the content of ``path`` has the ``"md5:<hex>"`` or ``"sha256:<hex>"``."""
    algorithm, _, expected = checksum.partition(":")
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest() == expected


def fetch(
    file: RemoteFile,
    folder: Path,
    report: Report | None = None,
    *,
    opener: OpenerDirector | None = None,
) -> Path:
    """Return the path of ``file`` in ``folder``, downloading it when it is not there.

    Any number of processes may ask at once: one downloads, the others wait and find the file.

    Args:
        file: what to fetch.
        folder: where it belongs; created when missing.
        report: called with a line of progress, at most once a second.
        opener: opens the requests; by default HTTPS only, with the system's certificates.

    Raises:
        DownloadError: ``THUMBNET_OFFLINE`` is set, no mirror delivers, or the disk refuses.
    """
    target = folder / file.name
    try:
        if _is_whole(target, file):
            return target
        if is_offline():
            raise DownloadError(
                f"'{file.name}' is missing and THUMBNET_OFFLINE forbids to download it",
                expected=f"the file {target} with {file.checksum}",
                fix=f"unset THUMBNET_OFFLINE, or put it there by hand from {file.mirrors[0]}",
            )
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{file.name}.lock"):
            if not _is_whole(target, file):
                _download(file, target, opener or https_opener(), report)
        return target
    except OSError as error:
        raise DownloadError(
            f"a download cannot be kept on disk ({error.strerror or error})",
            got=target,
            fix="free some space, or choose another folder with THUMBNET_DATA=<folder>",
        ) from error


def _is_whole(target: Path, file: RemoteFile) -> bool:
    return target.is_file() and has_checksum(target, file.checksum)


def _download(
    file: RemoteFile, target: Path, opener: OpenerDirector, report: Report | None
) -> None:
    part = target.with_name(f"{file.name}.part")
    mirrors = deque(file.mirrors)
    reasons = []
    while mirrors:
        mirror = mirrors.popleft()
        resumed = part.exists()
        try:
            receive(mirror, part, file.size_bytes, opener, report)
            _verify(file, part)
            part.replace(target)
            return
        except CorruptError as error:
            reasons.append(f"{mirror}: {error}")
            part.unlink()
            if resumed:  # the fault may lie in the older half: the others first, then this again
                mirrors.append(mirror)
        except MirrorError as error:
            reasons.append(f"{mirror}: {error}")
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                part.unlink(missing_ok=True)
            raise
    kept = f"; what has arrived stays in {part}, and the next try goes on there"
    raise DownloadError(
        f"'{file.name}' could not be downloaded from any mirror",
        got="\n    ".join(["", *reasons]),
        expected=f"a file with {file.checksum}",
        fix=f"try again, or put the file into {target.parent} by hand"
        + (kept if part.exists() else ""),
    )


def _verify(file: RemoteFile, part: Path) -> None:
    size_bytes = part.stat().st_size
    if file.size_bytes is not None and size_bytes != file.size_bytes:
        raise CorruptError(f"has {size_bytes} bytes instead of {file.size_bytes}")
    if not has_checksum(part, file.checksum):
        raise CorruptError(f"the content of {size_bytes} bytes has the wrong checksum")
