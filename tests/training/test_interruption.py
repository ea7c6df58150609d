from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from thumbnet.training.interruption import Interrupted, StopRequest

FOLDER = Path("runs/a")


@pytest.mark.parametrize(
    ("number", "exit_code", "name"),
    [(signal.SIGINT, 130, "SIGINT"), (signal.SIGTERM, 143, "SIGTERM")],
)
def test_signal_is_noted_and_raised_when_asked(
    number: signal.Signals, exit_code: int, name: str
) -> None:
    with StopRequest(FOLDER) as request:
        request.raise_if_requested()
        signal.raise_signal(number)
        with pytest.raises(Interrupted, match=f"stopped by {name}") as caught:
            request.raise_if_requested()
    assert (caught.value.exit_code, caught.value.folder) == (exit_code, FOLDER)
    assert caught.value.signal_number == number


def test_second_signal_acts_at_once() -> None:
    with StopRequest(FOLDER):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("signalled", [False, True])
def test_handlers_are_restored_at_the_end(signalled: bool) -> None:
    def mine(number: int, frame: object) -> None:
        raise AssertionError(number, frame)

    original = signal.signal(signal.SIGTERM, mine)
    try:
        before = signal.getsignal(signal.SIGINT)
        with StopRequest(FOLDER):
            assert signal.getsignal(signal.SIGTERM) is not mine
            if signalled:
                signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is mine
        assert signal.getsignal(signal.SIGINT) is before
    finally:
        signal.signal(signal.SIGTERM, original)


def test_error_in_the_block_passes_and_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyError), StopRequest(FOLDER):
        raise KeyError
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_leave_the_handlers_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with StopRequest(FOLDER) as request:
            request.raise_if_requested()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
