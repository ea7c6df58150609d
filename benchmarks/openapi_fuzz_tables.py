"""What fuzzing by ``/openapi.json`` found, from the results of ``openapi_fuzz.py``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from table_words import UNMEASURED

RESULT = Path(__file__).parent / "results" / "openapi_fuzz.json"


def openapi_fuzz(language: str, result: Path = RESULT) -> str:
    """Return one sentence: how much was tried, what failed, and what it did to the memory."""
    chinese = language == "zh"
    if not result.is_file():
        return UNMEASURED[language]
    facts: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    failures = sum(facts["failures"].values()) + facts["errors"]
    growth = facts["resident_mib_after"] - facts["resident_mib_before"]
    operations = f"{facts['operations_tested']} / {facts['operations']}"
    if chinese:
        return (
            f"按 `/openapi.json` 由 Schemathesis {facts['schemathesis']} 生成的 {facts['cases']:,} "
            f"个合规和违规的请求（{operations} 个操作，{facts['seconds']:.0f} s，随机种子 "
            f"{facts['seed']}）：{failures} 项检查失败，{facts['server_failures']} 次 5xx；"
            f"从空闲的服务器算起，内存增长 {growth:.0f} MiB（目标 ≤ 200 MB）。"
        )
    return (
        f"{facts['cases']:,} requests that `/openapi.json` allows or forbids, made by Schemathesis "
        f"{facts['schemathesis']} ({operations} operations, {facts['seconds']:.0f} s, seed "
        f"{facts['seed']}): {failures} failed checks, {facts['server_failures']} times 5xx, memory "
        f"grew by {growth:.0f} MiB from that of an idle server (target ≤ 200 MB)."
    )


OPENAPI_FUZZ_TABLES: dict[str, Callable[[], str]] = {
    "openapi-fuzz": partial(openapi_fuzz, "en"),
    "openapi-fuzz-zh": partial(openapi_fuzz, "zh"),
}
