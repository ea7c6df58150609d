"""How the benchmark calls Schemathesis, what it makes of its report, and when it fails."""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import tomllib
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from thumbnet.inference.locate import bundled_model
from thumbnet.server.app import create_app
from thumbnet.server.metrics import Metrics
from thumbnet.server.settings import ServerSettings

REPORT: dict[str, Any] = {
    "schemathesis_version": "4.32.5",
    "seed": 7,
    "running_time": 12.34,
    "operations": {"total": 10, "selected": 10, "tested": 10},
    "test_cases": {"generated": 1234},
    "failures": [],
    "errors": [],
}
FAILURE = {"type": "ServerError", "title": "Server error", "count": 2, "operations": ["GET /v2"]}


@pytest.fixture
def fuzz() -> ModuleType:
    return importlib.import_module("openapi_fuzz")


@pytest.fixture
def tables() -> ModuleType:
    return importlib.import_module("openapi_fuzz_tables")


def test_without_the_tool_it_is_said_how_to_install_it(fuzz: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"no Schemathesis\n.*no-such-tool\n.*\n.*pip install"):
        fuzz.find_tool("no-such-tool")


def test_the_tool_is_found_by_its_path(fuzz: ModuleType, tmp_path: Path) -> None:
    tool = tmp_path / "schemathesis"
    tool.write_text("#!/bin/sh\n", encoding="utf-8")
    tool.chmod(0o755)
    assert fuzz.find_tool(str(tool)) == str(tool)


def test_command_is_bounded_and_leaves_no_check_out(fuzz: ModuleType, tmp_path: Path) -> None:
    options = argparse.Namespace(examples=5, seconds=6, seed=7)
    words = fuzz.command("st", tmp_path, 8123, "secret", options)
    pairs = dict(itertools.pairwise(words))
    assert pairs["run"] == "http://127.0.0.1:8123/openapi.json"
    assert pairs["--header"] == "Authorization: Bearer secret"
    assert (pairs["--max-examples"], pairs["--max-time"], pairs["--seed"]) == ("5", "6", "7")
    assert pairs["--checks"] == "all"
    assert not any("exclude" in word for word in words)


def test_exceptions_are_for_answers_and_a_model_that_the_server_has(fuzz: ModuleType) -> None:
    app = create_app({"digits": bundled_model()}, ServerSettings())
    for operation in tomllib.loads(fuzz.CONFIG)["operations"]:
        for path in operation["include-path"]:
            described = app.openapi()["paths"][path]["post"]["responses"]
            expected = operation["checks"]["positive_data_acceptance"]["expected-statuses"]
            assert set(expected) - {"2xx"} <= set(described)
        for name in operation.get("parameters", {}).values():
            assert app.state.services.model(name).name == name


def test_statuses_are_counted_over_routes_and_methods(fuzz: ModuleType) -> None:
    metrics = Metrics()
    for route, method, status, times in (
        *(("/v1/read", "POST", "200", 3), ("/v1/predict", "POST", "200", 4)),
        *(("/v1/read", "PUT", "405", 1), ("other", "GET", "500", 2)),
    ):
        metrics.requests.labels(route, method, status).inc(times)
    assert fuzz.count_statuses(metrics.text().decode()) == {"200": 7, "405": 1, "500": 2}


def test_a_report_without_failures_is_clean(fuzz: ModuleType) -> None:
    result = fuzz.summarise(REPORT, Counter({"422": 4, "200": 3, "0": 1}))
    assert result == {
        "schemathesis": "4.32.5",
        "seed": 7,
        "seconds": 12.3,
        "operations": 10,
        "operations_tested": 10,
        "cases": 1234,
        "failures": {},
        "errors": 0,
        "statuses": {"0": 1, "200": 3, "422": 4},
        "server_failures": 0,
    }
    assert fuzz.is_clean(result)


@pytest.mark.parametrize(
    ("change", "statuses"),
    [
        ({"failures": [FAILURE]}, {"200": 5}),
        ({"errors": [{"title": "Network error"}]}, {"200": 5}),
        ({"operations": {"total": 10, "tested": 9}}, {"200": 5}),
        ({"operations": {"total": 0, "tested": 0}}, {"200": 5}),
        ({"test_cases": {"generated": 0}}, {}),
        ({}, {"200": 5, "500": 1}),
        ({}, {"200": 5, "503": 1}),
    ],
)
def test_failures_gaps_and_answers_of_5xx_are_not_clean(
    fuzz: ModuleType, change: dict[str, Any], statuses: dict[str, int]
) -> None:
    assert not fuzz.is_clean(fuzz.summarise({**REPORT, **change}, Counter(statuses)))


def test_failures_are_counted_by_check(fuzz: ModuleType) -> None:
    other = {"title": "Undocumented status code", "count": 1}
    result = fuzz.summarise({**REPORT, "failures": [FAILURE, other]}, Counter())
    assert result["failures"] == {"Server error": 2, "Undocumented status code": 1}


def test_sentence_says_what_was_tried_and_what_failed(
    fuzz: ModuleType, tables: ModuleType, tmp_path: Path
) -> None:
    result = tmp_path / "openapi_fuzz.json"
    facts = fuzz.summarise({**REPORT, "failures": [FAILURE]}, Counter({"500": 3}))
    facts |= {"resident_mib_before": 100.2, "resident_mib_after": 130.4}
    result.write_text(json.dumps(facts), encoding="utf-8")
    english, chinese = (tables.openapi_fuzz(language, result) for language in ("en", "zh"))
    assert "1,234 requests" in english
    assert "2 failed checks, 3 times 5xx, memory grew by 30 MiB" in english
    assert "1,234 个" in chinese
    assert "2 项检查失败，3 次 5xx" in chinese
    assert "增长 30 MiB" in chinese


def test_sentence_says_that_nothing_is_measured(tables: ModuleType, tmp_path: Path) -> None:
    assert tables.openapi_fuzz("en", tmp_path / "none.json") == "*Not measured yet.*"
    assert tables.openapi_fuzz("zh", tmp_path / "none.json") == "*尚未测量。*"
