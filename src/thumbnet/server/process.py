"""What a process sets that does nothing but serve."""

from __future__ import annotations

import gc
import logging

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


def create_worker() -> FastAPI:
    """Return the application of one process of several, settled."""
    app = create_from_environment()
    settle()
    return app
