"""``thumbnet inspect``."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from command_line import Call
from thumbnet.models import model_names
from thumbnet.training.recipe_file import load_recipe, packaged_recipes
from thumbnet.training.run import Run
from tiny_runs import tree

DOCS = Path(__file__).parents[2] / "docs"


def rows(text: str) -> list[list[str]]:
    """Return the words of each line up to the first empty one."""
    return [line.split() for line in text.partition("\n\n")[0].splitlines()]


def test_table_and_totals_of_a_classic_recipe(call: Call) -> None:
    said = call("inspect", "tutorial-cnn")
    assert (said.code, said.err) == (0, "")
    table = rows(said.out)
    assert table[0] == [
        *("layer", "kind", "output", "kernel", "stride", "padding", "parameters"),
        *("multiply-adds", "field", "jump", "centre", "bytes"),
    ]
    assert [" ".join(table[place]) for place in (1, 4, 6)] == [
        "0 Conv2d 32×28×28 5×5 1 2 832 627,200 5×5 1 0 100,352",
        "3 MaxPool2d 32×14×14 2×2 2 0 0 0 6×6 2 0.5 25,088",
        "5 Linear 70 439,110 439,040 all 280",
    ]
    assert len(table) == 11
    totals = said.out.partition("\n\n")[2]
    assert "parameters       442,446, all trained: 1.77 MB\n" in totals
    assert "multiply-adds    1,068,640 for one image\n" in totals
    assert "training takes   at least 21.43 MB for a batch of 64," in totals


def test_what_no_output_sees_is_said(call: Call) -> None:
    out = call("inspect", "tutorial-resnet18-cifar10").out
    assert "never seen       the last 2 rows, the last 2 columns\n" in out
    assert "never seen" not in call("inspect", "tutorial-resnet").out


@pytest.mark.parametrize("name", packaged_recipes())
def test_every_recipe_can_be_inspected(call: Call, name: str) -> None:
    recipe = load_recipe(name)
    values = call("inspect", name, "--json").json
    assert values["target"] == name
    assert values["input_shape"] == [recipe.input.channels, *[recipe.input.size_px] * 2]
    classes = 10 + (recipe.made.negatives > 0)
    assert values["layers"][-1]["output_shape"] == [classes]


@pytest.mark.parametrize("name", [name for name in model_names() if name not in packaged_recipes()])
def test_every_model_can_be_inspected(call: Call, name: str) -> None:
    values = call("inspect", name, "--input", "3x20×26", "--classes", 7, "--json").json
    assert values["input_shape"] == [3, 20, 26]
    assert values["layers"][-1]["output_shape"] == [7]


def test_recipe_and_model_can_be_changed(call: Call) -> None:
    recipe = call("inspect", "mnist", "--set", "model={name = 'mlp', widths = [5]}", "--json").json
    assert [layer["parameters"] for layer in recipe["layers"]] == [0, 5 * 785, 0, 60]
    for key in ("widths", "model.widths"):
        model = call("inspect", "mlp", "--set", f"{key}=[5]", "--json").json
        assert model["layers"] == recipe["layers"]


def test_recipe_file_counts_the_classes_of_its_folder(call: Call, recipe: Path) -> None:
    values = call("inspect", recipe, "--json").json
    assert values["layers"][-1]["output_shape"] == [3]
    values = call("inspect", recipe, "--classes", 5, "--json").json
    assert values["layers"][-1]["output_shape"] == [5]


def test_run_and_model_folder_are_the_same_and_stay_as_they_are(call: Call, trained: Run) -> None:
    before = tree(trained.folder)
    run, model = (
        call("inspect", path, "--json").json for path in (trained.folder, trained.folder / "model")
    )
    assert run["layers"] == model["layers"]
    assert run["layers"][-1]["output_shape"] == [3]
    assert tree(trained.folder) == before


def test_unfinished_run_is_inspected_by_its_recipe(call: Call, trained: Run) -> None:
    finished = call("inspect", trained.folder, "--json").json
    shutil.rmtree(trained.folder / "model")
    unfinished = call("inspect", trained.folder, "--classes", 3, "--json").json
    assert unfinished["layers"] == finished["layers"]


def test_arithmetic_of_one_layer(call: Call) -> None:
    said = call("inspect", "tutorial-cnn", "--why", "0")
    assert said.out.splitlines()[:4] == [
        "shape            1×28×28 → 32×28×28",
        "height           (28 + 2·2 − 5)/1 + 1 = 28",
        "width            (28 + 2·2 − 5)/1 + 1 = 28",
        "parameters       32·(1·5·5 + 1) = 832",
    ]
    values = call("inspect", "tutorial-cnn", "--why", "0", "--json").json
    assert (values["target"], values["layer"]) == ("tutorial-cnn", "0")
    assert values["arithmetic"]["receptive field"] == "1 + (5 − 1)·1 = 5"


def test_diagram_is_written(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "net.svg"
    said = call("inspect", "tutorial-resnet", "--svg", path)
    assert said.err == f"diagram {path}\n"
    assert said.out.startswith("layer")
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    assert root.tag.endswith("svg")
    assert "tutorial-resnet" in path.read_text(encoding="utf-8")


def test_diagram_that_cannot_be_written_is_one_message(call: Call, tmp_path: Path) -> None:
    said = call("inspect", "tutorial-mlp", "--svg", tmp_path / "nowhere" / "net.svg")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: cannot write: No such file or directory\n")
    assert tree(tmp_path) == {}


def test_diagram_of_another_form_is_refused(call: Call, tmp_path: Path) -> None:
    said = call("inspect", "tutorial-mlp", "--svg", tmp_path / "net.png")
    assert said.code == 2
    assert "the file has another form" in said.err
    assert "an .svg file" in said.err


def test_unknown_target_names_the_nearest(call: Call) -> None:
    said = call("inspect", "tutorial-cn")
    assert said.code == 2
    assert said.err.startswith("error: there is nothing called 'tutorial-cn' to inspect\n")
    assert "did you mean 'tutorial-cnn'?" in said.err


@pytest.mark.parametrize("text", ["28x28", "1x28", "1,28,28", "0x28x28", "1x28x28x3", "axbxc", ""])
def test_bad_input_says_the_form(call: Call, text: str) -> None:
    said = call("inspect", "resnet", "--input", text)
    assert said.code == 2
    assert said.err == (
        f"error: --input is no shape\n  got: {text!r}\n"
        "  expected: channels, height and width, such as 1x28x28 or 3x32x32\n"
    )


def test_picture_that_is_too_small_names_the_layer(call: Call) -> None:
    said = call("inspect", "tutorial-cnn", "--input", "1x1x1")
    assert said.code == 2
    assert "the input is too small for this model: layer '3' (MaxPool2d) failed" in said.err
    assert "fix: a larger --input" in said.err


def test_trained_network_that_cannot_take_the_shape_names_the_layer(
    call: Call, trained: Run
) -> None:
    said = call("inspect", trained.folder, "--input", "3x8x8")
    assert said.code == 2
    assert "the network cannot take this input: layer '" in said.err
    assert said.err.count("error:") == 1


def test_trained_network_cannot_be_changed(call: Call, trained: Run) -> None:
    for option in (["--classes", 5], ["--set", "model.widths=[3]"]):
        said = call("inspect", trained.folder, *option)
        assert said.code == 2
        assert "a trained network is as it is" in said.err


def test_unknown_layer_names_the_nearest(call: Call) -> None:
    said = call("inspect", "tutorial-resnet", "--why", "3.residual")
    assert said.code == 2
    assert "no layer '3.residual'" in said.err
    assert "did you mean '3.residual." in said.err


def test_wrong_argument_of_a_model_names_the_nearest(call: Call) -> None:
    said = call("inspect", "resnet", "--set", "dept=8")
    assert said.code == 2
    assert "did you mean 'depth'?" in said.err


@pytest.mark.parametrize("page", ["inspect.md", "zh/inspect.md"])
def test_pages_show_what_the_commands_print(
    call: Call, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```console\nthumbnet ([^\n]*)\n```\n\n```text\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 7
    for command, shown in blocks:
        printed = call(*shlex.split(command)).out.splitlines()
        for line in shown.splitlines():
            if line != "…":
                assert line in printed
                del printed[: printed.index(line) + 1]


@pytest.mark.parametrize("page", ["inspect.md", "zh/inspect.md"])
def test_python_of_the_pages_runs(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    exec(code, {})
    assert capsys.readouterr().out == "6416 4640\n3 + (3 − 1)·1 = 5\n"


def test_picture_of_the_pages_is_up_to_date(call: Call, tmp_path: Path) -> None:
    call("inspect", "tutorial-resnet", "--svg", tmp_path / "network.svg")
    made = (tmp_path / "network.svg").read_bytes()
    assert (DOCS / "images" / "network.svg").read_bytes() == made
