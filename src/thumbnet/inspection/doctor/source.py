"""Reading a script or a notebook: its syntax tree, and the comments that silence the doctor."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thumbnet.errors import ThumbnetError

SUFFIXES = (".py", ".ipynb")
_SILENCED = re.compile(r"#\s*thumbnet:\s*ok\s+([\w\-, ]+)")
_MAGIC = re.compile(r"^\s*([%!?]|.*\?\s*$)")
MAX_BYTES = 5_000_000
MAX_NOTEBOOK_BYTES = 100_000_000  # it holds its pictures


class ScriptError(ThumbnetError):
    """A script cannot be read or is no Python."""


@dataclass(frozen=True)
class Source:
    """A script as it was read.

    Attributes:
        name: the file, as the user wrote it.
        text: its lines; of a notebook the lines of all code cells.
        tree: its syntax tree.
        silenced: line → the codes that a comment there declares to be right.
        cells: of a notebook, for each line its cell and the line in that, both from 1.
    """

    name: str
    text: str
    tree: ast.Module
    silenced: dict[int, frozenset[str]]
    cells: list[tuple[int, int]] | None = None

    def where(self, line: int) -> str:
        """Return the place of a line in a notebook, or nothing for a script."""
        if self.cells is None:
            return ""
        cell, inner = self.cells[min(line, len(self.cells)) - 1]
        return f"cell {cell}:{inner}"


def read_source(path: Path) -> Source:
    """Read a ``.py`` file or the code cells of an ``.ipynb`` notebook, and run none of it.

    Raises:
        ScriptError: there is no such file, it cannot be read, or it is no Python.
    """
    name = str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ScriptError(f"the script cannot be read: {error.strerror}", got=name) from None
    is_notebook = path.suffix.lower() == ".ipynb"
    limit = MAX_NOTEBOOK_BYTES if is_notebook else MAX_BYTES
    if len(data) > limit:
        raise ScriptError(
            "the script is too large",
            got=f"{name}, {len(data):,} bytes",
            expected=f"at most {limit:,}",
        )
    if is_notebook:
        text, cells = _notebook_text(name, data)
    else:
        text, cells = _decode(name, data), None
    return parse(name, text, cells)


def parse(name: str, text: str, cells: list[tuple[int, int]] | None = None) -> Source:
    """Return the source of Python text.

    Raises:
        ScriptError: it is no Python.
    """
    try:
        with warnings.catch_warnings():
            # The script's own invalid escapes and the like are not ours to report.
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        place = f"{name}:{line}"
        if cells is not None and cells:
            cell, inner = cells[min(line, len(cells)) - 1]
            place = f"{name}:cell {cell}:{inner}"
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ScriptError(
            f"the script is no Python: {message}",
            got=place,
            expected="a script that Python can read; Python 2 is another language",
        ) from None
    return Source(name, text, tree, _silenced(text), cells)


def _decode(name: str, data: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise ScriptError(f"the script is no text: {error}", got=name) from None


def _notebook_text(name: str, data: bytes) -> tuple[str, list[tuple[int, int]]]:
    try:
        notebook = json.loads(data)
        cells = notebook["cells"]
        sources = [
            (number, _cell_lines(cell))
            for number, cell in enumerate(cells, start=1)
            if cell["cell_type"] == "code"
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise ScriptError(
            f"the notebook cannot be read: {error}", got=name, expected="a notebook of format 4"
        ) from None
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    for number, cell in sources:
        for inner, line in enumerate(cell, start=1):
            lines.append(line)
            places.append((number, inner))
    return "\n".join(lines) + "\n", places or [(1, 1)]


def _cell_lines(cell: dict[str, Any]) -> list[str]:
    source = cell["source"]
    lines = ("".join(source) if isinstance(source, list) else str(source)).splitlines()
    if lines and lines[0].startswith("%%") and not lines[0].startswith(("%%time", "%%capture")):
        return [""] * len(lines)  # another language, or a file that is written
    return [_without_magic(line) for line in lines]


def _without_magic(line: str) -> str:
    if not _MAGIC.match(line):
        return line
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}pass"


def _silenced(text: str) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            match = _SILENCED.search(token.string) if token.type == tokenize.COMMENT else None
            if match:
                codes = frozenset(re.split(r"[,\s]+", match.group(1).strip()))
                found[token.start[0]] = codes
    except (tokenize.TokenError, IndentationError):
        pass
    return found
