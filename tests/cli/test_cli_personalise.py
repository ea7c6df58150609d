"""``thumbnet personalise``: what it prints, and what a mistake or a stop says."""

from __future__ import annotations

import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from command_line import Call
from thumbnet.training import personalise
from thumbnet.training.interruption import Interrupted


def counts(num_correct: int, num_images: int) -> dict[str, Any]:
    return {
        "num_images": num_images,
        "num_correct": num_correct,
        "accuracy": num_correct / num_images,
        "accuracy_interval": [0.5, 0.75],
        "num_refused": 3,
    }


PERSONAL = {
    "held_back": {"before": counts(12, 20), "after": counts(19, 20)},
    "test": {"before": counts(9965, 10_000), "after": counts(9950, 10_000)},
}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Replace the training; return how it was called."""
    seen: list[dict[str, Any]] = []

    def train_on(folder: Path, **options: Any) -> SimpleNamespace:
        seen.append({"folder": folder, **options})
        result = {"run": "runs/digits-personal-1"}
        return SimpleNamespace(
            folder=Path(result["run"]), result=result, receipt={"personal": PERSONAL}
        )

    monkeypatch.setattr(personalise, "personalise", train_on)
    return seen


def test_gain_and_loss_are_printed_with_their_intervals(
    call: Call, calls: list[dict[str, Any]]
) -> None:
    said = call("personalise", "mine")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "your digits, held back",
        "  before  12 of 20, 60.00% (95 % interval 50.00% to 75.00%), 3 refused",
        "  after   19 of 20, 95.00% (95 % interval 50.00% to 75.00%), 3 refused",
        "MNIST's test set",
        "  before  9,965 of 10,000, 99.65% (95 % interval 50.00% to 75.00%), 3 refused",
        "  after   9,950 of 10,000, 99.50% (95 % interval 50.00% to 75.00%), 3 refused",
        f"model   {Path('runs/digits-personal-1/model')}",
        f"report  {Path('runs/digits-personal-1/report.html')}",
        f"next    thumbnet export {Path('runs/digits-personal-1')}",
    ]
    assert calls == [
        {"folder": Path("mine"), "out": None, "seed": 0, "device": "auto", "progress": True}
    ]


def test_json_is_the_result_and_the_gain(call: Call, calls: list[dict[str, Any]]) -> None:
    words = ["mine", "--out", "run", "--seed", 7, "--device", "cpu", "-q", "--json"]
    assert call("personalise", *words).json == {
        "run": "runs/digits-personal-1",
        "personal": PERSONAL,
    }
    assert calls == [
        {"folder": Path("mine"), "out": Path("run"), "seed": 7, "device": "cpu", "progress": False}
    ]


def test_too_few_samples_are_one_message(call: Call, tmp_path: Path) -> None:
    said = call("personalise", tmp_path)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: there are too few samples of some digits\n")
    assert "Traceback" not in said.err


def test_stop_says_that_nothing_was_written(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise Interrupted(signal.SIGINT, Path("run"))

    monkeypatch.setattr(personalise, "personalise", stop)
    said = call("personalise", "mine")
    assert (said.code, said.out, said.err) == (130, "", "stopped by SIGINT; nothing was written\n")
