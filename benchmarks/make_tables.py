"""Write the tables of the READMEs and the docs from the committed results.

Usage::

    python benchmarks/make_tables.py            # rewrite what stands between the markers
    python benchmarks/make_tables.py --check    # exit 1 if a file is not up to date

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doctor_tables import DOCTOR_TABLES
from mistake_tables import MISTAKE_TABLES
from openapi_fuzz_tables import OPENAPI_FUZZ_TABLES
from other_hands_tables import OTHER_HANDS_TABLES
from personalise_tables import PERSONALISE_TABLES
from reading_tables import READING_TABLES
from recogniser_tables import RECOGNISER_TABLES
from record_tables import RECORD_TABLES
from scale_tables import SCALE_TABLES
from serving_tables import SERVING_TABLES
from speed_tables import SPEED_TABLES
from tutorial_tables import TUTORIAL_TABLES

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGES = (
    *("README.md", "README.zh-CN.md"),
    *("docs/index.md", "docs/mistakes.md", "docs/benchmarks.md"),
    *("docs/zh/index.md", "docs/zh/mistakes.md", "docs/zh/benchmarks.md"),
    *(
        f"docs/{folder}tutorials/{page}.md"
        for folder in ("", "zh/")
        for page in ("index", "mlp", "dropout", "cnn", "resnet", "cifar10")
    ),
    *("docs/doctor.md", "docs/zh/doctor.md"),
    *("docs/tune.md", "docs/zh/tune.md"),
    *("docs/scale.md", "docs/zh/scale.md", "docs/recogniser.md", "docs/zh/recogniser.md"),
    *("docs/reading.md", "docs/zh/reading.md", "docs/server.md", "docs/zh/server.md"),
)
MARKER = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

# What the source of each recipe says it reaches.
CLAIMS = {
    "tutorial-mlp": "97 %",
    "tutorial-dropout-mlp-adam": "97 %",
    "tutorial-dropout-mlp-sgd": "87 %",
    "tutorial-cnn": "98.69 %",
    "tutorial-resnet": "—",
    "tutorial-resnet18-cifar10": "“about 90 %”",
    "mnist": "—",
}
HEADERS = {
    "en": "| recipe | parameters | its source says | measured here, test | seeds |",
    "zh": "| 配方 | 参数量 | 原教程声称 | 本机实测（测试集） | 种子数 |",
}


def classic_recipes(language: str) -> str:
    """Return the table of the classic recipes: claim beside mean ± deviation over seeds."""
    lines = [HEADERS[language], "| --- | ---: | --- | --- | ---: |"]
    for recipe, claim in CLAIMS.items():
        receipts = _receipts(recipe)
        if not receipts:
            continue
        accuracies = [100 * receipt["results"]["test"]["accuracy"] for receipt in receipts]
        lines.append(
            f"| `{recipe}` | {receipts[0]['parameters']:,} | {claim} "
            f"| **{statistics.mean(accuracies):.2f} ± {statistics.stdev(accuracies):.2f} %** "
            f"| {len(receipts)} |"
        )
    return "\n".join(lines)


def _receipts(recipe: str) -> list[dict[str, Any]]:
    files = sorted((RESULTS / "tutorials").glob(f"{recipe}-seed*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in files]


TABLES: dict[str, Callable[[], str]] = {
    "classic-recipes": lambda: classic_recipes("en"),
    "classic-recipes-zh": lambda: classic_recipes("zh"),
    **MISTAKE_TABLES,
    **RECORD_TABLES,
    **SPEED_TABLES,
    **RECOGNISER_TABLES,
    **READING_TABLES,
    **SERVING_TABLES,
    **OPENAPI_FUZZ_TABLES,
    **OTHER_HANDS_TABLES,
    **PERSONALISE_TABLES,
    **TUTORIAL_TABLES,
    **DOCTOR_TABLES,
    **SCALE_TABLES,
}


def rewrite(text: str) -> str:
    """Return a page with every table between markers made anew."""
    return MARKER.sub(lambda match: f"{match[1]}{TABLES[match[2]]()}\n{match[3]}", text)


def main() -> None:
    """Rewrite the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name in PAGES:
        page = ROOT / name
        if not page.exists():
            continue
        before = page.read_text(encoding="utf-8")
        after = rewrite(before)
        if after != before:
            stale.append(name)
            if not check:
                page.write_text(after, encoding="utf-8")
    print(f"{'stale' if check else 'rewritten'}: {', '.join(stale) or 'none'}")
    sys.exit(check and bool(stale))


if __name__ == "__main__":
    main()
