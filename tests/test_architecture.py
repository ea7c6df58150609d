"""Who may import whom, and what stays unloaded until it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "torchvision", "pydantic", "matplotlib", "scipy", "jinja2")


def imported(*words: str) -> set[str]:
    """Return the names of all modules that a fresh interpreter imports."""
    command = [sys.executable, "-X", "importtime", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_import_contracts_hold() -> None:
    program = (
        "import sys; from importlinter.cli import lint_imports;"
        " sys.exit(lint_imports(no_cache=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    names = imported("-m", "thumbnet", "--help")
    assert "typer" in names
    assert not names & {*HEAVY, "numpy", "PIL"}


@pytest.mark.parametrize("words", [["train", "--help"], ["version"]])
def test_verb_that_computes_nothing_imports_no_numbers(words: list[str]) -> None:
    names = imported("-m", "thumbnet", *words)
    # Typer itself may read the words of a verb with pydantic.
    assert not names & {*HEAVY, "numpy", "PIL"} - {"pydantic"}


@pytest.mark.parametrize("module", ["images", "files", "paths", "prediction", "errors", "version"])
def test_recognising_needs_no_torch(module: str) -> None:
    names = imported("-c", f"import thumbnet.{module}")
    assert f"thumbnet.{module}" in names
    assert not names & set(HEAVY)


def test_package_itself_imports_nothing_of_ours_but_the_version() -> None:
    names = imported("-c", "import thumbnet; dir(thumbnet)")
    assert {name for name in names if name.startswith("thumbnet")} == {
        "thumbnet",
        "thumbnet.version",
    }


def test_nothing_happens_at_import(tmp_path: Path) -> None:
    """No file, no folder, no change of torch: only definitions."""
    modules = sorted(
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        for path in (ROOT / "src/thumbnet").rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py")
    )
    program = (
        "import importlib, os, sys, torch\n"
        "before = torch.get_rng_state(), torch.get_num_threads(), dict(os.environ)\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "assert torch.equal(before[0], torch.get_rng_state())\n"
        "assert before[1:] == (torch.get_num_threads(), dict(os.environ))\n"
        "assert not torch.are_deterministic_algorithms_enabled()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", program, *modules],
        cwd=tmp_path,
        env={"THUMBNET_HOME": str(home), "PATH": "", "HOME": str(tmp_path / "user")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not home.exists()
