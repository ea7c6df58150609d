"""Records of photos as JSON lines, in a file that survives being stopped at any moment."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from thumbnet import files
from thumbnet.errors import OutputError

_FIRST_KEY = b'{"file": "'


class ResultsFile:
    """Appends one record at a time; each is on the disk before the next.

    What is there already is kept, but for the records of photos that failed, which are to be tried
    again, and the cut-off line of a process that was killed.

    Args:
        path: the file, new or of an earlier run.

    Raises:
        OutputError: it holds anything else, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            content = path.read_bytes() if path.exists() else b""
            kept = [
                (line, record) for line, record in _records(path, content) if "error" not in record
            ]
            whole = b"".join(line for line, _ in kept)
            if whole != content:
                files.write_atomically(path, whole)
            self._file = path.open("ab")
        except OSError as error:
            raise files.cannot_write(path, error) from error
        self._done = {record["file"]: record.get("sha256") for _, record in kept}

    def __enter__(self) -> ResultsFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def holds(self, name: str, source: Path | bytes) -> bool:
        """Return whether the last record of this name is of a file with this content."""
        if not isinstance(source, Path) or name not in self._done:
            return False
        try:
            return files.sha256(source) == self._done[name]
        except OSError:
            return False

    def append(self, record: dict[str, Any]) -> None:
        """Write a record that begins with ``file``, and make it survive a power cut.

        Raises:
            OutputError: it cannot be written.
        """
        # In ASCII, because a file's name need not be UTF-8.
        line = json.dumps(record, allow_nan=False)
        try:
            self._file.write(line.encode("ascii") + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise files.cannot_write(self._path, error) from error


def _records(path: Path, content: bytes) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield each whole line and its record; a last one without its end is left out."""
    for line in content.splitlines(keepends=True):
        is_whole = line.endswith(b"\n")
        # A file of another kind must never lose its end because it was named by mistake.
        is_ours = line.startswith(_FIRST_KEY) or (not is_whole and _FIRST_KEY.startswith(line))
        try:
            record = json.loads(line) if is_ours and is_whole else None
        except ValueError:
            is_ours = False
        if not is_ours:
            raise OutputError(
                "the file of results holds something else",
                got=f"{path}: {line[:60].decode(errors='replace').rstrip()}",
                expected="a new file, or one that was written by this command",
                fix="choose another name for --out",
            )
        if record is not None:
            yield line, record
