"""A server, a browser and a page in it, for the tests of the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served_digits import photo_of_numbers
from served_page import Page, Server, serving

from browser import chromium


@pytest.fixture(scope="session")
def served() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def page(driver: Any, served: Server) -> Iterator[Page]:
    yield Page(driver, served.address)
    assert driver.get_log("browser") == []


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of 317 and, below, 50."""
    path = tmp_path_factory.mktemp("pictures") / "numbers.jpg"
    photo_of_numbers().save(path, quality=92)
    return path
