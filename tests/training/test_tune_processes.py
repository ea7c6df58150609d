"""Real processes that tune: killed in a trial, and two at once on one study."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from thumbnet.training.recipe_file import load_recipe
from thumbnet.training.tune import tune
from thumbnet.training.tune_result import Tuning
from tiny_runs import tiny_recipe, write_recipe

pytestmark = pytest.mark.slow

# Tunes as its arguments say. At the given step of its trainings it kills itself, or says that it is
# there and waits for a line.
SCRIPT = """
import json, os, signal, sys
from thumbnet.training.loop import Training
from thumbnet.training.tune import tune

options = json.loads(sys.argv[1])
step, action = options.pop("step"), options.pop("action")
original, calls = Training.step, []

def stepping(training, *arguments):
    calls.append(None)
    if len(calls) == step:
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        print("there", flush=True)
        sys.stdin.readline()
    return original(training, *arguments)

Training.step = stepping
tuning = tune(options.pop("recipe"), device="cpu", progress=False, **options)
print(json.dumps(tuning.result))
"""


@pytest.fixture
def recipe(pictures: Path, tmp_path: Path) -> Path:
    return write_recipe(tmp_path / "tiny.toml", tiny_recipe(pictures, validation=9))


def options(recipe: Path, out: Path, trials: int, **others: Any) -> dict[str, Any]:
    space = ["lr=1e-3:10:log", "batch_size=4,8,16"]
    return {"recipe": str(recipe), "out": str(out), "trials": trials, "space": space, **others}


def start(values: dict[str, Any], step: int, action: str) -> subprocess.Popen[str]:
    arguments = json.dumps({**values, "step": step, "action": action})
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SCRIPT, arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def tune_here(values: dict[str, Any]) -> Tuning:
    return tune(values.pop("recipe"), device="cpu", progress=False, **values)


def finished(tuning: Tuning) -> list[Any]:
    done = [trial for trial in tuning.trials if trial.state != TrialState.FAIL]
    return [(trial.params, trial.value, trial.intermediate_values) for trial in done]


@pytest.mark.parametrize("step", [2, 30])
def test_killed_study_goes_on_to_what_it_would_have_been(
    recipe: Path, tmp_path: Path, step: int
) -> None:
    expected = finished(tune_here(options(recipe, tmp_path / "whole", 12)))
    killed = start(options(recipe, tmp_path / "cut", 12), step, "kill")
    assert killed.communicate()[0] == ""
    assert killed.returncode == -signal.SIGKILL
    tuning = tune_here(options(recipe, tmp_path / "cut", 12))
    assert finished(tuning) == expected
    assert tuning.counts["failed"] == 1
    assert tuning.counts["running"] == 0
    names = {path.name for path in (tmp_path / "cut").iterdir()}
    assert names == {"best.toml", "study.db", "study.db.lock"}


def share(values: dict[str, Any]) -> Tuning:
    """Let two processes, both of which are in a trial at some moment, do a study of 24 trials."""
    processes = [start({**values, "trials": 24}, 1, "wait") for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
    for process in processes:
        assert process.communicate("\n")[0].count("\n") == 1
        assert process.returncode == 0
    return tune_here({**values, "trials": 24})


def test_two_processes_share_a_study(recipe: Path, tmp_path: Path) -> None:
    tuning = share(options(recipe, tmp_path / "study", 24))
    assert tuning.num_finished == len(tuning.trials) == 24
    assert [trial.number for trial in tuning.trials] == list(range(24))
    assert len({trial.user_attrs["process"] for trial in tuning.trials}) == 2
    assert len({trial.params["optimizer.learning_rate"] for trial in tuning.trials}) == 24
    best = load_recipe(tmp_path / "study/best.toml").optimizer.learning_rate
    assert best == tuning.ranking[0].params["optimizer.learning_rate"]


@pytest.fixture
def server() -> Iterator[str]:
    """A PostgreSQL server of our own; the address of its database."""
    pytest.importorskip("psycopg")
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("there is no PostgreSQL")
    # The server refuses to be root, and its socket's path must be short.
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    prefix = as_user if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder:
        if prefix:
            shutil.chown(folder, "postgres")
        data = f"{folder}/data"

        def run(*words: str) -> None:
            subprocess.run([*prefix, *words], check=True, stdout=subprocess.DEVNULL, cwd=folder)

        run("initdb", "-D", data, "-U", "me", "-A", "trust")
        listen = f"-k {folder} -c listen_addresses= -c fsync=off"
        run("pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", listen, "start")
        try:
            yield f"postgresql://me:s3cr3t@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")


def test_two_processes_share_a_study_on_a_server(
    recipe: Path, tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tuning = share(options(recipe, tmp_path / "study", 24, storage=server))
    assert tuning.num_finished == len(tuning.trials) == 24
    assert len({trial.user_attrs["process"] for trial in tuning.trials}) == 2
    assert tuning.storage.startswith("postgresql+psycopg://me:***@/postgres?host=")
    left = [path.read_text() for path in (tmp_path / "study").iterdir()]
    assert len(left) == 1
    assert "s3cr3t" not in "".join([*left, *capsys.readouterr(), json.dumps(tuning.result)])
