"""Printing: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


def note(text: str) -> None:
    """Print a line for a person, on stderr."""
    print(text, file=sys.stderr, flush=True)


def print_json(value: object) -> None:
    """Print one line of JSON on stdout."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False), flush=True)


def print_table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print aligned columns on stdout; numbers to the right."""
    from rich.cells import cell_len

    texts = [[str(value) for value in row] for row in [headers, *rows]]
    widths = [max(cell_len(row[i]) for row in texts) for i in range(len(headers))]
    numeric = [
        bool(rows) and all(isinstance(row[i], (int, float)) for row in rows)
        for i in range(len(headers))
    ]
    for row in texts:
        cells = [
            " " * (width - cell_len(text)) + text
            if right
            else text + " " * (width - cell_len(text))
            for text, width, right in zip(row, widths, numeric, strict=True)
        ]
        print("  ".join(cells).rstrip())


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show our own warnings as one line each, without the place in the code."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        note(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
