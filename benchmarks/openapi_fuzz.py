"""Send the server what its own description allows and forbids, and check the answers against it.

Usage::

    python benchmarks/openapi_fuzz.py                      # → results/openapi_fuzz.json
    python benchmarks/openapi_fuzz.py --schemathesis /path/to/schemathesis
    python benchmarks/openapi_fuzz.py --seconds 20 --dry-run

Schemathesis makes the requests from ``/openapi.json``, with all of its checks. It is not among the
project's dependencies. Exit code 1 says that a check failed or that the server did (5xx).
"""

from __future__ import annotations

import argparse
import http.client
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from prometheus_client.parser import text_string_to_metric_families

from serving_load import HOST, Server, serving
from thumbnet.files import to_json, write_atomically
from thumbnet.training.receipt import describe_environment, now

RESULTS = Path(__file__).parent / "results" / "openapi_fuzz.json"
TOOL = "schemathesis"
# It takes a little longer than it is given: the last request, and smaller examples of failures.
LONGEST_END_S = 300
# Every check is on. For two kinds of request, one of them gets a further status to expect, because
# no JSON schema can say what the server must refuse there:
# - any bytes are a "binary" string, and few are a picture; any string can be the name of a model;
# - the numbers of a tensor must fill its shape. Its path gets a model that exists: with random
#   names nothing behind it would be reached. The other paths with a name keep random ones.
# Checks of resources that were made or deleted find none: the server runs without --collect.
CONFIG = """
[[operations]]
include-path = ["/v1/read", "/v1/predict"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "422"]

[[operations]]
include-path = ["/v2/models/{name}/infer"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400"]
parameters."path.name" = "digits"
"""


def find_tool(name: str) -> str:
    """Return where Schemathesis is, or end with how to install it."""
    found = shutil.which(name)
    if found is None:
        sys.exit(
            f"there is no Schemathesis\n  got: {name}\n  expected: its command, 4.32 or newer\n"
            "  fix: python -m venv st && st/bin/pip install 'schemathesis>=4.32', "
            "then --schemathesis st/bin/schemathesis"
        )
    return str(Path(found).absolute())


def command(
    tool: str, folder: Path, port: int, token: str, options: argparse.Namespace
) -> list[str]:
    """Return the command line that tests the server and writes ``folder/report.json``."""
    return [
        *(tool, "--config-file", str(folder / "schemathesis.toml")),
        *("run", f"http://{HOST}:{port}/openapi.json"),
        # With a token, the checks of refused and of forged ones have something to do.
        *("--header", f"Authorization: Bearer {token}"),
        *("--checks", "all", "--continue-on-failure"),
        *("--max-examples", str(options.examples), "--seed", str(options.seed)),
        *("--max-time", str(options.seconds)),
        # Nothing of an earlier run may decide what is tried.
        *("--generation-database", "none", "--no-color"),
        *("--report", "json", "--report-json-path", str(folder / "report.json")),
    ]


def fuzz(tool: str, server: Server, token: str, options: argparse.Namespace) -> dict[str, Any]:
    """Let Schemathesis test a server, and return its report; its words go to the terminal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "schemathesis.toml").write_text(CONFIG, encoding="utf-8")
        words = command(tool, folder, server.port, token, options)
        try:
            done = subprocess.run(words, cwd=folder, timeout=options.seconds + LONGEST_END_S)
        except subprocess.TimeoutExpired:
            sys.exit("Schemathesis did not end: perhaps the server no longer answers")
        report = folder / "report.json"
        if not report.is_file():
            sys.exit(f"Schemathesis wrote no report\n  got: exit code {done.returncode}")
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def ask_metrics(server: Server, token: str) -> str:
    """Return what the server counted; it is waited for if it is still starting."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=60)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {token}"})
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def count_statuses(metrics: str) -> Counter[str]:
    """Return how many requests a server answered with each status, from its metrics."""
    statuses: Counter[str] = Counter()
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == "thumbnet_requests_total":
                statuses[sample.labels["status"]] += int(sample.value)
    return statuses


def summarise(report: dict[str, Any], statuses: Counter[str]) -> dict[str, Any]:
    """Return what a report and the server's own counts say together."""
    return {
        "schemathesis": report["schemathesis_version"],
        "seed": report["seed"],
        "seconds": round(report["running_time"], 1),
        "operations": report["operations"]["total"],
        "operations_tested": report["operations"]["tested"],
        "cases": report["test_cases"]["generated"],
        "failures": {each["title"]: each["count"] for each in report["failures"]},
        "errors": len(report["errors"]),
        "statuses": dict(sorted(statuses.items())),
        "server_failures": sum(count for status, count in statuses.items() if int(status) >= 500),
    }


def is_clean(result: dict[str, Any]) -> bool:
    """Return whether all operations were tested and nothing failed."""
    return (
        result["operations_tested"] == result["operations"] > 0
        and result["cases"] > 0
        and not (result["failures"] or result["errors"] or result["server_failures"])
    )


def measure(tool: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return what fuzzing a fresh server finds, and what it does to its memory."""
    token = secrets.token_urlsafe()
    with serving("--token", token) as server:
        ask_metrics(server, token)
        before_mib = server.resident_mib()
        report = fuzz(tool, server, token, options)
        after_mib = server.resident_mib()
        statuses = count_statuses(ask_metrics(server, token))
    return {
        **summarise(report, statuses),
        "resident_mib_before": round(before_mib, 1),
        "resident_mib_after": round(after_mib, 1),
    }


def main() -> None:
    """Fuzz, write the result, and tell by the exit code whether it is clean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schemathesis", default=TOOL, help="its command, or the path of it")
    parser.add_argument("--examples", type=int, default=100, help="of an operation, in a round")
    parser.add_argument("--seconds", type=int, default=150, help="rounds are begun until then")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dry-run", action="store_true", help="print, and write nothing")
    options = parser.parse_args()
    result = measure(find_tool(options.schemathesis), options)
    print(to_json(result))
    if not options.dry_run:
        facts = {
            "measured": now(),
            "max_examples": options.examples,
            "max_seconds": options.seconds,
            **result,
            **describe_environment(torch.device("cpu")),
        }
        write_atomically(RESULTS, to_json(facts))
    sys.exit(not is_clean(result))


if __name__ == "__main__":
    main()
