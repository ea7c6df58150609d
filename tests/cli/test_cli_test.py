"""``thumbnet test``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from command_line import Call
from thumbnet.evaluation.metrics import Evaluation
from thumbnet.training.run import Run
from tiny_runs import write_pictures


def test_json_is_the_whole_evaluation(call: Call, trained: Run) -> None:
    said = call("test", trained.folder, "--json")
    assert said.code == 0
    assert said.json == trained.receipt["results"]["test"]
    assert json.loads(json.dumps(Evaluation.from_dict(said.json).to_dict())) == said.json


def test_table_shows_the_same_numbers(call: Call, trained: Run) -> None:
    lines = call("test", trained.folder).out.splitlines()
    accuracy = trained.result["test_accuracy"]
    assert lines[0].startswith(f"accuracy           {accuracy:.2%}  (95 % interval ")
    assert lines[1].endswith("of 9")
    (headers,) = (line for line in lines if line.startswith("class"))
    assert headers.split() == ["class", "precision", "recall", "F1", "images"]
    assert lines[-4].split() == ["bar", "dot", "ring"]
    confusion = trained.receipt["results"]["test"]["confusion"]
    rows = [[int(number) for number in line.split()[1:]] for line in lines[-3:]]
    assert rows == confusion


def test_model_folder_alone_can_be_tested(call: Call, trained: Run, tmp_path: Path) -> None:
    moved = shutil.move(trained.folder / "model", tmp_path / "moved")
    assert call("test", moved, "--json").json["accuracy"] == trained.result["test_accuracy"]


def test_other_data_is_tested_and_put_on_record(call: Call, trained: Run, tmp_path: Path) -> None:
    data = f"folder:{write_pictures(tmp_path / 'other', num_per_class=20)}"
    said = call("test", trained.folder, "--data", data, "--json")
    assert said.json["num_images"] == 12
    opening = trained.receipt["test_openings"][-1]
    assert (opening["data"], opening["accuracy"]) == (data, said.json["accuracy"])


@pytest.mark.parametrize("names", [("bar", "dot"), ("bar", "dot", "ring", "square")])
def test_another_number_of_classes_is_refused(
    call: Call, trained: Run, tmp_path: Path, names: tuple[str, ...]
) -> None:
    data = f"folder:{write_pictures(tmp_path / 'other', names)}"
    said = call("test", trained.folder, "--data", data)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "error: the data set's classes are not the model's\n"
        f"  got: {', '.join(names)}\n  expected: bar, dot, ring\n"
    )


def test_pictures_of_another_form_are_refused(call: Call, trained: Run) -> None:
    said = call("test", trained.folder, "--data", "mnist")
    assert said.code == 2
    assert said.err.startswith("error: the images of 'mnist' do not have the form")
    assert "(1, 28, 28)" in said.err
    assert "(1, 8, 8)" in said.err
