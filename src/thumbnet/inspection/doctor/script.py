"""Looking for mistakes in a training or prediction script, from its syntax alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from thumbnet.inspection.doctor.findings import Finding, ordered
from thumbnet.inspection.doctor.flow.follow import follow
from thumbnet.inspection.doctor.rules import RULES
from thumbnet.inspection.doctor.rules.script import Hit, Script
from thumbnet.inspection.doctor.source import Source, read_source


def inspect_script(path: Path | str) -> list[Finding]:
    """Look for mistakes in a ``.py`` script or an ``.ipynb`` notebook.

    Nothing of it is run or imported. What a comment ``# thumbnet: ok CODE`` on a finding's line
    declares to be right is left out.

    Args:
        path: the file.

    Returns:
        What was found, the worst first.

    Raises:
        ScriptError: there is no such file, or it is no Python.
    """
    return inspect_source(read_source(Path(path)))


def inspect_source(source: Source) -> list[Finding]:
    """Look for mistakes in a script that was read. See ``inspect_script``."""
    followed = follow(source.tree)
    script = Script(source.tree, followed.trace)
    return ordered(_findings(source, script))


def _findings(source: Source, script: Script) -> Iterator[Finding]:
    for rule in RULES:
        for hit in rule(script):
            if not _is_silenced(source, hit):
                line = getattr(hit.node, "lineno", 1)
                yield Finding(
                    hit.code, source.name, line, hit.form, hit.details, source.where(line)
                )


def _is_silenced(source: Source, hit: Hit) -> bool:
    """Whether a comment in one of the lines of the statement says that it is right."""
    first = getattr(hit.node, "lineno", 1)
    last = getattr(hit.node, "end_lineno", None) or first
    # A loop or a function is silenced in its head, not anywhere in its body.
    body = getattr(hit.node, "body", None)
    if isinstance(body, list) and body:
        last = max(first, body[0].lineno - 1)
    return any(hit.code in source.silenced.get(line, ()) for line in range(first, last + 1))
