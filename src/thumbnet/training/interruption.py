"""Ctrl-C and SIGTERM as a request to stop at the next step, with everything saved."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any


class Interrupted(Exception):  # noqa: N818 - not an error: the user asked for it
    """Training stopped at the user's request, after saving.

    Attributes:
        signal_number: of the signal that asked.
        folder: the run folder to resume.
        exit_code: 128 + that number, as shells count: 130 for Ctrl-C, 143 for SIGTERM.
    """

    def __init__(self, signal_number: int, folder: Path) -> None:
        super().__init__(f"stopped by {signal.Signals(signal_number).name}")
        self.signal_number = signal_number
        self.folder = folder
        self.exit_code = 128 + signal_number


class StopRequest:
    """Context in which the first SIGINT or SIGTERM is noted, and a second one acts at once.

    Outside the main thread, where Python allows no handlers, signals keep their meaning.

    Args:
        folder: the run folder that the request concerns.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.signal_number: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._restore()

    def raise_if_requested(self) -> None:
        """Raise ``Interrupted`` if a signal came."""
        if self.signal_number is not None:
            raise Interrupted(self.signal_number, self.folder)

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.signal_number = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
