from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def cache_root(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the cache of decoded folders in a folder of the test's own; return that."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("THUMBNET_HOME", str(home))
    return home
