"""``thumbnet tune``: its result on stdout, everything else on stderr, and how it stops."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import Call
from thumbnet.training.recipe_file import load_recipe
from tiny_runs import signal_at_step

SPACE = ["--space", "lr=1e-3:10:log", "--set", "validation=9", "--device", "cpu"]


def test_json_is_the_only_thing_on_stdout(call: Call, recipe: Path, tmp_path: Path) -> None:
    said = call("tune", recipe, *SPACE, "--out", tmp_path / "out", "--trials", 3, "--json")
    assert said.code == 0
    assert list(said.json) == [
        *("study", "storage", "recipe", "seed", "metric", "space", "validation_images", "trials"),
        *("best", "recipe_itself", "top", "importances", "best_recipe"),
    ]
    assert said.json["trials"]["complete"] == 3
    assert said.json["best_recipe"] == str(tmp_path / "out/best.toml")
    assert said.json["storage"] == str(tmp_path / "out/study.db")
    lines = said.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["trial 0", "trial 1", "trial 2"]
    assert "optimizer.learning_rate=0.1" in lines[0]


def test_result_for_a_person_says_what_the_choice_is_worth(
    call: Call, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = call("tune", recipe, *SPACE, "--trials", 2, "--quiet")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("best validation accuracy ")
    assert "\nthe recipe as it was: validation accuracy " in said.out
    assert "\ntrials: 2 complete; pruning cut off 0%\n" in said.out
    assert "\ntrial  validation accuracy  epoch  optimizer.learning_rate\n" in said.out
    assert "The best of 2 scores on the same 9 images is partly luck" in said.out
    assert "The test set was not opened" in said.out
    assert said.out.endswith("\ntrain it     thumbnet train runs/tune-tiny/best.toml\n")
    assert load_recipe(tmp_path / "runs/tune-tiny/best.toml").name == "tiny-tuned"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_says_how_to_go_on(
    call: Call,
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    code: int,
) -> None:
    words = ["tune", recipe, *SPACE, "--out", tmp_path / "out", "--trials", 2, "--json"]
    with monkeypatch.context() as patch:
        signal_at_step(patch, 3, number)
        said = call(*words)
    assert (said.code, said.out) == (code, "")
    assert f"stopped by {number.name}; every finished trial is saved" in said.err
    assert said.err.endswith("Start the same command again to go on.\n")
    assert call(*words).json["trials"]["complete"] == 2


def test_loss_may_be_compared(call: Call, recipe: Path, tmp_path: Path) -> None:
    words = [*SPACE, "--out", tmp_path, "--trials", 1, "--metric", "validation_loss"]
    said = call("tune", recipe, *words)
    assert said.out.startswith("best validation loss ")
    assert "interval" not in said.out


def test_options_reach_the_recipe(call: Call, recipe: Path, tmp_path: Path, pictures: Path) -> None:
    data = f"folder:{pictures.rename(tmp_path / 'other')}"
    words = ["--data", data, "--seed", 7, "--out", tmp_path / "out", "--trials", 1]
    assert call("tune", recipe, *SPACE, *words).code == 0
    best = load_recipe(tmp_path / "out/best.toml")
    assert (best.seed, best.data.name, best.data.validation) == (7, data, 9)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--space", "lr=1"], "error: a choice needs different values"),
        (["--space", "batch_size=0:8"], "error: the space holds what is no recipe"),
        (["--space", "model.widths=[0],[8]"], "error: the space holds what is no model"),
        (["--trials", "0"], "error: there is nothing to try"),
        (["--metric", "loss"], "error: trials cannot be compared by that"),
        (["--storage", "redis://me:s3cr3t@host"], "error: a study cannot be kept there"),
    ],
)
def test_mistake_is_one_message_and_leaves_nothing(
    call: Call, recipe: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    said = call("tune", recipe, "--out", tmp_path / "out", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(message)
    assert "s3cr3t" not in said.err
    assert not (tmp_path / "out").exists()


def test_password_is_not_repeated_where_the_driver_is_missing(
    call: Call, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    storage = "postgresql://me:s3cr3t@localhost/base"
    said = call("tune", recipe, "--out", tmp_path / "out", "--storage", storage)
    assert said.code == 2
    assert said.err.endswith("\n  fix: pip install 'psycopg[binary]'\n")
    assert "s3cr3t" not in said.out + said.err


def test_help_needs_neither_torch_nor_optuna() -> None:
    code = (
        "import sys; from thumbnet.__main__ import main\n"
        "assert main(['tune', '--help']) == 0\n"
        "assert not {'torch', 'optuna'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
