"""Write ``docs/reference/cli.md`` from the commands themselves.

Usage::

    python scripts/make_cli_page.py            # rewrite the page
    python scripts/make_cli_page.py --check    # exit 1 if it is not up to date
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import typer

from thumbnet.cli.app import app

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"
HEAD = """# Command line

`thumbnet COMMAND --help` says the same. `--debug`, anywhere, shows tracebacks; the
[exit codes](../runs.md#signals-and-exit-codes) are the same for all commands.
"""
TYPES = {int: "whole number", float: "number", str: "text", Path: "path"}
Option = typer.models.OptionInfo
Argument = typer.models.ArgumentInfo


@dataclass(frozen=True)
class Parameter:
    """What a command takes: how the function writes it, and what typer is told about it."""

    name: str
    annotation: Any
    default: Any
    info: Any

    @property
    def kind(self) -> Any:
        """The type of one value, whether or not it may be left out or given several times."""
        inner = [part for part in get_args(self.annotation) if part is not type(None)]
        kind = inner[0] if inner else self.annotation
        return get_args(kind)[0] if get_origin(kind) is list else kind


def make_page() -> str:
    """Return the page, in Markdown."""
    return HEAD + "".join(section(words, function) for words, function in commands(app, "thumbnet"))


def commands(group: typer.Typer, words: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the words of each command and its function, in the order of ``--help``."""
    for command in group.registered_commands:
        assert command.callback is not None
        yield f"{words} {command.name or command.callback.__name__}", command.callback
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, f"{words} {inner.name}")


def section(words: str, function: Callable[..., Any]) -> str:
    """Return what one command does, takes and may be told."""
    found = parameters(function)
    arguments = [each for each in found if isinstance(each.info, Argument)]
    options = [each for each in found if isinstance(each.info, Option)]
    usage = " ".join([words, *map(metavar, arguments), *["[OPTIONS]"] * bool(options)])
    parts = [f"## {words}\n\n{inspect.getdoc(function)}\n\n```text\n{usage}\n```\n"]
    if arguments:
        rows = [(metavar(each), each.info.help) for each in arguments]
        parts.append(table(("argument", "means"), rows))
    if options:
        rows = [(flags(each), meaning(each)) for each in options]
        parts.append(table(("option", "means"), rows))
    return "\n" + "\n".join(parts)


def parameters(function: Callable[..., Any]) -> list[Parameter]:
    """Return the parameters of a command, each of which is an ``Annotated``."""
    hints = get_type_hints(function, include_extras=True)
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        annotation, info = get_args(hints[name])
        found.append(Parameter(name, annotation, parameter.default, info))
    return found


def table(headers: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of two columns."""
    lines = [headers, ("---", "---"), *rows]
    return "".join(f"| {cell(left)} | {cell(right)} |\n" for left, right in lines)


def cell(text: str) -> str:
    """Return a text as it must be written between two bars."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def metavar(argument: Parameter) -> str:
    """Return what stands for an argument, in brackets where it may be left out."""
    name = argument.info.metavar or argument.name.upper()
    required = argument.default is inspect.Parameter.empty
    return name if required or name.startswith("[") else f"[{name}]"


def flags(option: Parameter) -> str:
    """Return the ways to write an option, and what stands behind it."""
    # Within Annotated, typer's first name is where the default would be.
    first = option.info.default
    names = [*([] if first is ... else [first]), *(option.info.param_decls or ())]
    names = names or [f"--{option.name.replace('_', '-')}"]
    written = ", ".join(f"`{name}`" for name in sorted(names, key=len))
    if option.kind is bool:
        return written
    return f"{written} {option.info.metavar or TYPES[option.kind]}"


def meaning(option: Parameter) -> str:
    """Return what an option means, its default, its limits and its environment variable."""
    text, low, high = option.info.help or "", option.info.min, option.info.max
    if option.default is not None and option.kind is not bool:
        text += f" Default: `{option.default}`."
    if low is not None:
        text += f" From {low:g} to {high:g}." if high is not None else f" At least {low:g}."
    return text + (f" Also as `{option.info.envvar}`." if option.info.envvar else "")


def main() -> None:
    """Rewrite the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    after = make_page()
    if not check:
        PAGE.write_text(after, encoding="utf-8")
    print("up to date" if after == before else "stale" if check else "rewritten")
    sys.exit(check and after != before)


if __name__ == "__main__":
    main()
