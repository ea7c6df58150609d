"""The files of a directory, by the same interface as those of an archive."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from thumbnet.datasets.archive import has_unprintable
from thumbnet.errors import DataError
from thumbnet.images import MAX_FILE_BYTES


class DirectorySource:
    """The files below a directory, in a stable order; links to files and folders are followed.

    Raises:
        DataError: a folder cannot be listed, links to one that contains it, or a name is not text.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.files: list[str] = []
        self.folders: list[str] = []
        self._walk(path, "", ())

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Yield ``(name, bytes)`` in the order of ``names``.

        A file that is too large ends just past ``MAX_FILE_BYTES``, so that the decoder refuses it.

        Raises:
            DataError: a file cannot be read.
        """
        for name in names:
            try:
                with (self._path / name).open("rb") as file:
                    data = file.read(MAX_FILE_BYTES + 1)
            except OSError as error:
                raise unreadable(self._path / name, error) from error
            yield name, data

    def _walk(self, folder: Path, prefix: str, parents: tuple[str, ...]) -> None:
        real = os.path.realpath(folder)
        if real in parents:
            raise DataError(
                "a folder of images contains a link to itself",
                got=folder,
                expected="folders that end",
                fix="remove the link",
            )
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise unreadable(folder, error) from error
        for entry in entries:
            name = prefix + entry.name
            if has_unprintable(entry.name):
                raise DataError(
                    "a file's name is not text",
                    got=ascii(name),
                    expected="UTF-8 without control characters",
                    fix="rename it",
                )
            if entry.is_dir():
                self.folders.append(name)
                self._walk(Path(entry.path), f"{name}/", (*parents, real))
            elif entry.is_file():
                self.files.append(name)


def unreadable(path: Path, error: OSError) -> DataError:
    """Return the error for a file or folder that the system does not let us read."""
    return DataError(
        f"'{path.name}' cannot be read ({error.strerror})",
        got=error.filename or path,
        expected="read access",
        fix="check its permissions",
    )
