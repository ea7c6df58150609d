"""Progress over all runs, and the time left."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from thumbnet.training import comparison_display as module
from thumbnet.training.comparison_display import RunsDisplay, TimeLeft, format_left


def test_nothing_is_known_before_anything_was_done() -> None:
    left = TimeLeft(["sgd", "adam"])
    assert left.estimate() is None
    assert left.estimate(elapsed_s=3.0, fraction=0.0) is None


def test_first_run_under_way_tells_of_the_others() -> None:
    # A quarter took 3 s: 9 s are left of it, and 12 s for the other.
    assert TimeLeft(["sgd", "adam"]).estimate(3.0, 0.25) == pytest.approx(21)


def test_each_kind_takes_what_it_took_before() -> None:
    left = TimeLeft(["sgd", "adam", "adam", "sgd"])
    left.finish(10.0)
    assert left.estimate() == pytest.approx(30)
    left.finish(20.0)
    assert left.estimate() == pytest.approx(30)
    assert left.estimate(elapsed_s=15.0) == pytest.approx(15)
    # It takes longer than expected: not less than nothing is left of it.
    assert left.estimate(elapsed_s=99.0) == pytest.approx(10)
    left.finish(20.0)
    left.finish(10.0)
    assert left.estimate() == 0.0


def test_time_left_in_words() -> None:
    assert [format_left(s) for s in (None, 0, 0.2, 42, 200, 9000)] == [
        "",
        "",
        ", about 1 s left",
        ", about 42 s left",
        ", about 3 min left",
        ", about 2.5 h left",
    ]


def _compare(display: RunsDisplay) -> None:
    with display:
        display.begin("sgd, seed 1")
        display.start(2, 10, 0)
        display.update(10, 1, 0.5, 100.0)
        display.stop()
        display.finish("test 97.00%")
        display.begin("adam, seed 1")
        display.finish("diverged")


def test_in_a_pipe_each_run_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    _compare(RunsDisplay(["sgd", "adam"], num_done=3, progress=True))
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second = captured.err.splitlines()
    assert first.startswith("4/5  sgd, seed 1  test 97.00%, about ")
    assert second == "5/5  adam, seed 1  diverged"


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    _compare(RunsDisplay(["sgd", "adam"], num_done=0, progress=False))
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_a_bar_shows_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(
        module,
        "Console",
        lambda stderr, **options: Console(
            file=screen, force_terminal=stderr, width=120, legacy_windows=False, **options
        ),
    )
    _compare(RunsDisplay(["sgd", "adam"], num_done=0, progress=True))
    said = screen.getvalue()
    assert "1/2  sgd, seed 1  test 97.00%" in said
    assert "1/2 runs" in said
    assert "adam, seed 1" in said
