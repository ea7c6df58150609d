"""Where a study is kept, and that no message shows a password."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError

from thumbnet.errors import MissingExtraError, OutputError
from thumbnet.training.tune_storage import locate, opened, plain_errors

PASSWORD = "s3cr3t"


@pytest.fixture
def _with_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", ModuleType("psycopg"))


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        (None, "out/study.db"),
        ("other.db", "other.db"),
        ("sqlite:///some/other.db", "some/other.db"),
        ("sqlite:////abs/other.db", "/abs/other.db"),
    ],
)
def test_study_is_in_a_file(storage: str | None, expected: str) -> None:
    location = locate(storage, Path("out"))
    assert (location.file, location.shown) == (Path(expected), expected)
    assert location.url.database == expected


@pytest.mark.usefixtures("_with_driver")
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (f"postgresql://me:{PASSWORD}@host:99/base", "postgresql+psycopg://me:***@host:99/base"),
        (f"postgres://me:{PASSWORD}@host/base", "postgresql+psycopg://me:***@host/base"),
        (
            f"postgresql://host/base?user=me&password={PASSWORD}&sslpassword={PASSWORD}",
            "postgresql+psycopg://host/base?user=me",
        ),
    ],
)
def test_password_of_an_address_is_kept_but_not_shown(words: str, shown: str) -> None:
    location = locate(words, Path("out"))
    assert location.file is None
    assert location.shown == shown
    assert PASSWORD in location.url.render_as_string(hide_password=False)
    assert PASSWORD not in repr(location)


@pytest.mark.usefixtures("_with_driver")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (f"mysql://me:{PASSWORD}@host/base", r"cannot be kept there\n  got: mysql://…"),
        (f"postgresql+asyncpg://me:{PASSWORD}@h/b", "got: postgresql\\+asyncpg://…"),
        (f"postgresql://me:{PASSWORD}@host:{PASSWORD}/b", "cannot be understood\n.*%40"),
        ("sqlite://", "a study needs a file"),
        (".", "a study needs a file"),
    ],
)
def test_address_that_cannot_be_used_is_refused_without_its_password(
    words: str, message: str
) -> None:
    with pytest.raises(OutputError, match=f"(?s){message}") as caught:
        locate(words, Path("out"))
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("scheme", "library", "package"),
    [
        ("postgresql", "psycopg", r"'psycopg\[binary\]'"),
        ("postgresql+psycopg2", "psycopg2", "psycopg2-binary"),
    ],
)
def test_missing_driver_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, scheme: str, library: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    message = f"needs the library '{library}'.*\n  fix: pip install {package}"
    with pytest.raises(MissingExtraError, match=message) as caught:
        locate(f"{scheme}://me:{PASSWORD}@host/base", Path("out"))
    assert PASSWORD not in str(caught.value)


def _refuse(answer: Exception, wrapped: bool) -> None:
    if wrapped:
        raise StorageInternalError("in the commit") from answer
    raise answer


@pytest.mark.usefixtures("_with_driver")
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_the_server_says_is_shown_without_the_password(wrapped: bool) -> None:
    location = locate(f"postgresql://me:{PASSWORD}@host/base", Path("out"))
    answer = OperationalError("SELECT", {}, Exception(f"no: me {PASSWORD}"))
    message = r"refused: no: me \*\*\*\n.*me:\*\*\*@host"
    with pytest.raises(OutputError, match=message) as caught, plain_errors(location):
        _refuse(answer, wrapped)
    assert PASSWORD not in str(caught.value)
    assert caught.value.__suppress_context__


def test_file_that_is_no_database_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    path.write_text("no database at all" * 100)
    with (
        pytest.raises(OutputError, match="refused: file is not a database"),
        opened(locate(path, tmp_path)),
    ):
        pass
    assert path.read_text() == "no database at all" * 100


def test_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutputError, match="cannot write"),
        opened(locate(None, tmp_path / "file" / "out")),
    ):
        pass
