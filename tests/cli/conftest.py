"""A finished run, a recipe file and the command line as a function."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from command_line import Call, Said
from thumbnet.__main__ import main
from thumbnet.training.run import Run
from tiny_runs import run_tiny, tiny_recipe, write_pictures, write_recipe


@pytest.fixture(autouse=True)
def _cache_elsewhere(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep the cache out of ``tmp_path``, which is compared before and after."""
    monkeypatch.setenv("THUMBNET_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True)
def _no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the figures and the report, which take most of a tiny run's time."""
    monkeypatch.setattr("thumbnet.training.finish.write_figures_and_report", lambda *_: None)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Return ``call(*words) -> Said``, which runs the command line in this process."""

    def run(*words: object) -> Said:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pictures")


@pytest.fixture
def recipe(tmp_path: Path, pictures: Path) -> Path:
    """A recipe file on ``pictures`` that trains in milliseconds."""
    return write_recipe(tmp_path / "tiny.toml", tiny_recipe(pictures))


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("trained")
    pictures = write_pictures(folder / "pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THUMBNET_HOME", str(folder / "home"))
        patch.setattr("thumbnet.training.finish.write_figures_and_report", lambda *_: None)
        return run_tiny(tiny_recipe(pictures, epochs=20, validation=6), folder / "run")


@pytest.fixture
def trained(trained_once: Run, tmp_path: Path) -> Run:
    """A finished run that recognises its pictures; a copy, to do with as one likes."""
    return Run(shutil.copytree(trained_once.folder, tmp_path / "trained"))
