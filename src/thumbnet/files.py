"""Writing files so that a reader, or a crash at any moment, finds the old content or the new."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from thumbnet.errors import OutputError


def write_atomically(path: Path, data: bytes | str) -> None:
    """Write a whole file: temporary name → fsync → rename → fsync of the folder.

    Raises:
        OutputError: it cannot be written (no permission, disk full …); the old file is untouched
            and nothing is left behind.
    """
    content = data.encode() if isinstance(data, str) else data
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


@contextlib.contextmanager
def new_folder(path: Path, last: str) -> Iterator[Path]:
    """Yield a temporary folder whose content is at ``path`` when the block ends well, else gone.

    A ``path`` that is new or empty appears whole. A folder that holds other files keeps them: the
    entries are moved in beside them, the one named ``last`` at the end, so that its presence says
    that the rest is there.

    Raises:
        OutputError: ``path`` is a file, has an entry of the same name, or cannot be written.
    """
    try:
        if path.exists() and not path.is_dir():
            raise OutputError("the output folder is a file", got=path, expected="a folder")
        in_use = path.exists() and any(path.iterdir())
        parent = path if in_use else path.parent
        parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=parent))
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        temporary.chmod(0o755)
        yield temporary
        if in_use:
            _move_in(temporary, path, last)
        else:
            temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _move_in(source: Path, target: Path, last: str) -> None:
    entries = sorted(source.iterdir(), key=lambda entry: entry.name == last)
    for entry in entries:
        if (target / entry.name).exists():
            raise OutputError(
                f"the output folder has a '{entry.name}' already",
                got=target,
                expected="a new folder, or one without it",
            )
    for entry in entries:
        entry.replace(target / entry.name)
    sync_folder(target)


def replace_folder(path: Path, source: Path) -> None:
    """Rename ``source`` to ``path``, removing a folder that is there."""
    if path.exists():
        shutil.rmtree(path)
    source.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power cut, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(path: Path) -> str:
    """Return the SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_json(value: object) -> str:
    """Return ``value`` as indented JSON with a final newline; refuses NaN, which JSON has not."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Return the error that says why ``path`` cannot be written and what to do."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return OutputError(
        f"cannot write: {error.strerror or error}",
        got=path,
        fix="free some space, then go on" if full else "choose a folder that you may write to",
    )
