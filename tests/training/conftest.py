"""Pictures for tiny trainings, and runs that draw nothing where a test does not ask for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiny_runs import write_pictures


@pytest.fixture(autouse=True)
def _cache_elsewhere(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep the cache out of ``tmp_path``, which is compared before and after."""
    monkeypatch.setenv("THUMBNET_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pictures")


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the figures and the report, which take most of a tiny run's time."""
    monkeypatch.setattr("thumbnet.training.finish.write_figures_and_report", lambda *_: None)
