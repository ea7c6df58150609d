"""``thumbnet train``: its result on stdout, everything else on stderr, and how it stops."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from command_line import Call
from thumbnet.training.loop import Training
from thumbnet.training.run import Run
from tiny_runs import RESULT_KEYS, call_at_step, signal_at_step, weights


def test_json_is_the_only_thing_on_stdout(call: Call, recipe: Path, tmp_path: Path) -> None:
    said = call("train", recipe, "--out", tmp_path / "run", "--seed", 7, "--json")
    assert said.code == 0
    assert list(said.json) == RESULT_KEYS
    assert said.json["run"] == str(tmp_path / "run")
    assert said.json == Run(tmp_path / "run").result
    assert {key: said.json[key] for key in RESULT_KEYS[1:5]} == {
        "recipe": "tiny",
        "seed": 7,
        "epochs": 2,
        "world_size": 1,
    }
    assert said.json["train_seconds"] > 0
    assert said.json["validation_accuracy"] is None
    assert 0 <= said.json["test_accuracy"] <= 1
    assert "epoch   2" in said.err


def test_run_is_named_as_out_was_given(
    call: Call, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("train", recipe, "--out", "here/run", "--json").json["run"] == "here/run"
    assert call("train", recipe, "--json").json["run"] == "runs/tiny-1"


def test_validation_accuracy_is_a_fraction(call: Call, recipe: Path, tmp_path: Path) -> None:
    said = call("train", recipe, "--out", tmp_path / "run", "--set", "validation=9", "--json")
    right = said.json["validation_accuracy"] * 9
    assert right == pytest.approx(round(right))


def test_result_for_a_person_has_accuracy_interval_and_places(
    call: Call, recipe: Path, tmp_path: Path
) -> None:
    said = call("train", recipe, "--out", tmp_path / "run")
    accuracy = Run(tmp_path / "run").result["test_accuracy"]
    assert said.out.startswith(f"test accuracy {accuracy:.2%} (95 % interval ")
    assert f"model   {tmp_path / 'run/model'}" in said.out
    assert f"report  {tmp_path / 'run/report.html'}" in said.out


def test_quiet_says_nothing_on_stderr(call: Call, recipe: Path, tmp_path: Path) -> None:
    said = call("train", recipe, "--out", tmp_path / "run", "--quiet", "--json")
    assert (said.code, said.err) == (0, "")


def test_changes_and_data_reach_the_recipe(
    call: Call, recipe: Path, tmp_path: Path, pictures: Path
) -> None:
    data = f"folder:{pictures.rename(tmp_path / 'other')}"
    words = ["--set", "model.widths=[4]", "--set", "lr=0.5", "--data", data]
    assert call("train", recipe, "--out", tmp_path / "run", *words).code == 0
    changed = Run(tmp_path / "run").recipe
    assert changed.model.arguments == {"widths": [4]}
    assert changed.optimizer.learning_rate == 0.5
    assert changed.data.name == data


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_saves_and_says_how_to_go_on(
    call: Call,
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    code: int,
) -> None:
    expected = call("train", recipe, "--out", tmp_path / "whole", "--json").json
    with monkeypatch.context() as patch:
        signal_at_step(patch, 3, number)
        said = call("train", recipe, "--out", tmp_path / "run", "--json")
    assert (said.code, said.out) == (code, "")
    assert f"stopped by {number.name}; everything is saved" in said.err
    assert said.err.endswith(f"\n  thumbnet train --resume {tmp_path / 'run'}\n")
    assert (tmp_path / "run/checkpoints/step-000000003.ckpt").is_file()
    resumed = call("train", "--resume", tmp_path / "run", "--json")
    assert resumed.code == 0
    assert weights(tmp_path / "run") == weights(tmp_path / "whole")
    timeless = {"run": 0, "train_seconds": 0}
    assert resumed.json | timeless == expected | timeless


def test_second_ctrl_c_ends_at_once(
    call: Call, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press_twice(_training: Training) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    call_at_step(monkeypatch, 3, press_twice)
    said = call("train", recipe, "--out", tmp_path / "run", "--json")
    assert (said.code, said.out) == (130, "")
    assert "everything is saved" not in said.err
    assert not (tmp_path / "run/checkpoints/step-000000003.ckpt").exists()


def test_finished_run_resumed_says_so_and_prints_the_same(call: Call, trained: Run) -> None:
    said = call("train", "--resume", trained.folder, "--json")
    assert said.code == 0
    assert said.json == trained.result
    assert "has finished already" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["mnist"],
        ["--seed", "1"],
        ["--seed", "0"],
        ["--out", "x"],
        ["--set", "epochs=3"],
        ["--data", "mnist"],
    ],
)
def test_resume_takes_nothing_that_would_change_the_run(
    call: Call, trained: Run, words: list[str]
) -> None:
    said = call("train", *words, "--resume", trained.folder)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: a resumed run goes on exactly as it began\n  got: ")


def test_skipped_pictures_are_named_on_stderr(
    call: Call, recipe: Path, tmp_path: Path, pictures: Path
) -> None:
    (pictures / "bar" / "junk.png").write_bytes(b"junk")
    said = call("train", recipe, "--out", tmp_path / "run", "--skip-bad", "--json")
    assert said.code == 0
    assert "skipped 1 unreadable images: bar/junk.png" in said.err
    assert list(said.json) == RESULT_KEYS
