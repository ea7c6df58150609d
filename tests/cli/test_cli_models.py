"""``thumbnet models``, ``recipes`` and ``devices``."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from command_line import Call
from thumbnet.models import build_model, count_parameters, model_names
from thumbnet.training.recipe_file import load_recipe, packaged_recipes


def test_models_json_has_name_parameters_and_recipes(call: Call) -> None:
    rows = call("models", "--json").json
    assert [row["name"] for row in rows] == model_names()
    assert all(list(row) == ["name", "parameters", "recipes"] for row in rows)
    found = {row["name"]: row for row in rows}
    assert found["tutorial-mlp"]["parameters"] == 575_050
    assert found["tutorial-cnn"]["parameters"] == 442_446
    assert found["tutorial-dropout-mlp"]["parameters"] == 136_074
    assert found["cnn"]["parameters"] == count_parameters(build_model("cnn", (1, 28, 28), 10))
    for name in packaged_recipes():
        assert name in found[load_recipe(name).model.name]["recipes"]


def test_models_table_has_a_line_for_each(call: Call) -> None:
    lines = call("models").out.splitlines()
    assert lines[0].split() == ["model", "parameters", "recipes"]
    assert [line.split()[0] for line in lines[1:]] == model_names()


def test_recipes_are_listed(call: Call) -> None:
    rows = call("recipes", "--json").json
    assert [row["name"] for row in rows] == list(packaged_recipes())
    assert call("recipes").out.count("\n") == len(rows) + 1


def test_recipe_is_printed_as_toml_to_start_from(call: Call, tmp_path: Path) -> None:
    out = call("recipes", "tutorial-cnn").out
    path = tmp_path / "mine.toml"
    path.write_text(out, encoding="utf-8")
    assert load_recipe(path) == load_recipe("tutorial-cnn")
    assert tomllib.loads(out)["epochs"] == 10
    assert call("recipes", "tutorial-cnn", "--json").json["optimizer"]["name"] == "adam"


def test_unknown_recipe_names_the_nearest(call: Call) -> None:
    said = call("recipes", "tutorial-cn")
    assert said.code == 2
    assert "did you mean 'tutorial-cnn'?" in said.err


def test_devices_end_with_the_cpu(call: Call) -> None:
    rows = call("devices", "--json").json
    assert list(rows[-1]) == ["name", "hardware", "bf16"]
    assert rows[-1]["name"] == "cpu"
    assert call("devices").out.splitlines()[-1].startswith("cpu")


@pytest.mark.parametrize("words", [["models"], ["recipes"], ["devices"]])
def test_nothing_is_said_on_stderr(call: Call, words: list[str]) -> None:
    said = call(*words, "--json")
    assert (said.code, said.err) == (0, "")
