"""The tutorial path says of the networks, and of what the commands print, what is so."""

from __future__ import annotations

import ast
import math
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from docs_pages import FENCE, ROOT, TUTORIALS, in_chinese, page_id, split_commands
from thumbnet.models import build_model, count_parameters

TUNE = ROOT / "docs" / "tune.md"
BOTH = [page for english in TUTORIALS for page in (english, in_chinese(english))]
SHAPES = re.compile(r"<!-- shapes: ([\w-]+) (\(.*?\)) -->\n((?:\|.*\n)+)")
EQUATION = re.compile(r"([\d ·+()−/]+?[·+−/][\d ·+()−/]*) = ([\d,]+)(?![\d.])")
OUTPUT = re.compile(r"<!-- table: output-([\w-]+) -->")
CLAIMED = {"mlp": 1, "dropout": 1, "cnn": 1, "resnet": 1, "cifar10": 1, "index": 0}


def shape_tables(page: Path) -> list[tuple[str, tuple[int, ...], list[list[str]]]]:
    """Return model, input shape and rows of a page's tables of shapes."""
    return [
        (name, ast.literal_eval(shape), [cells(line) for line in table.splitlines()[2:]])
        for name, shape, table in SHAPES.findall(page.read_text(encoding="utf-8"))
    ]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")[1:-1]]


def outputs_of_layers(model: nn.Module, shape: tuple[int, ...]) -> list[str]:
    """Return what comes out of every layer, inner ones included, in the order of their work."""
    seen: list[str] = []

    def note(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
        seen.append(f"(N, {', '.join(map(str, output.shape[1:]))})")

    for module in model.modules():
        module.register_forward_hook(note)
    model.eval()(torch.zeros(2, *shape))
    return seen


def number(text: str) -> int:
    return int(text.rpartition("=")[2].replace(",", ""))


@pytest.mark.parametrize("page", BOTH, ids=page_id)
def test_shapes_and_parameters_are_the_networks_own(page: Path) -> None:
    tables = shape_tables(page)
    assert len(tables) == CLAIMED[page.stem]
    for name, shape, rows in tables:
        model = build_model(name, shape, 10)
        assert rows[0][1] == f"(N, {', '.join(map(str, shape))})"
        layers = iter(outputs_of_layers(model, shape))
        for row in rows[1:-1]:
            assert row[1] in layers, f"no layer gives {row[1]} there"
        counts = [number(row[2]) for row in rows[1:-1] if row[2]]
        assert sum(counts) == number(rows[-1][2]) == count_parameters(model)
        assert len(counts) > 2


@pytest.mark.parametrize("page", BOTH, ids=page_id)
def test_arithmetic_is_right(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    found = EQUATION.findall(text)
    for left, right in found:
        expression = left.translate(str.maketrans("·−", "*-"))
        assert math.floor(eval(expression)) == int(right.replace(",", "")), f"{left} = {right}"
    assert len(found) >= 3 * CLAIMED[page.stem]


@pytest.mark.parametrize("page", [*BOTH, TUNE, in_chinese(TUNE)], ids=page_id)
def test_output_stands_behind_the_command_that_printed_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    tables = benchmark_module("tutorial_tables")
    for marker in OUTPUT.finditer(text):
        shell = [
            body for _, kind, body in FENCE.findall(text[: marker.start()]) if kind == "console"
        ]
        (printed,) = split_commands(tables.command(marker[1]))
        assert printed in list(split_commands(shell[-1]))


def test_outputs_are_those_of_the_script_and_all_are_shown() -> None:
    tables = benchmark_module("tutorial_tables")
    script = runpy.run_path(str(ROOT / "scripts" / "make_tutorial_runs.py"))
    kept = {path.stem: tables.command(path.stem) for path in tables.OUTPUTS.glob("*.txt")}
    assert kept == script["COMMANDS"]
    shown = [
        name for page in [*TUTORIALS, TUNE] for name in OUTPUT.findall(page.read_text("utf-8"))
    ]
    assert sorted(shown) == sorted(kept)


@pytest.mark.parametrize("english", TUTORIALS, ids=page_id)
def test_both_languages_show_the_same_tables_and_pictures(english: Path) -> None:
    def shown(page: Path) -> list[str]:
        text = page.read_text(encoding="utf-8").replace("../../images/", "../images/")
        found = re.findall(r"<!-- table: ([\w-]+?)(?:-zh)? -->|\]\((\.\./images/[\w.-]+)\)", text)
        return ["".join(groups) for groups in found]

    assert shown(in_chinese(english)) == shown(english)


def benchmark_module(name: str) -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(ROOT / "benchmarks" / f"{name}.py")))
