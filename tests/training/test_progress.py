from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from thumbnet.training import progress as module
from thumbnet.training.progress import (
    LiveDisplay,
    PlainLines,
    ProgressDisplay,
    Silent,
    format_scores,
    make_display,
)
from thumbnet.training.state import EpochScores

PLAIN = EpochScores(3, 30, 0.08124, 0.97514, None, None, 0.1, 12.34)
VALIDATED = EpochScores(12, 120, 0.5, 1.0, 0.25, 0.9, 0.1, 0.0)


def _train(display: ProgressDisplay) -> None:
    display.message("loading [data]")
    display.start(2, 10, 5)
    display.update(6, 1, 0.5, 1234.5)
    display.epoch(PLAIN)
    display.update(20, 2, 0.25, 99.0)
    display.stop()
    display.stop()


def test_row_holds_the_scores_that_there_are() -> None:
    assert format_scores(PLAIN) == "epoch   3  loss 0.0812  accuracy 97.51%  12.3 s"
    assert format_scores(VALIDATED) == (
        "epoch  12  loss 0.5000  accuracy 100.00%  validation loss 0.2500  accuracy 90.00%  0.0 s"
    )


def test_plain_lines_go_to_stderr_only(capsys: pytest.CaptureFixture[str]) -> None:
    _train(PlainLines())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "loading [data]",
        "training: 2 epochs of 10 batches, 5 steps of them done",
        format_scores(PLAIN),
    ]


def test_plain_lines_of_a_new_run_speak_of_no_steps_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    PlainLines().start(1, 7, 0)
    assert capsys.readouterr().err == "training: 1 epochs of 7 batches\n"


def test_silent_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    _train(Silent())
    assert capsys.readouterr() == ("", "")


def test_live_display_shows_the_bar_and_keeps_the_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = io.StringIO()
    options: list[dict[str, object]] = []

    def make_console(**kwargs: object) -> Console:
        options.append(kwargs)
        return Console(file=screen, force_terminal=True, width=120, highlight=False)

    monkeypatch.setattr(module, "Console", make_console)
    _train(LiveDisplay())
    shown = screen.getvalue()
    assert options[0]["stderr"] is True
    for text in ("loading [data]", format_scores(PLAIN), "epoch 2/2", "20/20", "loss 0.2500"):
        assert text in shown
    assert capsys.readouterr() == ("", "")


def test_live_display_that_never_started_can_be_stopped() -> None:
    display = LiveDisplay()
    display.stop()
    display.stop()


@pytest.mark.parametrize(("terminal", "kind"), [(True, LiveDisplay), (False, PlainLines)])
def test_display_is_live_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, kind: type[object]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert type(make_display()) is kind
    assert type(make_display(progress=False)) is Silent
