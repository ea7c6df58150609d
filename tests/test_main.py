"""The entry point as a process: exit codes, a missing library, a closed pipe."""

from __future__ import annotations

import subprocess
import sys

import pytest

from thumbnet import __version__, cli
from thumbnet.__main__ import TRAIN_LIBRARIES, main
from thumbnet.errors import MissingExtraError

WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
from thumbnet.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


def run_python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_module_runs_as_a_program() -> None:
    done = run_python("-m", "thumbnet", "version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{__version__}\n", "")


def test_mistake_of_a_process_is_one_message_and_exit_code_two() -> None:
    done = run_python("-m", "thumbnet", "train", "no-such-recipe", "--out", "/proc/nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: there is no recipe 'no-such-recipe'\n")
    assert "Traceback" not in done.stderr


def test_debug_shows_a_traceback() -> None:
    done = run_python("-m", "thumbnet", "train", "no-such-recipe", "--debug")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert "thumbnet.errors.RecipeError: there is no recipe" in done.stderr


@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("torch", ["train", "mnist", "--out", "/proc/nope"]),
        ("torch", ["models"]),
        ("torch", ["predict", "--torch", "--model", "model", __file__]),
        ("pydantic", ["recipes"]),
    ],
)
def test_missing_library_names_the_install_command(library: str, words: list[str]) -> None:
    done = run_python("-c", WITHOUT, library, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: this needs the library '{library}', which is not installed\n"
        "  fix: pip install 'thumbnet[train]'\n"
    )


@pytest.mark.parametrize("library", sorted(TRAIN_LIBRARIES))
def test_every_library_of_the_extra_is_explained(
    library: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise ModuleNotFoundError(f"No module named '{library}'", name=f"{library}.part")

    monkeypatch.setattr("thumbnet.cli.app.app", fail)
    assert main(["models"]) == MissingExtraError.exit_code == 2
    assert f"needs the library '{library}'" in capsys.readouterr().err


def test_missing_library_of_nobody_is_a_defect_and_shows_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise ModuleNotFoundError("No module named 'nobody'", name="nobody")

    monkeypatch.setattr("thumbnet.cli.app.app", fail)
    with pytest.raises(ModuleNotFoundError, match="nobody"):
        main(["models"])


def test_refusal_of_the_system_is_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied", "/locked/run")

    monkeypatch.setattr("thumbnet.cli.app.app", fail)
    assert main(["models"]) == 2
    expected = "error: the system refused: Permission denied\n  got: /locked/run\n"
    assert capsys.readouterr().err == expected
    with pytest.raises(PermissionError):
        main(["models", "--debug"])


def test_defect_of_ours_shows_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("thumbnet.cli.app.app", fail)
    with pytest.raises(ZeroDivisionError):
        main(["models"])


def test_ctrl_c_between_two_steps_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.app, "app", fail)
    assert main(["models"]) == 130


def test_reader_that_goes_away_causes_no_traceback() -> None:
    command = [sys.executable, "-m", "thumbnet", "version"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


def test_no_words_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    shown = capsys.readouterr()
    assert "Usage: thumbnet" in shown.out + shown.err


def test_words_come_from_the_process_by_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["thumbnet", "version"])
    assert main() == 0
    assert capsys.readouterr().out == f"{__version__}\n"
