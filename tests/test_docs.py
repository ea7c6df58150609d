from __future__ import annotations

import importlib.util
import inspect
import json
import re
import runpy
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from torch import nn

from docs_pages import DOCS, PAGES, ROOT, TOP_PAGES, blocks, commands, page_id
from thumbnet.__main__ import main
from thumbnet.cli.app import app
from thumbnet.datasets.catalog import CATALOG
from thumbnet.models import build_model, cnn, mlp, model_names, resnet, whitened_cnn
from thumbnet.models.registry import RESERVED_ARGUMENTS
from thumbnet.training.recipe import Recipe
from thumbnet.training.recipe_file import (
    load_recipe,
    make_recipe,
    packaged_recipes,
    parse_overrides,
)

COMMAND_PAGES = [*PAGES, *TOP_PAGES]
CHEAP = ("models", "recipes", "devices", "data list", "data info mnist")


ALL_COMMANDS = [
    pytest.param(words, id=f"{page_id(path)}: {' '.join(words)}")
    for path in COMMAND_PAGES
    for words in commands(path)
]


def parse(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Parse a command as ``thumbnet`` would, without running it; return verb and parameters."""
    command: Any = typer.main.get_command(app)
    context, verb = command.make_context("thumbnet", list(words)), []
    with context:
        rest = words
        while hasattr(command, "resolve_command"):
            name, command, rest = command.resolve_command(context, rest)
            verb.append(name)
        return " ".join(verb), command.make_context(verb[-1], list(rest)).params


def load_script(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_recipe(recipe: Recipe) -> None:
    """Build the recipe's network, which raises if its arguments or its input do not fit."""
    section = recipe.input
    shape = (section.channels, section.size_px, section.size_px)
    assert isinstance(
        build_model(recipe.model.name, shape, 10, **recipe.model.arguments), nn.Module
    )


@pytest.fixture
def tables() -> ModuleType:
    return load_script(ROOT / "benchmarks" / "make_tables.py")


@pytest.mark.parametrize("words", ALL_COMMANDS)
def test_documented_command_parses(words: list[str]) -> None:
    verb, parameters = parse(words)
    if verb == "train":
        recipe = parameters["recipe"] or "mnist"
        # A recipe of one's own stands in a block of its page, which is tested below.
        source = "mnist" if recipe.endswith(".toml") else recipe
        check_recipe(load_recipe(source, parse_overrides(parameters["changes"] or [])))
    if verb == "recipes" and parameters["name"]:
        assert parameters["name"] in packaged_recipes()
    named = {"train": "data", "test": "data", "data info": "name", "data show": "name"}
    dataset = parameters.get(named.get(verb, ""))
    assert dataset is None or dataset in CATALOG or dataset.startswith("folder:")


def test_wrong_command_would_be_noticed() -> None:
    for words in (["trian"], ["train", "--epochs", "3"], ["predict", "--json"]):
        with pytest.raises(Exception, match=r"trian|epochs|words"):
            parse(words)


@pytest.mark.parametrize("command", CHEAP)
def test_cheap_documented_command_runs(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.split() in [words for path in PAGES for words in commands(path)]
    assert main(command.split()) == 0
    assert ("cpu" if command == "devices" else "mnist") in capsys.readouterr().out


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_recipes_in_pages_are_valid(path: Path) -> None:
    for block in blocks(path, "toml"):
        check_recipe(make_recipe(tomllib.loads(block)))


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_measured_tables_are_those_of_the_committed_results(path: Path, tables: ModuleType) -> None:
    for _, name, _ in tables.MARKER.findall(text := path.read_text(encoding="utf-8")):
        assert name in tables.TABLES
        if name.startswith("mistake-"):
            body = text.partition(f"<!-- table: {name} -->\n")[2].partition("<!-- end -->")[0]
            assert body == tables.TABLES[name]() + "\n"


def test_every_page_with_a_measured_table_is_rewritten(tables: ModuleType) -> None:
    having = {page_id(path) for path in PAGES if tables.MARKER.search(path.read_text("utf-8"))}
    assert having <= set(tables.PAGES)


def test_evidence_of_the_mistakes_says_where_it_comes_from() -> None:
    path = ROOT / "benchmarks" / "results" / "classic_mistakes.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    assert {"code", "libraries", "hardware", "finished"} <= result.keys()
    assert all(len(row["eval"]["seeds"]) >= 3 for row in result["modes"])


@pytest.mark.parametrize("name", ["make_recipe_page", "make_cli_page"])
def test_generated_page_is_up_to_date(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = ROOT / "scripts" / f"{name}.py"
    monkeypatch.setattr(sys, "argv", [str(script), "--check"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(script), run_name="__main__")
    assert not end.value.code, capsys.readouterr().out


def test_page_of_the_command_line_has_every_option() -> None:
    page = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    sections = {part.partition("\n")[0]: part for part in page.split("\n## ")[1:]}

    def check(words: str, command: Any) -> None:
        for name, inner in getattr(command, "commands", {}).items():
            check(f"{words} {name}", inner)
        for parameter in command.params if not hasattr(command, "commands") else []:
            if parameter.param_type_name == "option":
                assert all(f"`{name}`" in sections[words] for name in parameter.opts)

    check("thumbnet", typer.main.get_command(app))
    assert len(sections) > 15


def test_recipe_page_explains_every_key_once() -> None:
    script = load_script(ROOT / "scripts" / "make_recipe_page.py")
    page = (DOCS / "recipes.md").read_text(encoding="utf-8")
    keys = []
    for prefix, section in script.sections():
        for name, field in section.model_fields.items():
            if not script.is_section(field):
                keys.append(prefix + name)
                assert bool(field.description) != (prefix + name in script.MEANINGS), prefix + name
    assert len(keys) > 40
    assert [page.count(f"| `{key}` | ") for key in keys] == [1] * len(keys)
    assert set(script.MEANINGS) <= set(keys)


def test_catalogue_page_has_every_data_set_with_its_counts() -> None:
    rows = [
        [cell.strip(" `") for cell in line.split("|")[1:-1]]
        for line in (DOCS / "data.md").read_text(encoding="utf-8").splitlines()
        if "×" in line and line.startswith("|")
    ]
    expected = {
        info.name: [
            *(f"{info.num_train:,}", f"{info.num_test:,}", str(len(info.class_names))),
            *(str(info.channels), f"{info.size_px}×{info.size_px}"),
        ]
        for info in CATALOG.values()
    }
    assert {row[0]: row[2:] for row in rows} == expected


def test_models_page_has_every_argument_with_its_default() -> None:
    page = (DOCS / "models.md").read_text(encoding="utf-8")
    sections = re.split(r"^### `", page, flags=re.MULTILINE)
    families = {section.partition("`")[0]: section for section in sections[1:]}
    builders = (cnn.cnn, mlp.mlp, resnet.resnet, whitened_cnn.whitened_cnn)
    for name, builder in zip(("cnn", "mlp", "resnet", "whitened-cnn"), builders, strict=True):
        defaults = {
            argument: json.dumps(parameter.default)
            for argument, parameter in inspect.signature(builder).parameters.items()
            if argument not in RESERVED_ARGUMENTS
        }
        rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \|", families[name], re.MULTILINE)
        assert dict(rows) == defaults
    assert [name for name in model_names() if f"`{name}`" not in page] == []
