"""Where a study is kept: an SQLite file, or a PostgreSQL server whose password is never shown."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from thumbnet import files
from thumbnet.errors import MissingExtraError, OutputError

FILE_NAME = "study.db"
WAIT_S = 60.0
"""How long one process waits for another to finish its write."""

# Driver → how it is installed; the first one is taken where an address names none.
_DRIVERS = {"psycopg": "'psycopg[binary]'", "psycopg2": "psycopg2-binary"}
_FORMS = "a file, or postgresql://USER:PASSWORD@HOST/DATABASE"
# Any number will do that other programs on the same server do not use.
_LOCK_NUMBER = 0x7468756D626E6574


@dataclass(frozen=True)
class Location:
    """An address of a study.

    Attributes:
        url: for SQLAlchemy; it may hold a password.
        shown: for people: without passwords.
        file: of SQLite, else None.
    """

    url: URL = field(repr=False)
    shown: str
    file: Path | None


def locate(storage: str | Path | None, out: Path) -> Location:
    """Return where the study is: by default ``study.db`` in the folder ``out``.

    Raises:
        MissingExtraError: the driver for PostgreSQL is not installed.
        OutputError: the address cannot be understood, or names another kind of database.
    """
    words = str(storage) if storage is not None else str(out / FILE_NAME)
    scheme, is_url, rest = words.partition("://")
    kind, _, driver = scheme.partition("+")
    if kind == "sqlite" and is_url:
        # Three slashes before a relative path, four before an absolute one.
        words, is_url = rest.removeprefix("/"), ""
    if not is_url:
        file = Path(words)
        if not words or file.is_dir():
            raise OutputError("a study needs a file", got=storage, expected=f"--storage {_FORMS}")
        return Location(URL.create("sqlite", database=words), words, file)
    driver = driver or next(iter(_DRIVERS))
    if kind not in ("postgresql", "postgres") or driver not in _DRIVERS:
        # Not the rest: whatever it is, it may hold a password.
        raise OutputError(
            "a study cannot be kept there", got=f"{scheme}://…", expected=f"--storage {_FORMS}"
        )
    url = _parse(words).set(drivername=f"postgresql+{driver}")
    try:
        importlib.import_module(driver)
    except ImportError:
        raise MissingExtraError(
            f"PostgreSQL needs the library '{driver}', which is not installed",
            fix=f"pip install {_DRIVERS[driver]}",
        ) from None
    return Location(url, _without_passwords(url), None)


@contextlib.contextmanager
def opened(location: Location) -> Iterator[RDBStorage]:
    """Open the database, and make its tables where they are not; close it behind the context.

    Raises:
        OutputError: it cannot be reached, read or written, in the context too.
    """
    is_server = location.file is None
    options = {"pool_pre_ping": True} if is_server else {"connect_args": {"timeout": WAIT_S}}
    with plain_errors(location):
        if location.file is not None:
            make_folder(location.file.parent)
        with locked(location):
            storage = _connect(location.url.render_as_string(hide_password=False), options)
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()


def locked(location: Location) -> AbstractContextManager[object]:
    """Keep the other processes of all studies in this database out; a killed one keeps nothing."""
    if location.file is None:
        return _server_lock(location.url)
    return FileLock(f"{location.file}.lock", timeout=WAIT_S)


@contextlib.contextmanager
def plain_errors(location: Location) -> Iterator[None]:
    """Turn what the database says into an ``OutputError`` that holds no password."""
    try:
        yield
    except Timeout:
        raise OutputError(
            "another process has kept the study locked", got=location.shown, fix="try again"
        ) from None
    except (StorageInternalError, SQLAlchemyError) as error:
        cause = error.__cause__ if isinstance(error, StorageInternalError) else error
        reason = str(getattr(cause, "orig", None) or cause or error).strip()
        raise OutputError(
            f"the study's database refused: {_without(reason, location.url)}",
            got=location.shown,
            fix="repair that, then start the same command again",
        ) from None


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where they are not.

    Raises:
        OutputError: they cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.cannot_write(folder, error) from error


def _connect(url: str, options: dict[str, Any]) -> RDBStorage:
    try:
        return RDBStorage(url, options)
    except RuntimeError as error:  # a StorageInternalError is none
        raise OutputError(
            "the study's database was made by another version of Optuna", got=error
        ) from None


def _parse(words: str) -> URL:
    try:
        return make_url(words)
    except (ArgumentError, ValueError):  # of which ValueError would repeat a part
        raise OutputError(
            "the address of the study cannot be understood",
            got=f"{words.partition('://')[0]}://…",
            expected=f"--storage {_FORMS}, with %40 for an @ in the password",
        ) from None


def _without_passwords(url: URL) -> str:
    return url.difference_update_query(_secret_keys(url)).render_as_string(hide_password=True)


def _without(message: str, url: URL) -> str:
    for secret in (url.password, *(url.query[key] for key in _secret_keys(url))):
        if isinstance(secret, str) and secret:
            message = message.replace(secret, "***")
    return message


def _secret_keys(url: URL) -> list[str]:
    return [key for key in url.query if "password" in key]


@contextlib.contextmanager
def _server_lock(url: URL) -> Iterator[None]:
    # A connection of its own: the lock belongs to it, and ends with it.
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": _LOCK_NUMBER})
        yield
