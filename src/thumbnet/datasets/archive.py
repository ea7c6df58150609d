"""Zip and tar archives read in place, never extracted, with every member checked before it is used.

What is refused, each with one ``DataError``: names that lead outside (CWE-22), links and devices,
members or totals too large to be pictures (CWE-409), two members of one name, encryption, damage.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

from thumbnet.errors import DataError

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MAX_MEMBERS = 5_000_000
MAX_MEMBER_BYTES = 256 * 1024 * 1024
MAX_TOTAL_BYTES = 16 * 1024**3
# Deflate cannot exceed 1032:1, so more than this only comes from blank pictures or from a bomb.
MAX_RATIO = 1000

_DRIVE = re.compile(r"[A-Za-z]:")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_TAR_BLOCK_BYTES = 512
_TAR_MAX_PADDING_BYTES = 1024 * 1024
_TAR_MAX_BYTES = MAX_TOTAL_BYTES + 2 * MAX_MEMBERS * _TAR_BLOCK_BYTES
# What the standard library raises for damage: NotImplementedError for an unknown compression, and
# RecursionError for a chain of extended tar headers.
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RecursionError,
)


class FileSource(Protocol):
    """Named files, wherever they are kept; names are relative, with ``/`` between their parts."""

    files: list[str]
    folders: list[str]

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Yield ``(name, bytes)`` of the named files, in the order in which they are stored."""
        ...


def is_archive(path: Path) -> bool:
    """Return whether the name of ``path`` says that it is an archive of a kind that can be read."""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


def has_unprintable(name: str) -> bool:
    """Return whether a name has control characters or bytes that are no UTF-8."""
    return _UNPRINTABLE.search(name) is not None


@contextmanager
def open_archive(path: Path) -> Iterator[FileSource]:
    """Open an archive and check every member's name, kind and size, before any is read.

    Raises:
        DataError: the archive is unsafe, too large, encrypted or damaged; also while reading.
    """
    if path.name.lower().endswith(".zip"):
        with _naming_damage(path):
            archive = zipfile.ZipFile(path)
        with archive:
            yield ZipSource(path, archive)
    else:
        yield TarSource(path)


class ZipSource:
    """The files of an open zip archive."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._archive, self._path = archive, path
        listing = _Listing(path)
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _unsafe(path, info.filename, "it is a link or a device")
            if info.flag_bits & 1:
                raise DataError(
                    f"'{path.name}' is encrypted",
                    got=info.filename,
                    expected="an archive without a password",
                    fix="unpack it, and give the folder",
                )
            listing.add(info.orig_filename, info.is_dir(), info.file_size)
        self.files, self.folders = listing.finish()
        self._infos = {"/".join(_parts(i.filename)): i for i in archive.infolist()}

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Yield ``(name, bytes)`` of the named files; a header's size is never exceeded."""
        wanted = sorted((self._infos[name].header_offset, name) for name in names)
        for _, name in wanted:
            info = self._infos[name]
            with _naming_damage(self._path):
                data = self._archive.read(info)
            if len(data) != info.file_size:
                raise _damaged(self._path, f"'{name}' is not as long as its header says")
            yield name, data


class TarSource:
    """The files of a tar archive, plain or compressed; each pass reads it from the start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        listing = _Listing(path)
        for member, _ in self._members():
            if not (member.isreg() or member.isdir()):
                raise _unsafe(path, member.name, "it is a link or a device")
            listing.add(member.name, member.isdir(), member.size)
        self.files, self.folders = listing.finish()

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Yield ``(name, bytes)`` of the named files, in the order of the archive."""
        wanted = set(names)
        for member, archive in self._members():
            name = "/".join(_parts(member.name))
            file = archive.extractfile(member) if name in wanted else None
            if file is not None:
                with _naming_damage(self._path):
                    data = file.read()
                if len(data) != member.size:
                    raise _damaged(self._path, f"'{name}' is cut off")
                yield name, data

    def _members(self) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
        with _naming_damage(self._path), _open_tar_stream(self._path) as raw:
            stream = _BoundedStream(raw, self._path)
            with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r:") as archive:
                while (member := archive.next()) is not None:
                    yield member, archive
                    # Else tarfile keeps every header, and memory grows with the archive.
                    cast(Any, archive).members.clear()
            # At a damaged or missing header tarfile stops as if the archive ended there.
            if stream.last_read != bytes(_TAR_BLOCK_BYTES):
                raise _damaged(self._path, "it has no end mark, so it was cut off or overwritten")
            # The checksum of gzip comes after the padding, and is verified when it is reached.
            raw.read(_TAR_MAX_PADDING_BYTES)


@contextmanager
def _naming_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise _damaged(path, str(error) or type(error).__name__) from error


def _damaged(path: Path, reason: str) -> DataError:
    """Return the error for an archive that cannot be read to its end."""
    return DataError(
        f"'{path.name}' is damaged ({reason})",
        got=path,
        expected=f"a complete archive: {', '.join(ARCHIVE_SUFFIXES)}",
        fix="fetch or make the archive again",
    )


class _Listing:
    """Collects the names of an archive while its limits still hold."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._num_archive_bytes = path.stat().st_size
        self._num_total_bytes = 0
        self._is_folder: dict[str, bool] = {}

    def add(self, raw_name: str, is_folder: bool, num_bytes: int) -> None:
        name = self._checked_name(raw_name)
        if num_bytes > MAX_MEMBER_BYTES:
            raise self._too_large(f"'{name}' of {num_bytes:,} bytes", f"{MAX_MEMBER_BYTES:,} bytes")
        self._num_total_bytes += num_bytes
        allowed = max(MAX_MEMBER_BYTES, MAX_RATIO * self._num_archive_bytes)
        if self._num_total_bytes > min(allowed, MAX_TOTAL_BYTES):
            raise self._too_large(
                f"more than {min(allowed, MAX_TOTAL_BYTES):,} bytes when unpacked",
                f"{MAX_TOTAL_BYTES:,} bytes, and {MAX_RATIO:,} times the archive",
            )
        if name in self._is_folder and not (is_folder and self._is_folder[name]):
            raise _unsafe(self._path, name, "two members have this name")
        if name:
            self._is_folder[name] = is_folder
        if len(self._is_folder) > MAX_MEMBERS:
            raise self._too_large(f"more than {MAX_MEMBERS:,} members", f"{MAX_MEMBERS:,} members")

    def finish(self) -> tuple[list[str], list[str]]:
        files = [name for name, is_folder in self._is_folder.items() if not is_folder]
        return files, [name for name, is_folder in self._is_folder.items() if is_folder]

    def _checked_name(self, name: str) -> str:
        if name.startswith("/") or _DRIVE.match(name) or "\\" in name or ".." in name.split("/"):
            raise _unsafe(self._path, name, "its name leads outside the archive")
        if has_unprintable(name):
            raise _unsafe(self._path, ascii(name), "its name has unprintable characters")
        return "/".join(_parts(name))

    def _too_large(self, got: str, expected: str) -> DataError:
        return DataError(
            f"'{self._path.name}' is too large when unpacked",
            got=got,
            expected=f"at most {expected}",
            fix="unpack it yourself if you trust it, and give the folder",
        )


class _BoundedStream:
    """The unpacked bytes of a tar: a header that asks for too much is refused, not obeyed."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream, self._path = stream, path
        self.last_read = b""

    def read(self, num_bytes: int) -> bytes:
        # A name stored as a "long name" member may claim any length, before add() sees it.
        if num_bytes > MAX_MEMBER_BYTES + _TAR_BLOCK_BYTES or self.tell() > _TAR_MAX_BYTES:
            raise _unsafe(self._path, f"{num_bytes:,} bytes", "a header claims too large a member")
        self.last_read = self._stream.read(num_bytes)
        return self.last_read

    def seek(self, position: int) -> int:
        return self._stream.seek(position)

    def tell(self) -> int:
        return self._stream.tell()


def _open_tar_stream(path: Path) -> IO[bytes]:
    name = path.name.lower()
    if name.endswith((".gz", ".tgz")):
        return cast(IO[bytes], gzip.open(path))
    if name.endswith(".bz2"):
        return cast(IO[bytes], bz2.open(path))
    if name.endswith(".xz"):
        return cast(IO[bytes], lzma.open(path))
    return path.open("rb")


def _parts(name: str) -> list[str]:
    return [part for part in name.split("/") if part not in ("", ".")]


def _unsafe(path: Path, member: str, reason: str) -> DataError:
    return DataError(
        f"'{path.name}' is refused: {reason}",
        got=member,
        expected="an archive of plain files and folders, each once, below its top",
        fix="make the archive again from the folder of images",
    )
