"""What a process sets that does nothing but serve."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys

from fastapi import FastAPI

from thumbnet.server.app import create_from_environment

_YOUNG_OBJECTS = 20_000


def settle() -> None:
    """Make the interpreter spend less on every request, now that everything is loaded.

    Under overload a refusal must cost next to nothing, since its time is taken from the answers.
    """
    # What is loaded lives as long as the process: looking through it again finds no garbage.
    gc.collect()
    gc.freeze()
    # What a request makes dies with its last reference; what is left over can wait.
    gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])
    # No line of the log shows them (Python's logging HOWTO, "Optimization").
    logging.logThreads = False
    logging.logProcesses = False
    logging.logMultiprocessing = False
    logging._srcfile = None
    _let_networks_finish()


def _let_networks_finish() -> None:
    """Let a request that arrives wait for its turn, not interrupt a network at work.

    Under overload there are a thousand arrivals a second, and each interruption empties the
    processor's caches twice. Linux alone has it (sched(7), SCHED_BATCH), and a container may forbid
    it. Threads that are started later inherit it.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def create_worker() -> FastAPI:
    """Return the application of one process of several, settled."""
    app = create_from_environment()
    settle()
    return app
