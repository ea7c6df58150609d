"""How well the doctor finds mistakes in scripts, from the results of ``doctor.py``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "doctor"
SETS = ("first", "second", "third")
WORDS = {
    "en": {
        "headers": "| set | scripts, right ones | mistakes | found at first sight | false alarms "
        "| found after the repair | false alarms |",
        "first": "first",
        "second": "second, after the rules were repaired by the first",
        "third": "third, after the rules were repaired by both",
        "false": "{alarms} (in {clean} of the right ones)",
    },
    "zh": {
        "headers": "| 组 | 脚本（其中正确的） | 错误 | 初见时找到 | 误报 | 修正后找到 | 误报 |",
        "first": "第一组",
        "second": "第二组：按第一组修正规则之后",
        "third": "第三组：按前两组修正规则之后",
        "false": "{alarms} 个，涉及 {clean} 个正确的脚本",
    },
}


def doctor_scripts(language: str, folder: Path = RESULTS) -> str:
    """Return the table of the sets: what was found at first sight, and after the repair."""
    words = WORDS[language]
    lines = [words["headers"], "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name in SETS:
        files = [folder / f"{name}_{when}.json" for when in ("blind", "repaired")]
        if not files[0].is_file():
            continue
        results = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
        first = results[0]
        cells = [
            words[name],
            f"{first['num_scripts']}, {first['num_clean']}",
            str(first["num_mistakes"]),
        ]
        for result in results:
            cells += [_found(result), _false(result, words["false"])]
        cells += ["–"] * (7 - len(cells))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _found(result: dict[str, Any]) -> str:
    return f"{result['num_found']} ({result['num_found'] / result['num_mistakes']:.0%})"


def _false(result: dict[str, Any], words: str) -> str:
    alarms, clean = result["num_false_alarms"], result["num_clean_with_alarm"]
    return words.format(alarms=alarms, clean=clean) if alarms else "0"


DOCTOR_TABLES: dict[str, Callable[[], str]] = {
    "doctor-scripts": partial(doctor_scripts, "en"),
    "doctor-scripts-zh": partial(doctor_scripts, "zh"),
}
