"""What a serving process sets once everything is loaded."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from stand_in_server import Client

from thumbnet.inference.locate import bundled_model
from thumbnet.server.app import ENVIRONMENT
from thumbnet.server.process import create_worker, settle
from thumbnet.server.settings import ServerSettings, to_json

_SWITCHES = ("logThreads", "logProcesses", "logMultiprocessing", "_srcfile")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Undo what is set for the whole process."""
    switches = {name: getattr(logging, name) for name in _SWITCHES}
    threshold = gc.get_threshold()
    policy = os.sched_getscheduler(0) if sys.platform == "linux" else None
    yield
    if policy is not None:
        os.sched_setscheduler(0, policy, os.sched_param(0))
    for name, value in switches.items():
        setattr(logging, name, value)
    gc.set_threshold(*threshold)
    gc.unfreeze()


def test_what_is_loaded_is_not_searched_for_garbage_again_but_new_cycles_are() -> None:
    settle()
    assert gc.get_freeze_count() > 10_000
    assert gc.isenabled()
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle
    assert gc.collect() >= 1


@pytest.mark.skipif(sys.platform != "linux", reason="the policy is Linux's")
def test_threads_of_a_settled_process_wait_for_their_turn() -> None:
    settle()
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(os.sched_getscheduler, 0).result() == os.SCHED_BATCH


@pytest.mark.skipif(sys.platform != "linux", reason="the policy is Linux's")
def test_a_process_that_may_not_choose_its_policy_is_settled_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", forbidden)
    settle()
    monkeypatch.undo()
    assert gc.get_freeze_count() > 0


def test_a_settled_process_writes_the_same_lines(caplog: pytest.LogCaptureFixture) -> None:
    settle()
    with caplog.at_level(logging.INFO, "thumbnet.server.access"):
        logging.getLogger("thumbnet.server.access").info("%s %d", "GET", 200)
    assert [record.getMessage() for record in caplog.records] == ["GET 200"]


def test_a_worker_is_settled_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = to_json({"digits": bundled_model()}, ServerSettings(threads=1))
    monkeypatch.setenv(ENVIRONMENT, settings)
    with Client(create_worker()) as client:
        assert gc.get_freeze_count() > 0
        assert client.get("/v2/health/ready").status_code == 200
